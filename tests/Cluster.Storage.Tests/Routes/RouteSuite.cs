using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Routes;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Routes;

public sealed class SqliteRouteTests() : RouteSuite(new SqliteDatabase());

public sealed class PostgresRouteTests() : RouteSuite(new PostgresDatabase());

public abstract class RouteSuite(TestDatabase database) : StoreSuite(database)
{
    private static readonly SessionId Web = new("alice", "web");

    private RouteStore Rules => new(Engine);

    [Fact]
    public async Task A_route_lets_its_source_into_its_sessions_and_no_other_source_and_nowhere_else()
    {
        var path = await SetUpAsync();
        await Sessions.EnsureAsync(new SessionId("alice", "other"), "test", Ct);
        await Sources.AddAsync(Wish("other", Api), AliceCalls, Ct);

        await AppliedAsync(Rule("one") with { Otherwise = "alice/other" });

        var web = (await Access.FindAsync(Web, Ct))!;
        Assert.True(web.May(Identity.Source("ci"), Act.Talk));
        Assert.False(web.May(Identity.Source("ci"), Act.Watch));
        Assert.False(web.May(Identity.Source("other"), Act.Talk));
        Assert.Equal((path, 1), (Assert.Single(web.RuledPaths).Key, web.RuledPaths[path]));
        Assert.Single((await Access.FindAsync(new SessionId("alice", "other"), Ct))!.RuledPaths);
        Assert.Empty((await Access.FindAsync(Api, Ct))!.RuledPaths);
        Assert.Equal(2, (await Access.FindAsync(Api, Ct))!.RoutedPaths.Count);
    }

    [Fact]
    public async Task A_route_that_is_gone_lets_nothing_in_and_ends_what_waits()
    {
        await SetUpAsync();
        await AppliedAsync(Rule("one"));
        var webhook = await WebhookAsync();
        var id = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(webhook)).EventId;

        await AppliedAsync();

