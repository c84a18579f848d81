using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Routing;

namespace Cluster.Tests.Routing;

public sealed class HoldRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Without_fold_quiet_or_recovery_an_event_enters_as_its_sender_says()
    {
        Assert.Equal(new Entrance(null, null), Enter(Route(), Summary()));
        Assert.Equal(new Entrance(null, "not a failure"), Enter(Route() with { Fold = Fold() }, Summary() with { FilterReason = "not a failure" }));
        Assert.Equal(new Entrance(null, null), Enter(null, Summary()));
    }

    [Fact]
    public void Each_event_keeps_its_fold_open_and_the_first_says_for_how_long()
    {
        var hold = Enter(Route() with { Fold = Fold() }, Summary()).Hold!;

        Assert.Equal((Now.AddSeconds(30), Now.AddMinutes(5), false), (hold.Until, hold.Limit, hold.Recovers));
        Assert.False(HoldRules.IsDue(Now.AddSeconds(1), Now.AddMinutes(1), Now));
        Assert.True(HoldRules.IsDue(Now, Now.AddMinutes(1), Now));
        Assert.True(HoldRules.IsDue(Now.AddSeconds(1), Now, Now));
    }

    [Fact]
    public void Only_events_of_one_source_route_and_value_of_each_field_are_folded()
    {
        var route = Route() with { Fold = Fold() };
        string?[] keys =
        [
            Key(route, Summary()),
            Key(route, Summary("acme/web")),
            Key(route, Summary(sha: "b")),
            Key(route, Summary(sha: null)),
            Key(route, Summary("a", "b")),
            Key(route, Summary("ab", "")),
            Key(route with { Name = "two" }, Summary()),
            Enter(route, Summary(), source: "other").Hold!.Fold,
            Key(route, Summary() with { Stranger = true }),
        ];

        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.Equal(keys[0], Key(route, Summary()));
        Assert.Equal(keys[0], Key(route with { Playbook = "another", Fold = Fold() with { Within = TimeSpan.FromSeconds(9) } }, Summary()));
    }

    [Fact]
    public void In_quiet_hours_an_event_waits_for_their_end_or_is_only_recorded()
    {
        var quiet = new RouteQuiet { From = new(11, 0), To = new(13, 0), Zone = "UTC" };

        var queued = Enter(Route() with { Quiet = quiet }, Summary());
        var filtered = Enter(Route() with { Quiet = quiet with { Filter = true } }, Summary());
        var folded = Enter(Route() with { Quiet = quiet, Fold = Fold() }, Summary());
        var lateFolded = Enter(Route() with { Quiet = quiet with { To = new(12, 1) }, Fold = Fold() }, Summary());

        Assert.Equal((Now.AddHours(1), Now.AddHours(1), null), (queued.Hold!.Until, queued.Hold.Limit, queued.Hold.Fold));
        Assert.Equal(new Entrance(null, "quiet hours of route one"), filtered);
        Assert.Equal((Now.AddHours(1), Now.AddHours(1)), (folded.Hold!.Until, folded.Hold.Limit));
        Assert.Equal((Now.AddMinutes(1), Now.AddMinutes(5)), (lateFolded.Hold!.Until, lateFolded.Hold.Limit));
    }

    [Fact]
    public void A_recovery_is_due_at_once_and_then_waits_like_another()
    {
        var well = Summary() with { Subject = new WebhookSubject("check", Recovers: true) };
        var route = Route() with { Fold = Fold() };

        var plain = Enter(null, well with { FilterReason = "not a failure" });
        var folded = Enter(route, well);

        Assert.Equal(new Entrance(new Hold { Until = Now, Limit = Now, Recovers = true }, "not a failure"), plain);
        Assert.Equal((Now, Now.AddSeconds(30), true), (folded.Hold!.Until, folded.Hold.Limit, folded.Hold.Recovers));
        Assert.NotEqual(Key(route, Summary()), folded.Hold.Fold);
    }

    [Fact]
    public void A_recovery_is_told_unless_nothing_of_it_was_or_its_sender_says_no()
    {
        Assert.Equal(Recovery.Filter, HoldRules.Recover("not a failure", healed: false, told: true, Now, Now));
        Assert.Equal(Recovery.Filter, HoldRules.Recover(null, healed: true, told: false, Now, Now));
        Assert.Equal(Recovery.Tell, HoldRules.Recover(null, healed: true, told: true, Now, Now));
        Assert.Equal(Recovery.Tell, HoldRules.Recover(null, healed: false, told: false, Now, Now));
        Assert.Equal(Recovery.Hold, HoldRules.Recover(null, healed: false, told: true, Now.AddSeconds(1), Now));
    }

    [Fact]
    public void The_time_in_the_queue_counts_from_when_an_event_is_let_go_and_never_exceeds_what_everything_has()
    {
        var hold = new Hold { Until = Now.AddHours(1), Limit = Now.AddHours(2) };

        Assert.Equal(TimeSpan.FromHours(4), HoldRules.KeepWaiting(TimeSpan.FromHours(4), null, Now));
        Assert.Equal(TimeSpan.FromHours(6), HoldRules.KeepWaiting(TimeSpan.FromHours(4), hold, Now));
        Assert.Equal(DeliveryRules.KeepWaiting, HoldRules.KeepWaiting(TimeSpan.FromDays(7), hold, Now));
    }

    [Fact]
    public void No_two_sources_have_one_subject() => Assert.NotEqual(
        HoldRules.Subject(Identity.Source("ci"), new WebhookSubject("check", true)), HoldRules.Subject(Identity.Source("web"), new WebhookSubject("check", true)));

    private static Entrance Enter(Route? route, WebhookSummary summary, string source = "ci") =>
        HoldRules.Enter(route, RoutedEvent.Of(source, summary), summary, Now);

    private static string? Key(Route route, WebhookSummary summary) => Enter(route, summary).Hold!.Fold;

    private static Route Route() => new() { Name = "one", When = [new RouteCondition { Field = "source", Values = ["ci"] }], To = "alice/api" };

    private static RouteFold Fold() => new() { By = ["repository", "head_sha"], Within = TimeSpan.FromSeconds(30), AtMost = TimeSpan.FromMinutes(5) };

    private static WebhookSummary Summary(string? repository = "acme/api", string? sha = "a") => new()
    {
        Name = "github.check_run",
        Trusted = [.. Field("repository", repository), .. Field("head_sha", sha)],
    };

    private static IEnumerable<WebhookField> Field(string name, string? text) => text is null ? [] : [new WebhookField { Name = name, Text = text }];
}
