using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Permissions;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;
using Npgsql;

namespace Cluster.Storage.Tests.Engines;

/// <summary>What another node changes between a look and a write here. The other node's change is under way, so the write waits for it,
/// and must then see what has become of its rows.</summary>
public sealed class PostgresRaceTests() : StoreSuite(new PostgresDatabase())
{
    [Fact]
    public async Task A_message_that_is_taken_back_while_it_would_be_sent_is_not_sent()
    {
        var client = await ConnectAsync();
        var verdict = await DecideAsync(client); // a verdict is sent by a turn, and what waits with it
        var id = await AcceptAsync();

        var batch = await BehindAsync($"UPDATE delivery SET state = 'dead', reason = 'cancelled' WHERE event_id = {id}", () => ReadyAsync(client));

        Assert.Equal([verdict], Ids(batch));
        Assert.Equal("dead(cancelled)", await StateAsync(id));
    }

    [Fact]
    public async Task A_message_that_is_confirmed_while_it_would_be_ended_counts_as_received()
    {
        var id = await AcceptAsync();
        var client = await ConnectAsync();
        await ReadyAsync(client);
        client = await ListenAsync(client);
        await Access.RevokeAsync(Api, Bob, Role.Talk, Alice, Ct);

        await BehindAsync($"UPDATE delivery SET state = 'received' WHERE event_id = {id}", () => TakeAsync(client));

        Assert.Equal("received", await StateAsync(id));
    }

    [Fact]
    public async Task A_message_that_is_confirmed_while_it_would_expire_counts_as_received()
    {
        var id = await AcceptAsync();
        await ReadyAsync(await ConnectAsync());
        Clock.Advance(DeliveryRules.KeepWaiting + DeliveryRules.ConfirmLate);

        await BehindAsync($"UPDATE delivery SET state = 'received' WHERE event_id = {id}", SweepAsync);

        Assert.Equal("received", await StateAsync(id));
    }

    [Fact]
    public async Task A_dedupe_key_that_is_taken_again_while_it_would_be_forgotten_is_kept()
    {
        await AppendAsync(await MessageAsync("hello", null, "key"));
        Clock.Advance(DedupeKeys.Kept);

        await BehindAsync($"UPDATE dedupe SET expires_at = {Clock.GetUtcNow().AddDays(1).ToUnixTimeMilliseconds()}", SweepAsync);

        Assert.Equal(1, await CountAsync("dedupe"));
    }

    [Fact]
    public async Task A_tool_call_whose_id_is_used_again_while_it_would_be_forgotten_is_kept()
    {
        var id = await AcceptAsync();
        var client = await ConnectAsync();
        await DeliverAsync(client);
        await Tools.AckAsync(new ToolCall { McpSession = client.Id, Session = Api, RequestId = "1", ArgumentsHash = "a" }, id, Ct);
        Clock.Advance(ToolCallStore.Remembered);

        await BehindAsync($"UPDATE tool_call SET created_at = {Clock.GetUtcNow().ToUnixTimeMilliseconds()}", SweepAsync);

        Assert.Equal(1, await CountAsync("tool_call"));
    }

    [Fact]
    public async Task A_request_that_closes_while_it_would_be_decided_stays_closed()
    {
        var request = await OpenAsync(await ConnectAsync());

        var (outcome, _) = await BehindAsync(
            "UPDATE permission_request SET state = 'closed'", () => Permissions.DecideAsync(request, "allow", Alice, Ct));

        Assert.Equal(VerdictOutcome.Closed, outcome);
        Assert.Equal("closed", Assert.Single(await Permissions.ListAsync(Api, 10, Ct)).State);
    }

    [Fact]
    public async Task A_client_that_ends_while_it_calls_a_tool_or_asks_or_takes_does_nothing()
    {
        var (calling, asking, taking) = (await ConnectAsync(), await ConnectAsync(), await ConnectAsync());
        var id = await AcceptAsync();
        var asker = (await McpSessions.FindAsync(asking.Id, AliceCalls.TokenId, Ct))!;
        var call = new ToolCall { McpSession = calling.Id, Session = Api, RequestId = "1", ArgumentsHash = "a" };

        var called = await BehindAsync($"DELETE FROM mcp_session WHERE id = '{calling.Id}'", () => Tools.ReplyAsync(call, Bob.Value, "answer", null, Ct));
        await BehindAsync(
            $"DELETE FROM mcp_session WHERE id = '{asking.Id}'",
            async () =>
            {
                await Permissions.OpenAsync(asker, "abcde", "Bash", "", "", TimeSpan.FromMinutes(10), Ct);
                return true;
            });
        var taken = await BehindAsync($"DELETE FROM mcp_session WHERE id = '{taking.Id}'", () => TakeAsync(taking));

        Assert.True(called.Refused);
        Assert.Empty(await Permissions.ListAsync(Api, 10, Ct));
        Assert.IsType<NextBatch.Stale>(taken);
        Assert.Equal("queued", await StateAsync(id));
    }

