using Cluster.Core.Sessions;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Sessions;

public sealed class SqliteMcpSessionTests() : McpSessionSuite(new SqliteDatabase());

public sealed class PostgresMcpSessionTests() : McpSessionSuite(new PostgresDatabase());

public abstract class McpSessionSuite(TestDatabase database) : StoreSuite(database)
{
    [Fact]
    public async Task A_newer_client_supersedes_and_nobody_takes_it_back_by_asking()
    {
        var older = await ConnectAsync();
        var newer = await ConnectAsync();
        Assert.Equal(AttachOutcome.Attached, older.Outcome);
        Assert.Equal(AttachOutcome.Attached, newer.Outcome);

        for (var i = 0; i < 20; i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(7));
            Assert.Equal(AttachOutcome.Superseded, (await AskAsync(older)).Outcome);
            older = await ListenAsync(older);
            Assert.Equal(AttachOutcome.Superseded, older.Outcome);
        }

        Assert.Equal(newer.Epoch, await EpochAsync());
    }

    [Fact]
    public async Task A_client_that_only_initialized_supersedes_nobody()
    {
        var listening = await ConnectAsync();
        await McpSessions.InitializeAsync("deaf", AliceCalls.TokenId, Api, "2025-11-25", "probe", Ct);

        Assert.Equal(AttachOutcome.Attached, (await ListenAsync(listening)).Outcome);
    }

    [Fact]
    public async Task The_end_of_the_newer_client_promotes_the_older_at_once()
    {
        var older = await ConnectAsync();
        var newer = await ConnectAsync();
        Assert.Equal(AttachOutcome.Superseded, (await AskAsync(older)).Outcome);

        await McpSessions.EndAsync(newer.Id, Ct);

        var promoted = await AskAsync(older);
        Assert.Equal(AttachOutcome.Attached, promoted.Outcome);
        Assert.True(promoted.Epoch > newer.Epoch);
        Assert.Equal(AttachOutcome.Gone, (await AskAsync(newer)).Outcome);
    }

    [Fact]
    public async Task A_newer_client_that_lost_its_stream_has_a_grace_to_come_back()
    {
        var older = await ConnectAsync();
        var newer = await ConnectAsync();
        await McpSessions.CloseStreamAsync(newer.Id, newer.Stream, Ct);

        Clock.Advance(AttachmentRules.Grace - TimeSpan.FromMilliseconds(1));
        Assert.Equal(AttachOutcome.Superseded, (await AskAsync(older)).Outcome);
        newer = await ListenAsync(newer);
        Assert.Equal(AttachOutcome.Attached, newer.Outcome);
        Clock.Advance(AttachmentRules.Grace);
        Assert.Equal(AttachOutcome.Superseded, (await AskAsync(older)).Outcome);

        await McpSessions.CloseStreamAsync(newer.Id, newer.Stream, Ct);
        Clock.Advance(AttachmentRules.Grace);
        Assert.Equal(AttachOutcome.Attached, (await AskAsync(older)).Outcome);
    }

    [Fact]
    public async Task A_newer_client_that_comes_back_late_has_the_session_again()
    {
        var older = await ConnectAsync();
        var newer = await ConnectAsync();
        await McpSessions.CloseStreamAsync(newer.Id, newer.Stream, Ct);
        Clock.Advance(AttachmentRules.Grace);
        older = await AskAsync(older);

        newer = await ListenAsync(newer);

        Assert.Equal(AttachOutcome.Attached, newer.Outcome);
        Assert.Equal(newer.Epoch, await EpochAsync());
        Assert.Equal(AttachOutcome.Superseded, (await AskAsync(older)).Outcome);
    }

    [Fact]
    public async Task Of_two_streams_of_one_client_the_latest_serves_it()
    {
        var first = await ConnectAsync();
        var second = await ListenAsync(first);
        Assert.Equal(AttachOutcome.Attached, second.Outcome);
        Assert.True(second.Epoch > first.Epoch);

        Assert.Equal(AttachOutcome.Superseded, (await AskAsync(first)).Outcome);

        Assert.Equal(second.Epoch, await EpochAsync());
    }

    [Fact]
    public async Task A_closed_old_stream_does_not_detach_the_new_one()
    {
        var first = await ConnectAsync();
        var second = await ListenAsync(first);

        await McpSessions.CloseStreamAsync(first.Id, first.Stream, Ct);

        Assert.True((await Sessions.FindAsync(Api, Alice, Ct))!.Attached);
        Assert.Equal(second.Epoch, await EpochAsync());
        Assert.Equal(AttachOutcome.Superseded, (await AskAsync(first)).Outcome);
    }

    [Fact]
    public async Task An_earlier_stream_takes_over_when_the_latest_has_closed()
    {
        var first = await ConnectAsync();
        var second = await ListenAsync(first);

        await McpSessions.CloseStreamAsync(second.Id, second.Stream, Ct);
        first = await AskAsync(first);

        Assert.Equal(AttachOutcome.Attached, first.Outcome);
        Assert.True(first.Epoch > second.Epoch);
    }

    [Fact]
    public async Task An_older_client_does_not_lose_its_place_to_one_of_another_session()
    {
        var api = await ConnectAsync();
        await ConnectAsync(session: new SessionId("alice", "web"));

        Assert.Equal(AttachOutcome.Attached, (await ListenAsync(api)).Outcome);
    }

    [Fact]
    public async Task An_attachment_shows_while_its_stream_is_open()
    {
        Assert.False((await Sessions.FindAsync(Api, Alice, Ct))!.Attached);
        var client = await ConnectAsync();
        var attached = (await Sessions.FindAsync(Api, Alice, Ct))!;

        await McpSessions.CloseStreamAsync(client.Id, client.Stream, Ct);

        Assert.True(attached.Attached);
        Assert.Equal("claude-code 2.1.330", attached.Client);
        Assert.False((await Sessions.FindAsync(Api, Alice, Ct))!.Attached);
    }

    [Fact]
    public async Task An_mcp_session_belongs_to_the_token_that_made_it()
    {
        var client = await ConnectAsync();

        Assert.Equal(Api, (await McpSessions.FindAsync(client.Id, AliceCalls.TokenId, Ct))!.Session);
        Assert.Null(await McpSessions.FindAsync(client.Id, "another", Ct));
        Assert.Null(await McpSessions.FindAsync("unknown", AliceCalls.TokenId, Ct));
    }

    [Fact]
    public async Task A_revoked_token_makes_no_mcp_session()
    {
        await Principals.RevokeTokenAsync(AliceCalls.TokenId, AliceCalls, Ct);

        await Assert.ThrowsAsync<TokenRevokedException>(
            () => McpSessions.InitializeAsync("late", AliceCalls.TokenId, Api, "2025-11-25", "test", Ct));

        Assert.Null(await McpSessions.FindAsync("late", AliceCalls.TokenId, Ct));
    }

    [Fact]
    public async Task An_mcp_session_is_known_after_a_restart_and_its_streams_are_closed()
    {
        var client = await ConnectAsync();

        await ReopenAsync();

        Assert.True((await McpSessions.FindAsync(client.Id, AliceCalls.TokenId, Ct))!.Initialized);
        Assert.False((await Sessions.FindAsync(Api, Alice, Ct))!.Attached);
        var back = await ListenAsync(client);
        Assert.Equal(AttachOutcome.Attached, back.Outcome);
        Assert.True(back.Epoch > client.Epoch);
    }

    [Fact]
    public async Task An_mcp_session_that_nobody_took_up_ends_after_a_minute()
    {
        await McpSessions.InitializeAsync("probe", AliceCalls.TokenId, Api, "2025-11-25", "probe", Ct);
        Clock.Advance(McpSessionStore.UninitializedFor);
        Assert.Equal(0, await Engine.TurnAsync(McpSessionStore.SweepAsync, Ct));
        Clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(1, await Engine.TurnAsync(McpSessionStore.SweepAsync, Ct));

        Assert.Null(await McpSessions.FindAsync("probe", AliceCalls.TokenId, Ct));
    }

    [Fact]
    public async Task An_mcp_session_that_nobody_uses_ends_after_thirty_days()
    {
        var used = await ConnectAsync();
        var unused = await ConnectAsync();
        var listening = await ConnectAsync();
        await McpSessions.CloseStreamAsync(used.Id, used.Stream, Ct);
        await McpSessions.CloseStreamAsync(unused.Id, unused.Stream, Ct);
        Clock.Advance(TimeSpan.FromDays(29));
        Assert.Equal(0, await Engine.TurnAsync(McpSessionStore.SweepAsync, Ct));
        await McpSessions.SeenAsync(used.Id, Ct);
        Clock.Advance(TimeSpan.FromDays(2));

        Assert.Equal(1, await Engine.TurnAsync(McpSessionStore.SweepAsync, Ct));

        Assert.NotNull(await McpSessions.FindAsync(used.Id, AliceCalls.TokenId, Ct));
        Assert.Null(await McpSessions.FindAsync(unused.Id, AliceCalls.TokenId, Ct));
        Assert.NotNull(await McpSessions.FindAsync(listening.Id, AliceCalls.TokenId, Ct));
    }

    [Fact]
    public async Task An_end_wakes_those_who_wait_to_be_promoted()
    {
        var client = await ConnectAsync();
        using var watcher = Engine.Wakeups.Watch(Api.ToString());

        await McpSessions.EndAsync(client.Id, Ct);

        await watcher.WaitAsync(TimeSpan.FromHours(1), Clock, Ct);
    }

    private async Task<long> EpochAsync() =>
        (await Engine.ReadAsync(db => db.NumberAsync("SELECT epoch FROM session WHERE id = @id", ("@id", Api.ToString())), Ct))!.Value;
}
