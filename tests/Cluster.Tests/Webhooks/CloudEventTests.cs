using System.Text;
using Cluster.Core.Webhooks;
using Cluster.Testing;

namespace Cluster.Tests.Webhooks;

public sealed class CloudEventTests
{
    private static readonly IWebhookSender Sender = WebhookSenders.Find("cloudevents")!;

    [Fact]
    public void An_event_in_binary_mode_is_read_as_the_same_one_in_structured_mode()
    {
        var structured = Read("""{"specversion":"1.0","id":"A-1","source":"/my/place","type":"com.example.made","time":"2018-04-05T17:31:00Z","subject":"x y","data":{"a":1}}""",
            ("Content-Type", "application/cloudevents+json; charset=utf-8"));
        var binary = Read("""{"a":1}""", ("Content-Type", "application/json"), ("ce-specversion", "1.0"), ("ce-id", "A-1"), ("ce-source", "/my/place"),
            ("ce-type", "com.example.made"), ("ce-time", "2018-04-05T17:31:00Z"), ("ce-subject", "x%20y"));

        Assert.Equal(structured.Id, binary.Id);
        Assert.Equal(structured.Summary.Trusted, binary.Summary.Trusted);
        Assert.Equal(structured.Summary.Untrusted, binary.Summary.Untrusted);
        Assert.Contains(binary.Summary.Untrusted, field => field is { Name: "subject", Text: "x y" });
    }

    [Theory]
    [InlineData("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀")] // the binding's own example
    [InlineData("\"in \\\"quotes\\\"\"", "in \"quotes\"")]
    [InlineData("100%", "100%")]
    [InlineData("%4", "%4")]
    [InlineData("%zz%2520", "%zz%20")]
    public void An_attributes_header_is_decoded_once(string header, string expected)
    {
        var reading = Binary(("ce-subject", header));

        Assert.Contains(reading.Summary.Untrusted, field => field.Name == "subject" && field.Text == expected);
    }

    [Theory]
    [InlineData("%C0%A0")] // an overlong space
    [InlineData("%FF")]
    [InlineData("%ED%A0%BD")]
    public void A_header_that_is_not_utf8_is_not_believed(string header)
    {
        Assert.Equal(("cloudevents.unreadable", "unreadable"), (Binary(("ce-subject", header)).Summary.Name, Binary(("ce-subject", header)).Summary.FilterReason));
        Assert.Null(Binary(("ce-subject", header)).Id);
    }

    [Fact]
    public void An_attribute_that_comes_twice_is_none()
    {
        Assert.Null(Binary(("ce-id", "B-2")).Id);
        Assert.DoesNotContain(Binary(("ce-subject", "one"), ("ce-subject", "two")).Summary.Untrusted, field => field.Name == "subject");
    }

    [Fact]
    public void Headers_say_nothing_of_an_event_that_comes_in_structured_mode()
    {
        var reading = Read("""{"specversion":"1.0","id":"A-1","source":"/s","type":"t"}""", ("Content-Type", "application/cloudevents+json"),
            ("ce-specversion", "1.0"), ("ce-id", "other"), ("ce-source", "/other"), ("ce-type", "other"));

        Assert.Equal("/s\nA-1", reading.Id);
    }

    [Fact]
    public void A_batch_is_split_into_events_that_are_read_one_by_one()
    {
        var parts = Split("""[ {"id":"1","source":"/s","type":"a"}, {"id":"2","source":"/s"} , 7 , {"id":"3","a":1,"a":2} ]""", "application/cloudevents-batch+json; charset=UTF-8")!;

        Assert.Equal(["""{"id":"1","source":"/s","type":"a"}""", """{"id":"2","source":"/s"}""", "7"], parts.Take(3).Select(part => Encoding.UTF8.GetString(part.Body.Span)));
        Assert.Equal(["/s\n1", "/s\n2", null, null], parts.Select(part => WebhookSenders.Read(Sender, part).Id));
        Assert.Equal("cloudevents.unreadable", WebhookSenders.Read(Sender, parts[3]).Summary.Name);
    }

    [Theory]
    [InlineData("[]", "application/json")]
    [InlineData("{}", "application/cloudevents-batch+json")]
    [InlineData("[", "application/cloudevents-batch+json")]
    public void What_is_no_batch_is_not_split(string body, string type) => Assert.Null(Split(body, type));

    [Theory]
    [InlineData("events.example.com", true)]
    [InlineData("eventgrid.azure.net", true)]
    [InlineData("*", false)]
    [InlineData("https://example.com", false)]
    [InlineData("a b", false)]
    [InlineData("-a.example.com", false)]
    public void An_origin_is_a_host_name(string origin, bool good)
    {
        Assert.Equal(good, WebhookSenders.Fault(Sender, new SourceSettings { Origins = [origin] }) is null);
        Assert.NotNull(WebhookSenders.Fault(WebhookSenders.Find("github")!, new SourceSettings { Origins = [origin] }));
    }

    private static WebhookReading Binary(params (string, string)[] more) => Read("7",
        [("Content-Type", "application/json"), ("ce-specversion", "1.0"), ("ce-id", "A-1"), ("ce-source", "/s"), ("ce-type", "t"), .. more]);

    private static WebhookReading Read(string body, params (string Name, string Value)[] headers) => WebhookSenders.Read(Sender, Delivery(body, headers));

    private static IReadOnlyList<WebhookDelivery>? Split(string body, string type) => WebhookSenders.Split(Sender, Delivery(body, ("Content-Type", type)));

    private static WebhookDelivery Delivery(string body, params (string Name, string Value)[] headers) =>
        new(WebhookSamples.View(headers.Select(header => KeyValuePair.Create(header.Name, header.Value))), Encoding.UTF8.GetBytes(body), SourceSettings.None);
}
