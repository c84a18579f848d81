using System.Text;
using System.Text.Json;
using Cluster.Core.Events;
using Cluster.Core.Routing;

namespace Cluster.Tests.Routing;

public sealed class JsonPathTests
{
    private const string Payload = """
        {"workflow_run":{"event":"push","run_attempt":3,"draft":false,"actor":null,"jobs":[{"name":"a"},{"name":"b"}],"9a-b_c@d:e/f$":"odd"},"list":[[1.50,2]]}
        """;

    [Theory]
    [InlineData("$.workflow_run.event", "push")]
    [InlineData("$.workflow_run.run_attempt", "3")]
    [InlineData("$.workflow_run.draft", "false")]
    [InlineData("$.workflow_run.jobs[1].name", "b")]
    [InlineData("$.workflow_run.9a-b_c@d:e/f$", "odd")]
    [InlineData("$.list[0][0]", "1.50")]
    [InlineData("$.list[0][2]", null)]
    [InlineData("$.list.name", null)]
    [InlineData("$.workflow_run[0]", null)]
    [InlineData("$.workflow_run.actor", null)]
    [InlineData("$.workflow_run.jobs", null)]
    [InlineData("$.workflow_run", null)]
    [InlineData("$.nothing.event", null)]
    public void A_path_finds_one_text_number_or_flag_or_nothing(string path, string? expected) =>
        Assert.Equal(expected, JsonPath.Read(path)!.Find(JsonDocument.Parse(Payload).RootElement));

    [Theory]
    [InlineData("$")]
    [InlineData("$.")]
    [InlineData("$..a")]
    [InlineData("$.a.")]
    [InlineData("$.a..b")]
    [InlineData("$.*")]
    [InlineData("$.a[*]")]
    [InlineData("$.a[-1]")]
    [InlineData("$.a[]")]
    [InlineData("$.a[1")]
    [InlineData("$.a[12345]")]
    [InlineData("$.a[ 1]")]
    [InlineData("$.a[?(@.b)]")]
    [InlineData("$.a b")]
    [InlineData("$.a'b")]
    [InlineData("$.a\u0000")]
    [InlineData("$.ä")]
    [InlineData("$[0]")]
    [InlineData("a.b")]
    public void Anything_else_is_no_path(string path) => Assert.Null(JsonPath.Read(path));

    [Fact]
    public void A_path_has_16_steps_and_200_characters_at_the_most()
    {
        Assert.NotNull(JsonPath.Read("$" + string.Concat(Enumerable.Repeat(".a", 16))));
        Assert.Null(JsonPath.Read("$" + string.Concat(Enumerable.Repeat(".a", 17))));
        Assert.NotNull(JsonPath.Read("$." + new string('a', 198)));
        Assert.Null(JsonPath.Read("$." + new string('a', 199)));
    }

    [Fact]
    public void Hostile_paths_and_payloads_never_throw()
    {
        var random = new Random(5);
        string[] pieces = ["$", ".", "[", "]", "a", "0", "99999", "*", "\"", "\\", "\ud800", "é", "\u0000", "a.b", "[0]", " ", "..", "@", "null"];
        string[] values = ["\"\\ud800\"", "\"a\"", "1e999", "{}", "[]", "null", "true", "{\"\\ud800\":1}", "{\"a\":{\"a\":[[[\"a\"]]]}}", "[{\"a\":[0]}]", "{\"\\u0061\":\"x\"}", $"\"{new string('x', 3_000)}\""];
        for (var i = 0; i < 50_000; i++)
        {
            var text = "$." + string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => pieces[random.Next(pieces.Length)]));
            var payload = $"{{\"a\":{values[random.Next(values.Length)]},\"\\ud83d\":{values[random.Next(values.Length)]}}}";
            var routed = RoutedEvent.Of("ci", new WebhookSummary { Name = "x.y" }, Encoding.UTF8.GetBytes(payload));

            var path = JsonPath.Read(text);

            Assert.Equal(path is null, RouteRules.Fault(text, values: 1, untrusted: true) is not null);
            Assert.True(path is null || routed.Find(path) is null or { Length: <= 2_000 });
        }
    }

    [Fact]
    public void What_is_not_json_has_nothing_at_any_path()
    {
        foreach (var payload in new[] { "", "{", "{\"a\":1,\"a\":2}", new string('[', 100) })
        {
            Assert.Null(RoutedEvent.Of("ci", new WebhookSummary { Name = "x.y" }, Encoding.UTF8.GetBytes(payload)).Find(JsonPath.Read("$.a")!));
        }
    }

    [Fact]
    public void A_route_asks_the_payload_by_a_path_and_says_why_not()
    {
        Route[] routes =
        [
            Rule("pull", ("$.workflow_run.event", ["pull_request"])),
            Rule("late", ("$.workflow_run.run_attempt", [">= 4"])),
            Rule("push", ("$.workflow_run.event", ["pu*"]), ("$.workflow_run.jobs[0].name", ["a"])),
        ];
        var table = new RouteTable(1, routes, [new RouteReach("ci", "alice/api")]);
        var with = RoutedEvent.Of("ci", new WebhookSummary { Name = "github.workflow_run" }, Encoding.UTF8.GetBytes(Payload));
        var without = RoutedEvent.Of("ci", new WebhookSummary { Name = "github.workflow_run" });

        Assert.Equal("push", Assert.Single(table.Match(with)).Name);
        Assert.Equal(
            ["$.workflow_run.event is push, not pull_request", "$.workflow_run.run_attempt is 3, not >= 4", "every condition is met"],
            table.Explain(with).Select(verdict => verdict.Reason));
        Assert.Empty(table.Match(without));
        Assert.All(table.Explain(without), verdict => Assert.Contains("payload is not kept", verdict.Reason));
    }

    private static Route Rule(string name, params (string Field, string[] Values)[] when) => new()
    {
        Name = name,
        When = [.. when.Select(one => new RouteCondition { Field = one.Field, Values = one.Values }), new RouteCondition { Field = "source", Values = ["ci"] }],
        To = "alice/api",
        Untrusted = true,
    };
}
