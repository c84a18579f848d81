using System.Text;
using System.Text.Json.Nodes;
using Cluster.Core.Events;
using Cluster.Core.Webhooks;
using Cluster.Testing;

namespace Cluster.Tests.Webhooks;

/// <summary>What of a payload is kept, and what never is.</summary>
public sealed class KeptPayloadTests
{
    private const string Path = "0123456789abcdef0123456789abcdef";

    private static readonly WebhookSummary Shut = new() { Name = "x.y" };
    private static readonly WebhookSummary Open = new() { Name = "x.y", PayloadOpen = true };

    public static IEnumerable<TheoryDataRow<string>> Samples => WebhookSamples.All.Select(sample => new TheoryDataRow<string>($"{sample}"));

    [Fact]
    public void What_nobody_opened_is_not_kept()
    {
        Assert.True(KeptPayload.Of(Shut, "{\"a\":1}"u8.ToArray(), Path, opened: false).IsEmpty);
        Assert.True(KeptPayload.Of(Open, "{\"a\":"u8.ToArray(), Path, opened: true).IsEmpty);
    }

    [Fact]
    public void What_the_operator_opened_names_the_source_to_ask_and_is_no_json_by_itself()
    {
        var kept = KeptPayload.Of(Shut, "{\"a\":1}"u8.ToArray(), Path, opened: true);

        var (source, json) = KeptPayload.Read(kept);
        Assert.Equal((Path, "{\"a\":1}"), (source, Encoding.UTF8.GetString(json.Span)));
        Assert.ThrowsAny<System.Text.Json.JsonException>(() => System.Text.Json.JsonDocument.Parse(kept));
    }

