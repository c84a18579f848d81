using System.Text;
using Cluster.Core.Webhooks;

namespace Cluster.Tests.Webhooks;

public sealed class JsonPointerTests
{
    [Theory]
    [InlineData("/title", "One line")]
    [InlineData("/list/1/name", "second")]
    [InlineData("/a~1b/c~0d", "odd names")]
    [InlineData("/", "an empty name")]
    [InlineData("/number", "7")]
    [InlineData("/list/2/name", null)]
    [InlineData("/list/-1/name", null)]
    [InlineData("/list/name", null)]
    [InlineData("/title/deeper", null)]
    [InlineData("/nothing", null)]
    public void A_generic_sources_fields_stand_where_the_operator_said(string place, string? expected)
    {
        const string Body = """
            {"title":"One line","list":[{"name":"first"},{"name":"second"}],"a/b":{"c~d":"odd names"},"":"an empty name","number":7}
            """;
        var generic = WebhookSenders.Find("generic")!;
        var settings = new SourceSettings { Title = place };
        var headers = new WebhookHeaders(_ => []);

        Assert.Null(WebhookSenders.Fault(generic, settings));
        var summary = generic.Read(new WebhookDelivery(headers, Encoding.UTF8.GetBytes(Body), settings)).Summary;

        Assert.Equal(expected, summary.Untrusted.SingleOrDefault(field => field.Name == "title")?.Text);
        Assert.Equal(["bytes"], summary.Trusted.Select(field => field.Name));
    }

    [Theory]
    [InlineData("title")]
    [InlineData("")]
    [InlineData("/a~2b")]
    [InlineData("/a~")]
    [InlineData("/a\n")]
    public void What_is_no_pointer_is_said(string place) =>
        Assert.Contains("JSON pointer", WebhookSenders.Fault(WebhookSenders.Find("generic")!, new SourceSettings { Id = place }));
}
