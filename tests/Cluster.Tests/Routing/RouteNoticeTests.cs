using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;

namespace Cluster.Tests.Routing;

public sealed class RouteNoticeTests
{
    private static readonly string[] Shown = ["repository", "conclusion", "status", "severity"];

    [Fact]
    public void It_says_what_the_platform_made_and_nothing_that_anybody_may_have_written()
    {
        var summary = new WebhookSummary
        {
            Name = "pagerduty.incident",
            Trusted = [Field("status", "triggered"), Field("urgency", "high"), Field("url", "https://acme.pagerduty.com/incidents/P1")],
            Untrusted = [Field("title", "CANARY"), Field("repository", "CANARY"), Field("description", "CANARY")],
        };

        Assert.Equal(
            "`pagerduty.incident`, status `triggered`, severity `high`\nhttps://acme.pagerduty.com/incidents/P1\nEvent 5 is with `alice/api`: it was sent and is not confirmed yet.",
            Notice(summary, "sent"));
    }

    [Theory]
    [InlineData("http://example.com/1")]
    [InlineData("https://example.com/1?q=look")]
    [InlineData("https://example.com/[click](x)")]
    [InlineData("javascript:alert(1)")]
    public void An_address_that_could_say_something_is_left_out(string url) =>
        Assert.DoesNotContain("example", Notice(new WebhookSummary { Name = "a.b", Trusted = [Field("url", url)] }, "queued"));

    [Fact]
    public void It_stays_under_five_hundred_characters_and_forms_nothing()
    {
        var hostile = "`*_[x](https://e.com)\n\u202e" + new string('x', 400);
        var summary = new WebhookSummary
        {
            Name = hostile,
            Trusted = [.. Shown.Select(name => Field(name, hostile)), Field("url", "https://e.com/" + new string('a', 90))],
        };
        var text = new RouteNotice
        {
            EventId = long.MaxValue,
            Session = new SessionId(new string('a', 63), new string('b', 63)),
            State = "queued",
            Summary = summary,
            Unreceived = TimeSpan.FromMinutes(10),
        }.ToString();

        Assert.True(text.Length < RouteNotice.MaxLength, text);
        Assert.Contains("Nobody has received this for 10m.", text);
        Assert.Equal(0, text.Count(sign => sign == '`') % 2);
        Assert.DoesNotContain('\u202e', text);
    }

    [Fact]
    public void What_a_session_got_is_read_back()
    {
        var summary = new WebhookSummary
        {
            Name = "github.check_run",
            Trusted = [Field("repository", "acme/api"), new WebhookField { Name = "number", Number = 5 }],
            Untrusted = [Field("title", "<b>\"quoted\"</b>\n")],
        };

        var read = WebhookContent.Read(Framing.Webhook(summary, "Look."))!;

        Assert.Equal((summary.Name, 2, 1), (read.Name, read.Trusted.Count, read.Untrusted.Count));
        Assert.Equal(summary.Trusted, read.Trusted);
        Assert.All(["", "hello", "a\n{", "a\n[]", "a\n{\"event\":1}"], text => Assert.Null(WebhookContent.Read(text)));
    }

    private static string Notice(WebhookSummary summary, string state) =>
        new RouteNotice { EventId = 5, Session = new SessionId("alice", "api"), State = state, Summary = summary }.ToString();

    private static WebhookField Field(string name, string text) => new() { Name = name, Text = text };
}
