using Cluster.Core.Events;
using Cluster.Core.Routing;

namespace Cluster.Tests.Routing;

public sealed class RouteTableTests
{
    private static readonly string[] Branches = ["main", "dev", "release-1", "release-2"];

    [Fact]
    public void The_first_route_that_takes_an_event_ends_the_search_unless_it_says_also()
    {
        var table = Table(Rule("copies", also: true, ("severity", ["high"])), Rule("first", ("branch", ["main"])), Rule("second", ("branch", ["main"])));

        Assert.Equal(["copies", "first"], Names(table, Event(branch: "main", severity: "high")));
        Assert.Equal(["first"], Names(table, Event(branch: "main")));
        Assert.Equal(["copies"], Names(table, Event(severity: "high")));
        Assert.Empty(Names(table, Event()));
    }

    [Theory]
    [InlineData("main", "main", true)]
    [InlineData("main", "Main", false)]
    [InlineData("release-*", "release-1.2", true)]
    [InlineData("release-*", "release", false)]
    [InlineData("*", "anything", true)]
    [InlineData("*-fix", "a-fix-b-fix", true)]
    [InlineData("v?", "v1", true)]
    [InlineData("v?", "v", false)]
    [InlineData("a*b*c", "aXbYbZc", true)]
    [InlineData("a*b*c", "acb", false)]
    public void A_value_is_a_text_or_a_pattern(string written, string branch, bool takes) =>
        Assert.Equal(takes, Names(Table(Rule("one", ("branch", [written]))), Event(branch)).Count == 1);

    [Theory]
    [InlineData(">= 3", 3, true)]
    [InlineData(">3", 3, false)]
    [InlineData("< 3.5", 3, true)]
    [InlineData("<= -1", 3, false)]
    [InlineData("3", 3, true)]
    public void Numbers_are_compared(string written, long attempt, bool takes)
    {
        var summary = Summary() with { Trusted = [new WebhookField { Name = "run_attempt", Number = attempt }] };

        Assert.Equal(takes, Names(Table(Rule("one", ("run_attempt", [written]))), RoutedEvent.Of("ci", summary)).Count == 1);
    }

    [Fact]
    public void What_an_event_does_not_have_meets_no_condition()
    {
        foreach (var value in new[] { "*", "false", "true", ">= 0" })
        {
            Assert.Empty(Names(Table(Rule("one", ("fork", [value]))), Event()));
            Assert.Empty(Names(Table(Rule("one", ("run_attempt", [value]))), Event()));
        }
    }

    [Fact]
    public void A_strangers_text_never_stands_for_a_field_that_platforms_make()
    {
        var summary = Summary() with
        {
            Untrusted =
            [
                .. RouteFields.Normalized.Concat(RouteFields.Trusted).Select(name => new WebhookField { Name = name, Text = "forged" }),
                new WebhookField { Name = "title", Text = "hello" },
            ],
        };

        var values = RoutedEvent.Of("ci", summary).Values;

        Assert.Equal("hello", values["title"]);
        Assert.DoesNotContain(values, pair => pair.Value == "forged" && RouteFields.IsPlatformMade(pair.Key));
        Assert.All(values.Where(pair => pair.Value == "forged"), pair => Assert.True(RouteFields.IsWritable(pair.Key)));
    }

    [Fact]
    public void A_route_that_does_not_say_so_is_never_met_by_what_strangers_wrote()
    {
        string[] fields = ["url", "sender", "started_at", "title"];
        var summary = Summary() with
        {
            Name = "alertmanager.firing",
            Untrusted = [.. fields.Select(name => new WebhookField { Name = name, Text = "x" })],
        };
        foreach (var field in fields)
        {
            var table = Table(Rule("trusting", (field, ["x"])), Rule("careful", (field, ["x"])) with { Untrusted = true });

            Assert.Equal(["careful"], Names(table, RoutedEvent.Of("ci", summary)));
            Assert.Equal(
                $"strangers can write {field}; if they may choose who gets their events, add 'untrusted: true' to the route",
                table.Explain(RoutedEvent.Of("ci", summary))[0].Reason);
        }
    }

    [Fact]
    public void A_route_beyond_what_the_allowlists_say_takes_nothing()
    {
        Route[] routes = [Rule("one") with { Otherwise = "alice/web" }];
        var half = new RouteTable(1, routes, [new RouteReach("ci", "alice/api")]);
        var whole = new RouteTable(1, routes, [new RouteReach("ci", "alice/api"), new RouteReach("ci", "alice/web")]);

        Assert.Empty(half.Match(Event()));
        Assert.Contains("apply the routes again", half.Explain(Event())[0].Reason);
        Assert.Single(whole.Match(Event()));
    }