        Assert.IsType<AppendOutcome.Stale>(await AppendAsync(webhook));
        Assert.False((await Access.FindAsync(Web, Ct))!.May(Identity.Source("ci"), Act.Talk));
        Assert.IsType<NextBatch.Empty>(await TakeAsync(await ConnectAsync(session: Web)));
        Assert.Equal("dead(revoked)", await StateAsync(id, Web));
    }

    [Fact]
    public async Task Every_change_makes_what_was_decided_before_it_stale()
    {
        var path = await SetUpAsync();
        await AppliedAsync(Rule("one"));
        var webhook = await WebhookAsync();

        await AppliedAsync(Rule("one") with { Playbook = "Another one." });

        Assert.IsType<AppendOutcome.Stale>(await AppendAsync(webhook));
        Assert.Equal(2, (await Access.FindAsync(Web, Ct))!.RuledPaths[path]);
        Assert.Equal((2, "Another one."), ((await Rules.FindAsync("alice", Ct)).Version, (await Rules.FindAsync("alice", Ct)).Routes[0].Playbook));
    }

    [Fact]
    public async Task Applying_the_same_again_changes_nothing()
    {
        await SetUpAsync();
        await AppliedAsync(Rule("one"));
        var version = await VersionAsync(Web);

        var outcome = await Rules.ApplyAsync([Rule("one")], dryRun: false, AliceCalls, Ct);

        Assert.True(outcome.Applied);
        Assert.Empty(outcome.Changes);
        Assert.Equal((version, 1), (await VersionAsync(Web), await Rules.VersionAsync("alice", Ct)));
    }

    [Fact]
    public async Task A_dry_run_and_a_file_with_faults_change_nothing()
    {
        await SetUpAsync();
        await Sessions.EnsureAsync(new SessionId("bob", "his"), "test", Ct);
        var bob = await CallerAsync("bob");

        var dry = await Rules.ApplyAsync([Rule("one")], dryRun: true, AliceCalls, Ct);
        var faulty = await Rules.ApplyAsync(
            [Rule("one"), Rule("two") with { To = "bob/his" }, Rule("three", "unknown") with { Otherwise = "alice/unknown" }], dryRun: false, AliceCalls, Ct);
        var others = await Rules.ApplyAsync([Rule("one") with { To = "bob/his" }], dryRun: false, bob, Ct);

        Assert.Equal((false, "+ one: source: ci -> alice/web"), (dry.Applied, Assert.Single(dry.Changes)));
        Assert.Equal([1, 2, 2], faulty.Faults.Select(fault => fault.Route!.Value));
        Assert.Contains("You have no session 'bob/his'", faulty.Faults[0].Text);
        Assert.Contains("You have no source 'unknown'", faulty.Faults[1].Text);
        Assert.Contains("You have no session 'alice/unknown'", faulty.Faults[2].Text);
        Assert.Contains("You have no source 'ci'", Assert.Single(others.Faults).Text);
        Assert.Equal(0, await CountAsync("route_reach"));
        Assert.Equal(0, (await Rules.FindAsync("alice", Ct)).Version);
        Assert.Empty(await AuditedAsync("routes.apply"));
    }

    [Fact]
    public async Task A_source_that_ends_takes_its_ways_with_it()
    {
        await SetUpAsync();
        await AppliedAsync(Rule("one"));
        var webhook = await WebhookAsync();

        await Sources.RemoveAsync("ci", AliceCalls, Ct);

        Assert.IsType<AppendOutcome.Stale>(await AppendAsync(webhook));
        Assert.Equal(0, await CountAsync("route_reach"));
        await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct);
        Assert.False((await Access.FindAsync(Web, Ct))!.May(Identity.Source("ci"), Act.Talk));
        Assert.Empty((await Rules.FindAsync("alice", Ct)).Reach);
        await AppliedAsync(Rule("one")); // the same file, once more
        Assert.True((await Access.FindAsync(Web, Ct))!.May(Identity.Source("ci"), Act.Talk));
    }

    [Fact]
    public async Task A_way_that_is_left_over_is_no_way_for_another_owners_source_of_that_name()
    {
        await SetUpAsync();
        await AppliedAsync(Rule("one"));
        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync("UPDATE source SET owner = 'bob' WHERE name = 'ci'"), Ct);

        Assert.False((await Access.FindAsync(Web, Ct))!.May(Identity.Source("ci"), Act.Talk));
    }

    [Fact]
    public async Task An_events_route_stands_with_it()
    {
        await SetUpAsync();
        await AppliedAsync(Rule("one"));

        var id = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(await WebhookAsync())).EventId;

        Assert.Equal("one", (await Conversations.FindAsync(Web, id, Ct))!.Info.Route);
        Assert.Null((await Conversations.FindAsync(Api, await AcceptAsync(), Ct))!.Info.Route);
        Assert.Equal(("alice/web", "one"), await Sources.EnteredAsync("ci", ["key"], Ct) is { } entered ? (entered.Session, entered.Route) : default);
    }

    [Fact]
    public async Task A_session_is_attached_while_a_client_serves_it()
    {
        Assert.False(await Rules.IsAttachedAsync("alice/api", Ct));

        var client = await ConnectAsync();

        Assert.True(await Rules.IsAttachedAsync("alice/api", Ct));
        await McpSessions.CloseStreamAsync(client.Id, client.Stream, Ct);
        Assert.False(await Rules.IsAttachedAsync("alice/api", Ct));
    }

    [Fact]
    public async Task What_waits_behind_a_way_that_is_closed_is_told_before_and_after()
    {
        await SetUpAsync();
        await AppliedAsync(Rule("one"), Rule("two") with { To = "alice/api" });
        var webhook = await WebhookAsync();
        await AppendAsync([webhook, webhook with { DedupeKeys = ["other"] }], Ct);
        await AppendAsync(webhook with { Session = Api, AccessVersion = await VersionAsync(), DedupeKeys = ["own"] });

        var dry = await Rules.ApplyAsync([], dryRun: true, AliceCalls, Ct);
        var kept = await Rules.ApplyAsync([Rule("other")], dryRun: true, AliceCalls, Ct);
        var applied = await Rules.ApplyAsync([], dryRun: false, AliceCalls, Ct);

        Assert.Equal(new EndingEvents("ci", "alice/web", 2), Assert.Single(dry.Ending)); // the source's own session stays open to it
        Assert.Empty(kept.Ending);
        Assert.Equal(dry.Ending, applied.Ending);
    }

    [Fact]
    public async Task Accounts_that_may_not_watch_are_told_by_name_and_with_what_to_do()
    {
        await SetUpAsync();
        await Access.AllowAsync(Web, Bob, Role.Talk, Alice, Ct);

        var faults = (await Rules.ApplyAsync(
            [
                Rule("one") with { Notify = [Bob.Value, "telegram:9"], Otherwise = "alice/api" },
                Rule("two") with { Escalate = new RouteEscalation { After = TimeSpan.FromMinutes(5), To = "alice/api", Notify = ["telegram:9"] } },
                Rule("three") with { Notify = [Alice.Value] },
            ],
            dryRun: true,
            AliceCalls,
            Ct)).Faults;

        Assert.Equal([0, 0, 0, 0, 1], faults.Select(fault => fault.Route!.Value));
        Assert.Equal(
            "'telegram:9' may not watch alice/web, so it cannot be told of its events. Pair the account (cluster pair), and let it: cluster allow telegram:9 --session web --role watch.",
            faults[1].Text);
        Assert.Contains("alice/api", faults[4].Text);
    }

    [Theory]
    [InlineData("alice/web", 0)]
    [InlineData("alice/api", 0)]
    [InlineData("alice/else", 1)]
    public async Task Who_comes_next_may_watch_the_first_session_or_the_next_one(string watched, int faults)
    {
        await SetUpAsync();
        await Sessions.EnsureAsync(new SessionId("alice", "else"), "test", Ct);
        await Access.AllowAsync(SessionId.Parse(watched), Bob, Role.Watch, Alice, Ct);
        var escalate = new RouteEscalation { After = TimeSpan.FromMinutes(5), To = "alice/api", Notify = [Bob.Value] };

        var outcome = await Rules.ApplyAsync(
            [Rule("one") with { Escalate = escalate }, Rule("two") with { To = null, Repository = "*", Escalate = escalate with { Notify = [Alice.Value] } }], dryRun: true, AliceCalls, Ct);

        Assert.Equal(faults, outcome.Faults.Count);
        Assert.All(outcome.Faults, fault => Assert.Contains("'console:bob' may not watch alice/web or alice/api", fault.Text));
    }

    private async Task<string> SetUpAsync()
    {
        await Sessions.EnsureAsync(Web, "test", Ct);
        return (await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct))!;
    }

    private async Task AppliedAsync(params Route[] routes)
    {
        var outcome = await Rules.ApplyAsync(routes, dryRun: false, AliceCalls, Ct);
        Assert.Empty(outcome.Faults);
        Assert.True(outcome.Applied);
    }

    private async Task<Submission> WebhookAsync() => (await MessageAsync("{}", Identity.Source("ci"), "key")) with
    {
        Session = Web,
        AccessVersion = await VersionAsync(Web),
        Kind = EventKind.Webhook,
        Trust = Trust.System,
        Route = "one",
    };

    private static Route Rule(string name, string source = "ci") => new()
    {
        Name = name,
        When = [new RouteCondition { Field = "source", Values = [source] }],
        To = "alice/web",
    };
}
