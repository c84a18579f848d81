using System.Text.Json;
using Cluster.Core.Events;

namespace Cluster.Tests.Events;

public sealed class FoldDigestTests
{
    private const string Playbook = "Find the first failing step.";

    [Fact]
    public void Thirty_failing_checks_are_one_short_message_that_names_what_they_have_in_common_once()
    {
        var members = Enumerable.Range(1, 30).Select(i => Check(1_000_000 + i, $"test ({i}, ubuntu)")).ToList();

        var digest = FoldDigest.Make(members, 30, 1_000_030);

        Assert.Equal("github.check_run", digest.Name);
        Assert.InRange(digest.Content.Length - Playbook.Length, 200, 1_199);
        var json = Parse(digest.Content);
        Assert.Equal(30, json.GetProperty("folded").GetInt32());
        Assert.Equal(Enumerable.Range(1, 30).Select(i => 1_000_000L + i), json.GetProperty("event_ids").EnumerateArray().Select(id => id.GetInt64()));
        Assert.Equal(Playbook, json.GetProperty("playbook").GetString());
        Assert.Equal(("acme/api", "failure"), (Text(json, "trusted", "repository"), Text(json, "trusted", "conclusion")));
        Assert.Equal("main", Text(json, "untrusted", "branch"));
        var names = json.GetProperty("untrusted").GetProperty("name").EnumerateArray().Select(name => name.GetString()!).ToList();
        Assert.Equal("test (1, ubuntu)", names[0]);
        Assert.Equal($"{30 - (names.Count - 1)} more", names[^1]);
    }

    [Fact]
    public void Of_more_events_than_are_read_all_are_counted_and_the_last_can_be_asked_for()
    {
        var members = Enumerable.Range(1, FoldDigest.MostRead).Select(i => Check(i, "test")).ToList();

        var json = Parse(FoldDigest.Make(members, 5_000, 9_999).Content);

        Assert.Equal(5_000, json.GetProperty("folded").GetInt32());
        var ids = json.GetProperty("event_ids").EnumerateArray().Select(id => id.GetInt64()).ToList();
        Assert.Equal((1, 9_999), (ids[0], ids[^1]));
        Assert.Equal("test", Text(json, "untrusted", "name"));
    }

    [Fact]
    public void What_only_some_events_have_is_told_as_a_list()
    {
        var json = Parse(FoldDigest.Make([Check(1, "lint"), Framed(2, "github.workflow_run", [], [])], 2, 2).Content);

        Assert.Equal("github.events", json.GetProperty("event").GetString());
        Assert.Equal(["lint"], json.GetProperty("untrusted").GetProperty("name").EnumerateArray().Select(name => name.GetString()!));
    }

    [Fact]
    public void What_was_not_framed_here_is_counted_and_not_told()
    {
        foreach (var content in new[] { "", "CANARY", "line\n{", "line\n[\"CANARY\"]", "line\n{\"event\":1}", "line\n{\"event\":\"x\",\"playbook\":\"\",\"trusted\":[\"CANARY\"]}" })
        {
            var digest = FoldDigest.Make([Check(1, "lint"), new FoldMember(2, content)], 2, 2);

            Assert.DoesNotContain("CANARY", digest.Content);
            Assert.Equal(2, Parse(digest.Content).GetProperty("folded").GetInt32());
        }
    }

    [Fact]
    public void Hostile_strings_stay_data_and_the_message_stays_short()
    {
        string[] hostile = [.. HostileStrings.Corpus, .. Enumerable.Range(0, 4_000).Select(HostileStrings.Number)];
        Parallel.For(0, hostile.Length, number =>
        {
            var (one, other) = (hostile[number], hostile[(number * 7 + 13) % hostile.Length]);
            var members = new List<FoldMember>();
            for (var i = 0; i < 3 + (number % 40); i++)
            {
                members.Add(Framed(
                    i + 1,
                    "github.check_run",
                    [Field("url", $"https://github.com/{(number % 3 == 0 ? new string('a', 150) : "")}/{i}"), Field("repository", "acme/api")],
                    [Field("name", i % 2 == 0 ? one : other), Field("branch", one), .. Enumerable.Range(0, number % 9).Select(n => Field($"output_{n}", $"{i}{other}"))],
                    other));
            }

            var content = FoldDigest.Make(members, members.Count, members.Count).Content;

            Require(content.Count(c => c == '\n') == 1 && content.StartsWith(Framing.WebhookLine + "\n", StringComparison.Ordinal), number, "our line, then one");
            var line = content[(content.IndexOf('\n') + 1)..];
            Require(HostileStrings.CodePoints(line).All(c => c is not ('<' or '>' or '&') && !HostileStrings.Forbidden(c)), number, "nothing forbidden");
            var json = Parse(content);
            Require(json.EnumerateObject().Select(p => p.Name).SequenceEqual(["event", "playbook", "folded", "event_ids", "trusted", "untrusted"]), number, "the properties");
            Require(json.GetProperty("trusted").EnumerateObject().All(p => p.Name is "url" or "repository"), number, "what is trusted");
            Require(json.GetProperty("playbook").GetString() == HostileStrings.Repaired(other), number, "the playbook as written");
            Require(content.Length - HostileText.Encoder.Encode(other).Length < FoldDigest.MaxLength, number, "short");
        });
    }

    private static void Require(bool holds, int number, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"hostile string {number} breaks: {what}");
        }
    }

    private static FoldMember Check(long id, string name) => Framed(
        id,
        "github.check_run",
        [
            Field("action", "completed"), Field("repository", "acme/api"), Field("conclusion", "failure"),
            Field("url", $"https://github.com/acme/api/runs/{id}"), Field("head_sha", new string('a', 40)), Field("app", "buildkite"),
            new WebhookField { Name = "check_run_id", Number = id },
        ],
        [Field("name", name), Field("branch", "main"), Field("output_title", $"{name} has failed after {id % 60} seconds")]);

    private static FoldMember Framed(
        long id, string name, IReadOnlyList<WebhookField> trusted, IReadOnlyList<WebhookField> untrusted, string playbook = Playbook) =>
        new(id, Framing.Webhook(new WebhookSummary { Name = name, Trusted = trusted, Untrusted = untrusted }, playbook));

    private static WebhookField Field(string name, string text) => new() { Name = name, Text = text };

    private static JsonElement Parse(string content) =>
        JsonDocument.Parse(content[(content.IndexOf('\n') + 1)..], new JsonDocumentOptions { AllowDuplicateProperties = false }).RootElement;

    private static string? Text(JsonElement json, string part, string field) => json.GetProperty(part).GetProperty(field).GetString();
}
