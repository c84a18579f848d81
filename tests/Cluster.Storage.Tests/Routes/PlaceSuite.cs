using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Principals;
using Cluster.Storage.Routes;
using Cluster.Storage.Sessions;
using Cluster.Storage.Sources;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Routes;

public sealed class SqlitePlaceTests() : PlaceSuite(new SqliteDatabase());

public sealed class PostgresPlaceTests() : PlaceSuite(new PostgresDatabase());

/// <summary>Routes to whoever works on a repository: claims, owners who are listed on a source, and both at once. Alice owns the source
/// <c>ci</c>; bob and carol are others.</summary>
public abstract partial class PlaceSuite(TestDatabase database) : StoreSuite(database)
{
    private const string Acme = "github.com/acme/api";

    private static readonly SessionId Web = new("alice", "web");
    private static readonly SessionId His = new("bob", "his");

    private Caller _bob = null!;
    private string _path = "";

    private RouteStore Rules => new(Engine);

    private SourceOwners Owners => new(Engine);

    private WorkplaceStore Workplaces => new(Engine);

    [Fact]
    public async Task A_session_that_works_on_the_repository_is_reached_and_no_other_one()
    {
        await SetUpAsync();
        await AppliedAsync(Rule());
        await WorksAsync(Web, "github.com/Acme/API", "main");
        await WorksAsync(new SessionId("alice", "else"), "github.com/acme/other");

        Assert.Equal(1, await ReachAsync(Web));
        Assert.Null(await ReachAsync(new SessionId("alice", "else")));
        Assert.Equal(1, await ReachAsync(Api)); // where events wait that nobody works on
        var worker = Assert.Single(await WorkersAsync());
        Assert.Equal(("alice/web", "main", true), (worker.Session, worker.Branch, worker.Attached));
        Assert.Empty(await Rules.WorkersAsync("evil.example/acme/api", null, "ci", "alice", 1, Ct));
        Assert.Empty(await Rules.WorkersAsync(Acme, null, "ci", "alice", 2, Ct)); // of other routes
    }

    [Fact]
    public async Task A_claim_that_was_there_before_the_routes_counts_as_one_that_comes_later()
    {
        await SetUpAsync();
        await WorksAsync(Web, Acme);

        await AppliedAsync(Rule("*"));

        Assert.Equal(1, await ReachAsync(Web));
    }

