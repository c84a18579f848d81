using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;
using Cluster.Testing;

namespace Cluster.Storage.Tests.Engines;

/// <summary>What only PostgreSQL can do wrong: several nodes on it, connections that break, servers that are unsafe.</summary>
public sealed class PostgresEngineTests() : StoreSuite(new PostgresDatabase())
{
    private string ConnectionString => ((PostgresDatabase)Database).ConnectionString;

    [Fact]
    public async Task Nodes_that_start_together_on_an_empty_database_make_one_schema()
    {
        var empty = await PostgresServer.CreateEmptyDatabaseAsync();

        var engines = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => OpenAsync(empty)));

        Assert.Equal(4, engines.Select(engine => engine.NodeId).Distinct().Count());
        Assert.Equal(0, await engines[3].ReadAsync(db => db.NumberAsync("SELECT COUNT(*) FROM event"), Ct));
        foreach (var engine in engines)
        {
            await engine.DisposeAsync();
        }

        await PostgresServer.DropDatabaseAsync(empty);
    }

    [Theory]
    [InlineData("synchronous_commit")]
    public async Task A_server_that_may_forget_what_it_committed_is_refused_unless_told_so(string setting)
    {
        var unsafely = $"{ConnectionString};Options=-c {setting}=off";

        var refused = await Assert.ThrowsAsync<EngineUnusableException>(() => OpenAsync(unsafely));
        await using var accepted = await PostgresEngine.OpenAsync(
            new PostgresSettings { ConnectionString = unsafely, AllowUnsafeDurability = true }, TimeProvider.System, Ct);

        Assert.Contains($"{setting}=off", refused.Message);
        Assert.Contains("Cluster:AllowUnsafeDurability", refused.Message);
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1;Database=x", "cannot be reached")]
    [InlineData("Host=127.0.0.1;Nonsense=1", "Expected Host=")]
    [InlineData("Database=x", "names no Host")]
    public async Task A_server_that_cannot_be_used_is_named_with_what_to_do(string connectionString, string expected)
    {
        var refused = await Assert.ThrowsAsync<EngineUnusableException>(() => PostgresEngine.OpenAsync(
            new PostgresSettings { ConnectionString = connectionString, Patience = TimeSpan.Zero }, TimeProvider.System, Ct));

        Assert.Contains(expected, refused.Message);
        Assert.Contains("Cluster:Engine", refused.Message);
    }

    [Theory]
    [InlineData("postgresql://u:sesame@host/db?sslmode=require")]
    [InlineData("postgresql://u:sesame@host/db")]
    [InlineData("Host=host;Password=a;sesame=c")]
    [InlineData("Host=host;Password=a;sesame")]
    [InlineData("Host=host;Port=sesame")]
    [InlineData("Host=host;SSL Mode=sesame")]
    public async Task A_connection_string_that_cannot_be_read_is_refused_without_what_it_holds(string connectionString)
    {
        var refused = await Assert.ThrowsAsync<EngineUnusableException>(() => OpenAsync(connectionString));

        Assert.Contains("Cluster:Engine", refused.Message);
        Assert.Contains("a URI (postgresql://…) is not accepted", refused.Message);
        Assert.DoesNotContain("sesame", $"{refused}", StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_database_that_does_not_exist_is_named()
    {
        var refused = await Assert.ThrowsAsync<EngineUnusableException>(() => OpenAsync(ConnectionString.Replace("test_", "absent_")));

        Assert.Contains("does not exist", refused.Message);
        Assert.Contains("createdb", refused.Message);
    }

    [Fact]
    public async Task A_schema_of_a_newer_version_is_refused_unless_it_only_adds()
    {
        await PostgresServer.ExecuteAsync(ConnectionString, "INSERT INTO migration VALUES ('9998_later.additive', 0)");
        await (await OpenAsync(ConnectionString)).DisposeAsync();
        await PostgresServer.ExecuteAsync(ConnectionString, "INSERT INTO migration VALUES ('9999_later', 0)");

        var refused = await Assert.ThrowsAsync<EngineUnusableException>(() => OpenAsync(ConnectionString));

        Assert.Contains("9999_later", refused.Message);
    }

    [Fact]
    public async Task Killed_connections_disturb_neither_reads_nor_turns()
    {
        for (var i = 0; i < 5; i++)
        {
            await KillConnectionsAsync();
            Assert.NotNull(await Access.FindAsync(Api, Ct));
            await KillConnectionsAsync();
            Assert.NotNull(await Access.AllowAsync(Api, Carol, i % 2 == 0 ? Role.Watch : Role.Approve, Alice, Ct));
        }
    }

    [Fact]
    public async Task Turns_that_wait_for_each_other_are_all_done_in_the_end()
    {
        await Sessions.EnsureAsync(new("alice", "web"), "test", Ct);

        async Task<int> LockBothAsync(string first, string second) => await Engine.TurnAsync(
            async turn =>
            {
                await turn.Db.ExecuteAsync("UPDATE session SET generation = generation + 1 WHERE id = @id", ("@id", first));
                await turn.Db.NumberAsync("SELECT 1 FROM pg_sleep(0.2)"); // long enough for the other to hold its first row too
                return await turn.Db.ExecuteAsync("UPDATE session SET generation = generation + 1 WHERE id = @id", ("@id", second));
            },
            Ct);

        await Task.WhenAll(LockBothAsync("alice/api", "alice/web"), LockBothAsync("alice/web", "alice/api"));

        Assert.Equal(4, await Engine.ReadAsync(db => db.NumberAsync("SELECT SUM(generation) FROM session"), Ct));
    }

    [Fact]
    public async Task A_change_at_one_node_wakes_the_stream_of_another_and_those_who_look_on_there()
    {
        await using var other = await OpenAsync(ConnectionString);
        var id = "mcp-elsewhere";
        await new Storage.Sessions.McpSessionStore(other).InitializeAsync(id, AliceCalls.TokenId, Api, "2025-11-25", "test", Ct);
        await new Storage.Sessions.McpSessionStore(other).AttachAsync(id, "stream", true, Ct);
        using var stream = other.Wakeups.Watch(Api.ToString());
        using var onlooker = other.Wakeups.WatchEverything();
        await new Storage.Nodes.NodeStore(other).BeatAsync("other", "1", Ct);

        await AcceptAsync();

        Assert.True(await stream.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, Ct));
        Assert.True(await onlooker.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, Ct));
        Assert.Equal([Api.ToString()], onlooker.TakeTopics());
    }

    [Fact]
    public async Task Wake_ups_that_may_have_been_missed_wake_everybody()
    {
        using var onlooker = Engine.Wakeups.WatchEverything();

        await KillConnectionsAsync();

        Assert.True(await onlooker.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, Ct));
        Assert.Null(onlooker.TakeTopics());
    }

    [Fact]
    public async Task Text_that_the_database_cannot_hold_is_kept_readable()
    {
        var id = await AcceptAsync("a\0b");

        await AppendAsync(await MessageAsync("x") with { Name = "half \ud800 and \0 null" });

        Assert.Equal("a\0b", (await Conversations.FindAsync(Api, id, Ct))!.Body);
        Assert.Contains(await Conversations.EventsAsync(Api, null, null, 10, Ct), e => e.Name == "half \ufffd and \ufffd null");
        Assert.Empty(await Conversations.LinesAsync(Api, "nobody\0\udc00", 10, Ct));
    }

    [Fact]
    public async Task Repeats_that_come_to_several_nodes_at_once_enter_once()
    {
        await using var other = await Database.OpenAsync(Clock);
        var appends = other.Appends(new MailboxLimits());
        var version = await VersionAsync();
        var template = await MessageAsync();
        PackedSubmission[] Batch(int start, string node) => [.. Enumerable.Range(start, 40).Select(i => Appender.Pack(template with
        {
            AccessVersion = version,
            DedupeKeys = [$"delivery:{(i % 2 == 0 ? "" : node)}{i}", $"body:{i}"],
        }))];

        for (var round = 0; round < 10; round++)
        {
            var outcomes = await Task.WhenAll(
                Appends.AppendAsync(Batch(round * 40, "a"), Ct), appends.AppendAsync([.. Batch(round * 40, "b").Reverse()], Ct));

            Assert.Equal(40, outcomes.SelectMany(o => o).OfType<AppendOutcome.Accepted>().Count());
            Assert.Equal(40, outcomes.SelectMany(o => o).OfType<AppendOutcome.Duplicate>().Count());
        }

        Assert.Equal(400, await CountAsync("event"));
        Assert.Equal(400, await Engine.ReadAsync(db => db.NumberAsync("SELECT COUNT(DISTINCT event_id) FROM dedupe d JOIN event e ON e.id = d.event_id"), Ct));
    }

    [Theory]
    [InlineData("kind = 'nonsense'")]
    [InlineData("body = '\\x01'")]
    public async Task What_cannot_be_read_is_the_trouble_of_its_own_stream_only(string damage)
    {
        var web = new SessionId("alice", "web");
        await Sessions.EnsureAsync(web, "test", Ct);
        var (damaged, sound) = (await ConnectAsync(), await ConnectAsync(session: web));
        await AcceptAsync();
        await PostgresServer.ExecuteAsync(ConnectionString, $"UPDATE event SET {damage}");
        var message = await MessageAsync("hello", Alice) with { Session = web, AccessVersion = await VersionAsync(web) };
        var id = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(message)).EventId;

        var taken = await new PostgresTakes((PostgresEngine)Engine).TakeAsync(
            [new Take(Api, damaged.Id, new BatchId(damaged.Epoch, 1)), new Take(web, sound.Id, new BatchId(sound.Epoch, 1))], Ct);

        Assert.Null(taken[0]);
        Assert.Equal([id], Ids(Assert.IsType<NextBatch.Ready>(taken[1])));
    }

    [Fact]
    public async Task The_engines_clock_is_followed_whatever_the_nodes_clock_says()
    {
        var skewed = new SkewedClock(TimeSpan.FromHours(5));

        await using var engine = await PostgresEngine.OpenAsync(new PostgresSettings { ConnectionString = ConnectionString }, skewed, Ct);

        Assert.InRange((engine.Clock.GetUtcNow() - DateTimeOffset.UtcNow).Duration(), TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    private static Task<PostgresEngine> OpenAsync(string connectionString) =>
        PostgresEngine.OpenAsync(new PostgresSettings { ConnectionString = connectionString }, TimeProvider.System, Ct);

    private Task KillConnectionsAsync() => PostgresServer.ExecuteAsync(
        ConnectionString, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

    private sealed class SkewedClock(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