    [Fact]
    public void What_members_wrote_is_open_whatever_the_source_becomes()
    {
        var (source, json) = KeptPayload.Read(KeptPayload.Of(Open, "[1,\"\\u202e\",null,true]"u8.ToArray(), Path, opened: true));

        Assert.Null(source);
        Assert.Equal(JsonNode.Parse("[1,\"\\u202e\",null,true]")!.ToJsonString(), JsonNode.Parse(json.Span)!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"object_attributes":{"variables":[{"key":"TOKEN","value":"CANARY"}]}}""")]
    [InlineData("""{"user":{"email":"CANARY"},"commits":[{"author":{"email":"CANARY"}}],"user_email":"CANARY"}""")]
    [InlineData("""{"data":{"event":{"request":{"cookies":"CANARY"},"exception":{"values":[{"stacktrace":{"frames":[{"vars":{"x":"CANARY"}}]}}]}}}}""")]
    [InlineData("""{"event":{"data":{"conference_bridge":{"conference_number":"CANARY"},"headers":[{"name":"x","value":"CANARY"}]}}}""")]
    [InlineData("""{"build":{"env":{"A":"CANARY"},"parameters":{"p":"CANARY"}},"pipeline":{"trigger_parameters":{"a":"CANARY"}}}""")]
    [InlineData("""{"raw":"Hookdeck Write <CANARY@gmail.com>","b":"x.CANARY%40gmail.com","CANARY@a.example":{"CANARY.b@c.example":1}}""")]
    [InlineData("""{"a":"one@two.example.CANARY@three.example","b":"é.CANARY@münchen.example"}""")]
    [InlineData("""{"headers2":[{"name":"Authorization","value":"CANARY"},{"Key":"DB_PASSWORD","Value":{"a":"CANARY"}}]}""")]
    [InlineData("""{"url":"https://x.example/a?b=1&access_token=CANARY&c=2#sig=CANARY","text":"see https://u:CANARY@x.example/ and ?X-Amz-Signature=CANARY"}""")]
    [InlineData("""{"a":[{"Api_Key":"CANARY","db_password":"CANARY","Authorization":"CANARY","client_secret":["CANARY"]}]}""")]
    public void Secrets_and_addresses_are_kept_and_shown_in_no_case(string body)
    {
        foreach (var summary in new[] { Shut, Open })
        {
            Assert.DoesNotContain("CANARY", Encoding.UTF8.GetString(KeptPayload.Of(summary, Encoding.UTF8.GetBytes(body), Path, opened: true).Span));
        }

        using var earlier = KeptPayload.Parse(Encoding.UTF8.GetBytes(body)); // as a version before this one kept it
        Assert.DoesNotContain("CANARY", earlier.RootElement.GetRawText());
        Assert.Contains("[withheld]", earlier.RootElement.GetRawText());
    }

    [Fact]
    public void What_only_resembles_an_address_or_a_secret_is_shown()
    {
        const string body = """{"uses":"actions/checkout@v4.1.2","ssh":"ssh://git@github.com/a/b and git@github.com:a/b.git","who":"by @octocat","url":"https://x.example/?page=2&a=b@","name":"size","value":7}""";

        var kept = KeptPayload.Of(Open, Encoding.UTF8.GetBytes(body), Path, opened: false);

        Assert.Equal(body, Encoding.UTF8.GetString(kept.Span));
    }

    [Fact]
    public void Names_that_are_addresses_stay_apart_and_can_be_read_again()
    {
        var kept = KeptPayload.Of(Open, """{"a@b.example":1,"[withheld]":2,"c@d.example":3}"""u8.ToArray(), Path, opened: false);

        using var json = KeptPayload.Parse(kept);
        Assert.Equal(["1", "2", "3"], json.RootElement.EnumerateObject().Select(field => field.Value.GetRawText()));
    }

    [Fact]
    public void A_commits_words_are_not_kept_where_only_the_author_is_a_member()
    {
        var body = Encoding.UTF8.GetBytes("""{"object_attributes":{"title":"mine","last_commit":{"message":"CANARY"}},"commits":[{"message":"CANARY"}],"pull_request":{"commits":3}}""");

        Assert.DoesNotContain("CANARY", Encoding.UTF8.GetString(KeptPayload.Of(Open, body, Path, opened: false).Span));
        Assert.Contains("\"commits\":3", Encoding.UTF8.GetString(KeptPayload.Of(Open, body, Path, opened: false).Span));
        Assert.Contains("CANARY", Encoding.UTF8.GetString(KeptPayload.Of(Shut, body, Path, opened: true).Span));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Each_real_payload_is_kept_as_json_without_any_address(string name)
    {
        var sample = WebhookSamples.Find(name);

        var kept = KeptPayload.Read(KeptPayload.Of(Shut, sample.Body, Path, opened: true)).Json;

        using var json = KeptPayload.Parse(kept);
        Assert.DoesNotContain("@gmail.com", json.RootElement.GetRawText());
        Assert.DoesNotMatch("\"[a-z_]*email[a-z_]*\":\"(?!\\[withheld)", json.RootElement.GetRawText());
    }

    [Theory]
    [InlineData("{\"a\\ud83d\":\"\\udc00\"}")]
    [InlineData("7")]
    [InlineData("\"text\"")]
    [InlineData("{\"a\":1e400}")]
    public void What_is_odd_is_kept_or_not_and_breaks_nothing(string body)
    {
        var kept = KeptPayload.Of(Shut, Encoding.UTF8.GetBytes(body), Path, opened: true);

        if (!kept.IsEmpty)
        {
            using var json = KeptPayload.Parse(KeptPayload.Read(kept).Json);
        }
    }

    [Fact]
    public void Pages_of_a_text_end_between_graphemes_and_make_it_whole()
    {
        var text = string.Concat(Enumerable.Repeat("a\U0001F468‍\U0001F469‍\U0001F467é", 40)) + new string('̀', 300);
        var pages = new List<string>();
        for (var at = 0; at < text.Length; at += pages[^1].Length)
        {
            pages.Add(HostileText.Page(text, at, 50));
        }

        Assert.Equal(text, string.Concat(pages));
        Assert.All(pages, page => Assert.InRange(page.Length, 1, 50));
        Assert.DoesNotContain(pages.Take(5), page => char.IsLowSurrogate(page[0]));
    }
}