    [Fact]
    public async Task Only_owners_who_are_listed_and_have_accepted_are_reached()
    {
        await SetUpAsync();
        await AppliedAsync(Rule("*"));
        await WorksAsync(His, Acme, by: _bob);
        Assert.Null(await ReachAsync(His));

        await Owners.AddAsync("ci", "bob", AliceCalls, Ct);
        Assert.Null(await ReachAsync(His));
        Assert.Empty(await WorkersAsync());

        Assert.True(await Owners.AcceptAsync("ci", _bob, Ct));
        Assert.Equal(2, await ReachAsync(His));
        Assert.Equal("bob/his", Assert.Single(await WorkersAsync()).Session);
        Assert.True((await Access.FindAsync(His, Ct))!.May(Identity.Source("ci"), Act.Talk));
        Assert.False((await Access.FindAsync(His, Ct))!.May(Identity.Source("ci"), Act.Watch));
        Assert.False((await Access.FindAsync(His, Ct))!.May(Alice, Act.Find));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_leaves_or_is_taken_off_the_list_is_reached_no_more_at_once_and_what_waited_ends(bool leaves)
    {
        await SetUpAsync();
        await ListAsync();
        await AppliedAsync(Rule("*"));
        var client = await WorksAsync(His, Acme, by: _bob);
        var webhook = await WebhookAsync(His);
        var waits = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(webhook)).EventId;

        if (leaves)
        {
            Assert.True(await Owners.LeaveAsync("ci", _bob, Ct));
        }
        else
        {
            Assert.Equal(OwnerChange.Done, await Owners.RemoveAsync("ci", "bob", AliceCalls, Ct));
        }

        Assert.IsType<AppendOutcome.Stale>(await AppendAsync(webhook with { DedupeKeys = ["another"] }));
        Assert.Null(await ReachAsync(His));
        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));
        Assert.Equal("dead(revoked)", await StateAsync(waits, His));
        Assert.Empty(await WorkersAsync());
        Assert.False(await Owners.LeaveAsync("ci", _bob, Ct));
        Assert.False(await Owners.AcceptAsync("ci", _bob, Ct));
    }

    [Fact]
    public async Task A_route_names_another_owners_session_only_after_they_accepted_for_each_of_its_sources()
    {
        await SetUpAsync();
        await Sessions.EnsureAsync(His, "test", Ct);
        await Sources.AddAsync(Wish("other", Api), AliceCalls, Ct);
        var route = new Route { Name = "one", When = [new RouteCondition { Field = "source", Values = ["ci", "other"] }], To = "bob/his" };

        var unlisted = await FaultAsync(route);
        await Owners.AddAsync("ci", "bob", AliceCalls, Ct);
        var unaccepted = await FaultAsync(route);
        await Owners.AcceptAsync("ci", _bob, Ct);
        var half = await FaultAsync(route);
        await ListAsync("other");
        await AppliedAsync(route);
        var unknown = await FaultAsync(route with { To = "bob/unknown" });

        Assert.Contains("cluster source owners ci --add bob", unlisted);
        Assert.Equal(unlisted, unaccepted);
        Assert.Contains("cluster source owners other --add bob", half);
        Assert.Equal("bob has no session 'bob/unknown'.", unknown);
        Assert.Equal(2, (await Access.FindAsync(His, Ct))!.RuledPaths.Count);

        await Owners.LeaveAsync("other", _bob, Ct);
        Assert.Equal(_path, Assert.Single((await Access.FindAsync(His, Ct))!.RuledPaths).Key);
        Assert.Equal([new RouteReach("ci", "bob/his")], (await Rules.FindAsync("alice", Ct)).Reach);
    }

    [Fact]
    public async Task Nobody_lists_on_anothers_source_and_nobody_accepts_for_another()
    {
        await SetUpAsync();
        await Sources.AddAsync(Wish("other", Api), AliceCalls, Ct);

        Assert.Equal(OwnerChange.NoSuchSource, await Owners.AddAsync("ci", "carol", _bob, Ct));
        Assert.Equal(OwnerChange.NoSuchSource, await Owners.RemoveAsync("ci", "carol", _bob, Ct));
        Assert.Equal(OwnerChange.NoSuchPrincipal, await Owners.AddAsync("ci", "nobody", AliceCalls, Ct));
        Assert.Equal(OwnerChange.OwnsIt, await Owners.AddAsync("ci", "alice", AliceCalls, Ct));
        Assert.False(await Owners.AcceptAsync("ci", _bob, Ct));
        Assert.Equal(OwnerChange.Done, await Owners.AddAsync("ci", "bob", AliceCalls, Ct));
        Assert.False(await Owners.AcceptAsync("other", _bob, Ct));
        Assert.False(await Owners.AcceptAsync("ci", await CallerAsync("carol"), Ct));
        Assert.Null(Assert.Single(await Owners.ListedAsync(_bob, Ct)).AcceptedAt);
        Assert.Equal("bob", Assert.Single((await Sources.ListAsync(AliceCalls, Ct)).Single(source => source.Name == "ci").Owners).Principal);
        Assert.Empty(await Owners.ListedAsync(AliceCalls, Ct));
    }

    [Fact]
    public async Task A_source_that_is_made_again_has_nobody_listed_and_no_ways_until_the_routes_are_applied_again()
    {
        await SetUpAsync();
        await ListAsync();
        await AppliedAsync(Rule("*"));
        await WorksAsync(His, Acme, by: _bob);

        await Sources.RemoveAsync("ci", AliceCalls, Ct);
        await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct);
        var client = await WorksAsync(Web, Acme);
        await Workplaces.TellAsync(client.Id, Web, Place("github.com/acme/other"), Ct);
        await Workplaces.TellAsync(client.Id, Web, Place(Acme), Ct);

        Assert.Null(await ReachAsync(His));
        Assert.Null(await ReachAsync(Web));
        Assert.Empty(await Owners.ListedAsync(_bob, Ct));
        Assert.Equal(0, await CountAsync("source_owner"));
        await AppliedAsync(Rule("*"));
        Assert.NotNull(await ReachAsync(Web));
        Assert.Null(await ReachAsync(His));
    }

    [Fact]
    public async Task Who_moves_on_gets_nothing_new_and_keeps_what_was_rightly_sent()
    {
        await SetUpAsync();
        await AppliedAsync(Rule());
        var client = await WorksAsync(Web, Acme);
        var webhook = await WebhookAsync(Web);
        var waits = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(webhook)).EventId;

        await Workplaces.TellAsync(client.Id, Web, Place("github.com/acme/other"), Ct);

        Assert.IsType<AppendOutcome.Stale>(await AppendAsync(webhook with { DedupeKeys = ["another"] }));
        Assert.Null(await ReachAsync(Web));
        Assert.Equal(waits, Assert.Single((await ReadyAsync(client)).Deliveries).EventId);
    }

    [Fact]
    public async Task What_waits_where_somebody_worked_ends_with_the_route()
    {
        await SetUpAsync();
        await AppliedAsync(Rule());
        var client = await WorksAsync(Web, Acme);
        var waits = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(await WebhookAsync(Web))).EventId;
        await Workplaces.TellAsync(client.Id, Web, Workplace.None, Ct);
        await AppliedAsync(Rule() with { Playbook = "Another one." });
        Assert.True((await Access.FindAsync(Web, Ct))!.May(Identity.Source("ci"), Act.Talk));

        await AppliedAsync(Rule("acme/other"));

        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));
        Assert.Equal("dead(revoked)", await StateAsync(waits, Web));
    }

    [Fact]
    public async Task The_same_claim_again_changes_nothing_and_a_branch_changes_no_allowlist()
    {
        await SetUpAsync();
        await AppliedAsync(Rule("*"));
        var client = await WorksAsync(Web, Acme, "main");
        var version = await VersionAsync(Web);

        await Workplaces.TellAsync(client.Id, Web, Place(Acme, "main"), Ct);
        await Workplaces.TellAsync(client.Id, Web, Place(Acme, "dev"), Ct);

        Assert.Equal(version, await VersionAsync(Web));
        Assert.Equal("dev", Assert.Single(await WorkersAsync()).Branch);
    }

    [Fact]
    public async Task Of_two_clients_of_one_session_the_newer_one_says_where_it_works()
    {
        await SetUpAsync();
        await AppliedAsync(Rule());
        var older = await ConnectAsync(session: Web);
        await WorksAsync(Web, "github.com/acme/other");

        await Workplaces.TellAsync(older.Id, Web, Place(Acme), Ct);
        await Workplaces.TellAsync("unknown", Web, Place(Acme), Ct);

        Assert.Null(await ReachAsync(Web));
        Assert.Equal("github.com/acme/other", (await Sessions.FindAsync(Web, Alice, Ct))!.Repository);
    }

    [Fact]
    public async Task Where_somebody_works_is_for_who_may_watch()
    {
        await SetUpAsync();
        await WorksAsync(Api, Acme, "main");
        await Access.AllowAsync(Api, Carol, Role.Watch, Alice, Ct);

        Assert.Null((await Sessions.FindAsync(Api, Bob, Ct))!.Repository);
        Assert.Equal((Acme, "main"), await Sessions.FindAsync(Api, Carol, Ct) is { } seen ? (seen.Repository, seen.Branch) : default);
    }

    [Fact]
    public async Task Those_who_are_attached_come_first_by_the_branch_and_then_the_latest()
    {
        await SetUpAsync();
        await AppliedAsync(Rule());
        foreach (var (name, branch) in new[] { ("one", "main"), ("two", "dev"), ("three", "dev"), ("gone", "main") })
        {
            var client = await WorksAsync(new SessionId("alice", name), Acme, branch);
            if (name == "gone")
            {
                await McpSessions.CloseStreamAsync(client.Id, client.Stream, Ct);
            }

            Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(["alice/one", "alice/three", "alice/two", "alice/gone"], (await WorkersAsync("main")).Select(worker => worker.Session));
        Assert.Equal(["alice/three", "alice/two", "alice/one", "alice/gone"], (await WorkersAsync()).Select(worker => worker.Session));
    }

    [Fact]
    public async Task A_repository_without_a_host_is_refused_for_a_source_whose_events_do_not_say_it()
    {
        await SetUpAsync();
        await Sources.AddAsync(Wish("alerts", Api) with { Kind = "pagerduty" }, AliceCalls, Ct);
        var route = Rule("*", "alerts");

        Assert.Contains("name it, with its host", await FaultAsync(route));
        Assert.Contains("such as github.com/acme/api", await FaultAsync(route with { Repository = "acme/api" }));
        await AppliedAsync(route with { Repository = "github.com/acme/api" });
        await WorksAsync(Web, "evil.example/acme/api");
        Assert.Empty((await Access.FindAsync(Web, Ct))!.RuledPaths);
    }

    [Fact]
    public async Task Claims_routes_and_lists_that_change_at_once_see_each_other()
    {
        await SetUpAsync();
        for (var round = 0; round < 8; round++)
        {
            var session = new SessionId("bob", $"s{round}");
            var client = await ConnectAsync(_bob.TokenId, session);
            await Owners.AddAsync("ci", "bob", AliceCalls, Ct);

            await Task.WhenAll(
                Task.Run(() => Workplaces.TellAsync(client.Id, session, Place(Acme), Ct), Ct),
                Task.Run(() => Rules.ApplyAsync([Rule("*") with { Playbook = $"{round}" }], dryRun: false, AliceCalls, Ct), Ct),
                Task.Run(() => Owners.AcceptAsync("ci", _bob, Ct), Ct));
            var version = await Rules.VersionAsync("alice", Ct);
            Assert.Equal(version, await ReachAsync(session));

            await Task.WhenAll(
                Task.Run(() => Workplaces.TellAsync(client.Id, session, Place("github.com/acme/other"), Ct), Ct),
                Task.Run(() => Owners.LeaveAsync("ci", _bob, Ct), Ct),
                Task.Run(() => Rules.ApplyAsync([Rule("*") with { Playbook = $"again {round}" }], dryRun: false, AliceCalls, Ct), Ct));
            Assert.Null(await ReachAsync(session));
            Assert.False((await Access.FindAsync(session, Ct))!.May(Identity.Source("ci"), Act.Talk));
        }
    }

    [Fact]
    public async Task Claims_at_once_by_many_sessions_all_count()
    {
        await SetUpAsync();
        await AppliedAsync(Rule());
        var sessions = Enumerable.Range(0, 20).Select(i => new SessionId("alice", $"s{i}")).ToList();
        var clients = new List<Client>();
        foreach (var session in sessions)
        {
            clients.Add(await ConnectAsync(session: session));
        }

        await Task.WhenAll(clients.Select(client => Task.Run(() => Workplaces.TellAsync(client.Id, client.Session, Place(Acme), Ct), Ct)));

        Assert.Equal(20, (await WorkersAsync()).Count);
    }

    [Fact]
    public async Task Whatever_is_claimed_and_however_lists_shrink_only_sessions_of_those_who_count_are_reached()
    {
        await SetUpAsync();
        var random = new Random(7);
        var callers = new Dictionary<string, Caller> { ["alice"] = AliceCalls, ["bob"] = _bob, ["carol"] = await CallerAsync("carol") };
        string[] places = [Acme, "github.com/acme/web", "evil.example/acme/api"];
        var clients = new List<Client>();
        foreach (var owner in callers.Keys)
        {
            clients.Add(await ConnectAsync(callers[owner].TokenId, new SessionId(owner, "one")));
            clients.Add(await ConnectAsync(callers[owner].TokenId, new SessionId(owner, "two")));
        }

        var counts = new HashSet<string> { "alice" };
        for (var step = 0; step < 120; step++)
        {
            var before = await AllReachedAsync(clients);
            var (client, who) = (clients[random.Next(clients.Count)], random.Next(2) == 0 ? "bob" : "carol");
            switch (random.Next(5))
            {
                case 0:
                    await Workplaces.TellAsync(client.Id, client.Session, Place(places[random.Next(places.Length)]), Ct);
                    Assert.True((await AllReachedAsync(clients)).Except(before).All(session => session == $"{client.Session}"), "A claim let somebody else in.");
                    break;
                case 1:
                    await Owners.AddAsync("ci", who, AliceCalls, Ct);
                    Assert.Equal(before, await AllReachedAsync(clients));
                    break;
                case 2 when await Owners.AcceptAsync("ci", callers[who], Ct):
                    counts.Add(who);
                    break;
                case 3:
                    await Owners.RemoveAsync("ci", who, AliceCalls, Ct);
                    counts.Remove(who);
                    Assert.Subset(before.ToHashSet(), (await AllReachedAsync(clients)).ToHashSet());
                    break;
                case 4:
                    await Rules.ApplyAsync([Rule(random.Next(2) == 0 ? "*" : "acme/api")], dryRun: false, AliceCalls, Ct);
                    break;
            }

            Assert.All(await AllReachedAsync(clients), session => Assert.Contains(SessionId.Parse(session).Owner, counts));
        }
    }

    private async Task<List<string>> AllReachedAsync(List<Client> clients)
    {
        var reached = new List<string>();
        foreach (var client in clients)
        {
            if ((await Access.FindAsync(client.Session, Ct))!.May(Identity.Source("ci"), Act.Talk))
            {
                reached.Add($"{client.Session}");
            }
        }

        return reached;
    }

    [Fact]
    public async Task Whom_others_let_watch_their_sessions_no_route_tells()
    {
        await SetUpAsync();
        await Sessions.EnsureAsync(His, "test", Ct);
        await ListAsync();
        var route = Rule() with { Repository = null, To = "bob/his" };

        var may = await Rules.ApplyAsync([route with { Notify = [Bob.Value] }], dryRun: true, AliceCalls, Ct);
        var mayNot = await Rules.ApplyAsync([route with { Notify = [Carol.Value] }], dryRun: true, AliceCalls, Ct);

        Assert.Equal((0, 0), (may.Faults.Count, mayNot.Faults.Count));
        Assert.Equal(may.Changes, mayNot.Changes.Select(change => change.Replace("carol", "bob", StringComparison.Ordinal)));
        Assert.Equal(
            "'console:carol' is told as far as bob lets it watch bob/his: cluster allow console:carol --session his --role watch", mayNot.Changes[^1]);
    }

    private async Task SetUpAsync()
    {
        _bob = await CallerAsync("bob");
        await Sessions.EnsureAsync(Web, "test", Ct);
        _path = (await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct))!;
    }

    private async Task ListAsync(string source = "ci")
    {
        Assert.Equal(OwnerChange.Done, await Owners.AddAsync(source, "bob", AliceCalls, Ct));
        Assert.True(await Owners.AcceptAsync(source, _bob, Ct));
    }

    private async Task<Client> WorksAsync(SessionId session, string repository, string? branch = null, Caller? by = null)
    {
        var client = await ConnectAsync((by ?? AliceCalls).TokenId, session);
        await Workplaces.TellAsync(client.Id, session, Place(repository, branch), Ct);
        return client;
    }

    private async Task<List<Worker>> WorkersAsync(string? branch = null) =>
        await Rules.WorkersAsync(Acme, branch, "ci", "alice", await Rules.VersionAsync("alice", Ct), Ct);

    // The version of the routes by which the source may put events into a session now; null for none.
    private async Task<long?> ReachAsync(SessionId session) =>
        (await Access.FindAsync(session, Ct))!.RuledPaths.TryGetValue((await Sources.PathAsync("ci", AliceCalls, Ct))!, out var version) ? version : null;

    private async Task AppliedAsync(params Route[] routes)
    {
        var outcome = await Rules.ApplyAsync(routes, dryRun: false, AliceCalls, Ct);
        Assert.Empty(outcome.Faults);
        Assert.True(outcome.Applied);
    }

    private async Task<string> FaultAsync(Route route) =>
        Assert.Single((await Rules.ApplyAsync([route], dryRun: false, AliceCalls, Ct)).Faults).Text;

    private async Task<Submission> WebhookAsync(SessionId session) => (await MessageAsync("{}", Identity.Source("ci"), "key")) with
    {
        Session = session,
        AccessVersion = await VersionAsync(session),
        Kind = EventKind.Webhook,
        Trust = Trust.System,
        Route = "one",
    };

    private static Workplace Place(string repository, string? branch = null) => Workplace.Read(repository, branch, "api");

    private static Route Rule(string repository = "acme/api", string source = "ci") => new()
    {
        Name = "one",
        When = [new RouteCondition { Field = "source", Values = [source] }],
        Repository = repository,
    };
}