    [Fact]
    public async Task A_client_that_ends_while_a_turn_would_send_to_it_gets_nothing()
    {
        var client = await ConnectAsync();
        await DecideAsync(client);

        var taken = await BehindAsync($"DELETE FROM mcp_session WHERE id = '{client.Id}'", () => TakeAsync(client));

        Assert.IsType<NextBatch.Stale>(taken);
    }

    [Fact]
    public async Task An_mcp_session_that_is_taken_up_while_it_would_end_goes_on()
    {
        await McpSessions.InitializeAsync("late", AliceCalls.TokenId, Api, "2025-11-25", "test", Ct);
        Clock.Advance(McpSessionStore.UninitializedFor + TimeSpan.FromSeconds(1));

        var ended = await BehindAsync("UPDATE mcp_session SET initialized_at = 1", () => Engine.TurnAsync(McpSessionStore.SweepAsync, Ct));

        Assert.Equal(0, ended);
        Assert.NotNull(await McpSessions.FindAsync("late", AliceCalls.TokenId, Ct));
    }

    [Fact]
    public async Task A_token_that_is_revoked_while_it_initializes_makes_no_mcp_session()
    {
        await Assert.ThrowsAsync<TokenRevokedException>(() => BehindAsync(
            "UPDATE token SET revoked_at = 1", () => McpSessions.InitializeAsync("late", AliceCalls.TokenId, Api, null, "2025-11-25", "test", Ct)));

        Assert.Equal(0, await CountAsync("mcp_session"));
    }

    [Fact]
    public async Task A_page_login_that_is_made_while_its_token_is_revoked_is_revoked_with_it()
    {
        var token = await Principals.AddTokenAsync(AliceCalls, "laptop", Ct);

        await BehindAsync(
            $"""
            SELECT 1 FROM token WHERE id = '{token.Id}' FOR SHARE;
            INSERT INTO token (id, hash, principal, kind, parent, label, created_at) VALUES ('login', 'hash', 'alice', 'page', '{token.Id}', 'page', 0)
            """,
            () => Principals.RevokeTokenAsync(token.Id, AliceCalls, Ct));

        Assert.NotNull((await Principals.ListTokensAsync(AliceCalls, Ct)).Single(one => one.Id == "login").RevokedAt);
    }

    private Task<int> SweepAsync() => Engine.TurnAsync(MailboxStore.SweepAsync, Ct);

    private async Task<long> OpenAsync(Client asker)
    {
        var mcp = (await McpSessions.FindAsync(asker.Id, AliceCalls.TokenId, Ct))!;
        await Permissions.OpenAsync(mcp, "abcde", "Bash", "runs ls", "ls", TimeSpan.FromMinutes(10), Ct);
        return long.Parse((await Permissions.ListAsync(Api, 1, Ct))[0].Id);
    }

    // Returns the verdict's event.
    private async Task<long> DecideAsync(Client asker)
    {
        await Permissions.DecideAsync(await OpenAsync(asker), "allow", Alice, Ct);
        return long.Parse((await Conversations.EventsAsync(Api, null, null, 10, Ct)).Single(e => e.Kind == "verdict").Id);
    }

    /// <summary>Begins a change, acts, and commits the change once the act waits for it; also when the act has ended without waiting.</summary>
    private async Task<T> BehindAsync<T>(string change, Func<Task<T>> act)
    {
        await using var other = new NpgsqlConnection($"{((PostgresDatabase)Database).ConnectionString};Pooling=false");
        await other.OpenAsync(Ct);
        await using var transaction = await other.BeginTransactionAsync(Ct);
        await using var command = new NpgsqlCommand(change, other, transaction);
        await command.ExecuteNonQueryAsync(Ct);
        var acting = act();
        while (!acting.IsCompleted && await Engine.ReadAsync(db => db.NumberAsync(Waiting), Ct) == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Ct);
        }

        await transaction.CommitAsync(Ct);
        return await acting;
    }

    private const string Waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
}