    [Fact]
    public void Each_route_says_why()
    {
        var table = Table(
            Rule("branch", ("branch", ["main", "release-*"])),
            Rule("fork", ("fork", ["false"])),
            Rule("status", ("status", ["failed"])),
            Rule("takes", ("branch", ["dev"])),
            Rule("late"));

        var reasons = table.Explain(Event(branch: "dev")).Select(verdict => verdict.Reason);

        Assert.Equal(
            [
                "branch is dev, not main or release-*", "the event does not prove its fork; false is wanted", "the event has no status; failed is wanted",
                "every condition is met", "takes comes first",
            ],
            reasons);
    }

    [Fact]
    public void Taking_a_value_out_of_a_condition_never_lets_more_in()
    {
        var random = new Random(5);
        string[] values = [.. Branches, "*", "release-*", "?ev", ">= 1", "nothing"];
        for (var i = 0; i < 20_000; i++)
        {
            var list = Enumerable.Range(0, random.Next(2, 6)).Select(_ => values[random.Next(values.Length)]).ToList();
            var fewer = list.Where((_, at) => at != i % list.Count).ToList();
            var routed = Event(Branches[random.Next(Branches.Length)]);

            var before = Table(Rule("one", ("branch", list))).Match(routed).Count;
            var after = Table(Rule("one", ("branch", fewer))).Match(routed).Count;

            Assert.True(after <= before, $"{string.Join(",", list)} without the one at {i % list.Count} takes {routed.Values["branch"]}.");
        }
    }

    [Fact]
    public void Matching_and_explaining_agree()
    {
        var random = new Random(6);
        for (var i = 0; i < 5_000; i++)
        {
            var table = Table([.. Enumerable.Range(0, 5).Select(n =>
                Rule($"r{n}", random.Next(3) == 0, ("branch", [Branches[random.Next(4)], Branches[random.Next(4)]])))]);
            var routed = Event(Branches[random.Next(4)]);

            Assert.Equal(Names(table, routed), table.Explain(routed).Where(verdict => verdict.Takes).Select(verdict => verdict.Route.Name));
        }
    }

    [Fact]
    public void Routes_that_an_earlier_version_wrote_are_whole()
    {
        const string Written = """[{"name":"one","when":[{"field":"source","values":["ci"]}],"to":"alice/api","also":false,"untrusted":false}]""";

        var route = Assert.Single(System.Text.Json.JsonSerializer.Deserialize(Written, Core.Api.ApiJson.Default.IReadOnlyListRoute)!);

        Assert.Empty(route.Notify);
        Assert.False(route.Watches);
        Assert.Empty(route.Differences(Rule("one")));
    }

    [Fact]
    public void Differences_are_told_by_route()
    {
        var (one, two) = (Rule("one", ("branch", ["main"])), Rule("two"));

        Assert.Equal(["+ one: source: ci, branch: main -> alice/api"], RouteChanges.Between([], [one]));
        Assert.Equal(["~ two: to, playbook", "- one"], RouteChanges.Between([one, two], [two with { To = "alice/web", Playbook = "Look." }]));
        Assert.Equal(["~ the order"], RouteChanges.Between([one, two], [two, one]));
        Assert.Empty(RouteChanges.Between([one], [one with { When = [.. one.When.Reverse()] }]));
    }

    private static IReadOnlyList<string> Names(RouteTable table, RoutedEvent routed) => [.. table.Match(routed).Select(route => route.Name)];

    private static RouteTable Table(params Route[] routes) => new(1, routes, [new RouteReach("ci", "alice/api")]);

    private static Route Rule(string name, params (string Field, IReadOnlyList<string> Values)[] when) => Rule(name, false, when);

    private static Route Rule(string name, bool also, params (string Field, IReadOnlyList<string> Values)[] when) => new()
    {
        Name = name,
        When = [new RouteCondition { Field = "source", Values = ["ci"] }, .. when.Select(one => new RouteCondition { Field = one.Field, Values = one.Values })],
        To = "alice/api",
        Also = also,
    };

    private static RoutedEvent Event(string? branch = null, string? severity = null) => RoutedEvent.Of("ci", Summary() with
    {
        Branch = branch,
        Trusted = severity is null ? [] : [new WebhookField { Name = "severity", Text = severity }],
    });

    private static WebhookSummary Summary() => new() { Name = "github.check_run" };
}
