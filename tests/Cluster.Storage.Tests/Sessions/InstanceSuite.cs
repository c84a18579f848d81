using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Sessions;

public sealed class SqliteInstanceTests() : InstanceSuite(new SqliteDatabase());

public sealed class PostgresInstanceTests() : InstanceSuite(new PostgresDatabase());

public abstract class InstanceSuite(TestDatabase database) : StoreSuite(database)
{
    private static readonly SessionId Second = new("alice", "api.2");
    private static readonly SessionId Third = new("alice", "api.3");

    private int _started;

    [Fact]
    public async Task Each_further_terminal_of_a_project_has_a_session_of_its_own()
    {
        var first = await StartAsync("instance-1");
        var second = await StartAsync("instance-2");
        var third = await StartAsync("instance-3");

        Assert.Equal([Api, Second, Third], new[] { first, second, third }.Select(client => client.Session));
        Assert.All(new[] { first, second, third }, client => Assert.Equal(AttachOutcome.Attached, client.Outcome));
        Assert.Equal(AttachOutcome.Attached, (await ListenAsync(first)).Outcome);
    }

    [Fact]
    public async Task Terminals_that_start_at_the_same_instant_all_get_different_names()
    {
        var web = new SessionId("alice", "web");

        var given = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(() => InitializeAsync($"instance-{i}", asked: web))));

        Assert.Equal(InstanceRules.Names(web).Take(10), given.Select(name => name!.Value).OrderBy(name => name.Name.Length).ThenBy(name => name.Name, StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_process_that_initializes_again_has_its_session_and_supersedes_itself()
    {
        var first = await StartAsync("instance-1");
        var second = await StartAsync("instance-2");
        var firstAgain = await StartAsync("instance-1");
        var secondAgain = await StartAsync("instance-2");

        Assert.Equal([Api, Second], [firstAgain.Session, secondAgain.Session]);
        Assert.Equal(AttachOutcome.Superseded, (await AskAsync(first)).Outcome);
        Assert.Equal(AttachOutcome.Superseded, (await AskAsync(second)).Outcome);
    }

    [Fact]
    public async Task Processes_whose_token_was_replaced_do_not_swap_their_sessions()
    {
        await StartAsync("instance-1");
        await StartAsync("instance-2");
        var token = await Principals.AddTokenAsync(AliceCalls, "new", Ct);
        await Principals.RevokeTokenAsync(AliceCalls.TokenId, AliceCalls, Ct);

        var second = await InitializeAsync("instance-2", token: token.Id);
        var first = await InitializeAsync("instance-1", token: token.Id);

        Assert.Equal((Api, Second), (first, second));
    }

    [Fact]
    public async Task A_name_is_free_when_its_process_has_ended_or_stayed_away()
    {
        var first = await StartAsync("instance-1");
        var second = await StartAsync("instance-2");
        await McpSessions.CloseStreamAsync(first.Id, first.Stream, Ct);
        Clock.Advance(AttachmentRules.Grace - TimeSpan.FromMilliseconds(1));
        Assert.Equal(Third, (await StartAsync("instance-3")).Session);

        Clock.Advance(TimeSpan.FromMilliseconds(1));
        await McpSessions.EndAsync(second.Id, Ct);

        Assert.Equal(Api, (await StartAsync("instance-4")).Session);
        Assert.Equal(Second, (await StartAsync("instance-5")).Session);
    }

    [Fact]
    public async Task A_process_that_has_initialized_and_does_not_listen_yet_keeps_its_name_for_the_grace()
    {
        Assert.Equal(Api, await InitializeAsync("instance-1"));
        Clock.Advance(AttachmentRules.Grace - TimeSpan.FromMilliseconds(1));
        Assert.Equal(Second, await InitializeAsync("instance-2"));

        Clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(Api, await InitializeAsync("instance-3"));
    }

    [Fact]
    public async Task A_claim_takes_the_name_and_the_one_that_had_it_gets_another_when_it_comes_back()
    {
        var first = await StartAsync("instance-1");
        var claimer = await StartAsync("instance-2", claims: true);

        Assert.Equal((Api, AttachOutcome.Attached), (claimer.Session, claimer.Outcome));
        Assert.Equal(AttachOutcome.Superseded, (await AskAsync(first)).Outcome);
        Assert.Equal(Second, (await StartAsync("instance-1")).Session);
    }

    [Fact]
    public async Task A_client_that_names_no_instance_supersedes_as_ever()
    {
        var first = await StartAsync("instance-1");
        var plain = await ConnectAsync();
        var again = await ConnectAsync();

        Assert.Equal([Api, Api], [plain.Session, again.Session]);
        Assert.Equal(AttachOutcome.Attached, again.Outcome);
        Assert.Equal(AttachOutcome.Superseded, (await AskAsync(first)).Outcome);
        Assert.Equal(AttachOutcome.Superseded, (await AskAsync(plain)).Outcome);
    }

    [Fact]
    public async Task Plain_clients_keep_no_name_from_a_connector()
    {
        await ConnectAsync();

        Assert.Equal(Api, (await StartAsync("instance-1")).Session);
    }

    [Fact]
    public async Task One_terminal_too_many_is_refused_and_leaves_nothing()
    {
        for (var i = 1; i <= InstanceRules.MaxTerminals; i++)
        {
            Assert.NotNull(await InitializeAsync($"instance-{i}"));
        }

        Assert.Null(await InitializeAsync("one-too-many"));

        Assert.Equal(InstanceRules.MaxTerminals, await CountAsync("mcp_session"));
        Assert.Equal(InstanceRules.MaxTerminals, await CountAsync("session"));
    }

    [Fact]
    public async Task A_session_that_somebody_made_by_that_name_keeps_its_own_list()
    {
        await Sessions.EnsureAsync(Second, "test", Ct);
        await StartAsync("instance-1");

        Assert.Equal(Third, (await StartAsync("instance-2")).Session);

        Assert.False((await Access.FindAsync(Second, Ct))!.May(Bob, Act.Talk));
        Assert.True((await Access.FindAsync(Third, Ct))!.May(Bob, Act.Talk));
    }

    [Fact]
    public async Task Who_asks_for_a_further_terminals_name_gets_it_with_the_list_it_shares()
    {
        await StartAsync("instance-1");
        var second = await StartAsync("instance-2");
        await McpSessions.EndAsync(second.Id, Ct);

        Assert.Equal(Second, (await StartAsync("instance-3", asked: Second)).Session);
        Assert.Equal(Third, (await StartAsync("instance-4", asked: Second)).Session);
        Assert.Equal(Api, (await Access.FindAsync(Third, Ct))!.Shares);
    }

    [Fact]
    public async Task A_further_terminal_shares_the_list_and_every_change_of_it()
    {
        await TwoAsync();
        var version = await VersionAsync(Second);
        using var watcher = Engine.Wakeups.Watch(Second.ToString());

        await Access.AllowAsync(Api, Carol, Role.Talk, Alice, Ct);
        Assert.True(await watcher.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Ct));
        Assert.True((await Access.FindAsync(Second, Ct))!.May(Carol, Act.Talk));
        Assert.Equal(version + 1, await VersionAsync(Second));

        await Access.RevokeAsync(Api, Carol, Role.Talk, Alice, Ct);
        Assert.False((await Access.FindAsync(Second, Ct))!.May(Carol, Act.Find));
        Assert.Equal(version + 2, await VersionAsync(Second));
    }

    [Fact]
    public async Task What_was_decided_before_a_revocation_does_not_enter_a_further_terminal()
    {
        await TwoAsync();
        var decided = await ToSecondAsync("decided before");

        await Access.RevokeAsync(Api, Bob, Role.Talk, Alice, Ct);

        Assert.IsType<AppendOutcome.Stale>(await AppendAsync(decided));
        Assert.Equal(0, await CountAsync("delivery"));
    }

    [Fact]
    public async Task What_waited_for_a_further_terminal_is_not_sent_after_a_revocation()
    {
        var (_, second) = await TwoAsync();
        var waiting = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(await ToSecondAsync("waits"))).EventId;

        await Access.RevokeAsync(Api, Bob, Role.Talk, Alice, Ct);

        Assert.IsType<NextBatch.Empty>(await TakeAsync(second));
        Assert.Equal("dead(revoked)", await StateAsync(waiting, Second));
    }

    [Fact]
    public async Task An_event_for_a_further_terminal_reaches_that_one_only()
    {
        var (first, second) = await TwoAsync();
        var id = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(await ToSecondAsync("for the second"))).EventId;

        Assert.IsType<NextBatch.Empty>(await TakeAsync(first));
        Assert.Equal([id], Ids(await ReadyAsync(second)));
    }

    [Fact]
    public async Task The_list_of_a_further_terminal_cannot_be_changed_by_itself()
    {
        await TwoAsync();
        var version = await VersionAsync(Second);

        var allow = await Access.AllowAsync(Second, Carol, Role.Talk, Alice, Ct);
        var revoke = await Access.RevokeAsync(Second, Bob, Role.None, Alice, Ct);

        Assert.Equal(new AccessChange.Shared(Api), allow);
        Assert.Equal(new AccessChange.Shared(Api), revoke);
        Assert.IsType<AccessChange.NoSuchSession>(await Access.AllowAsync(Second, Carol, Role.Talk, Bob, Ct));
        Assert.Equal(version, await VersionAsync(Second));
        Assert.Equal(1, await CountAsync("access_entry"));
    }

    [Fact]
    public async Task People_find_the_further_terminals_of_a_session_that_lists_them()
    {
        await TwoAsync();

        var info = (await Access.DescribeAsync(Second, Alice, Ct))!;

        Assert.Equal(["alice/api", "alice/api.2"], (await Sessions.ListAsync(Bob, Ct)).Select(session => session.Id));
        Assert.Equal(("alice/api", "console:bob talk"), (info.Shares, Assert.Single(info.Entries.Select(entry => $"{entry.Identity} {entry.Role}"))));
        Assert.Null((await Access.DescribeAsync(Api, Alice, Ct))!.Shares);
    }

    [Fact]
    public async Task Webhook_routes_are_not_shared()
    {
        await TwoAsync();

        await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct);

        Assert.True((await Access.FindAsync(Api, Ct))!.May(Identity.Source("ci"), Act.Talk));
        Assert.False((await Access.FindAsync(Second, Ct))!.May(Identity.Source("ci"), Act.Talk));
    }

    private async Task<(Client First, Client Second)> TwoAsync() => (await StartAsync("instance-1"), await StartAsync("instance-2"));

    private async Task<Submission> ToSecondAsync(string text) =>
        await MessageAsync(text) with { Session = Second, AccessVersion = await VersionAsync(Second) };

    private async Task<SessionId?> InitializeAsync(string instance, bool claims = false, SessionId? asked = null, string? token = null) =>
        (await McpSessions.InitializeAsync(
            $"terminal-{Interlocked.Increment(ref _started)}", token ?? AliceCalls.TokenId, asked ?? Api, new Instance(instance, claims), "2025-11-25", "test", Ct))?.Session;

    /// <summary>A connector's process that has initialized and listens.</summary>
    private async Task<Client> StartAsync(string instance, bool claims = false, SessionId? asked = null)
    {
        var given = (await InitializeAsync(instance, claims, asked))!.Value;
        await McpSessions.InitializedAsync($"terminal-{_started}", Ct);
        return await ListenAsync(new Client($"terminal-{_started}", "", given, 0, AttachOutcome.Gone));
    }
}
