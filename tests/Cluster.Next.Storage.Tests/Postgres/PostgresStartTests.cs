using Cluster.Core.Logs;
using Cluster.Next.Storage.Starting;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Cluster.Next.Storage.Tests.Postgres;

/// <summary>With which servers no node starts, and what the operator reads.</summary>
public sealed class PostgresStartTests : IAsyncDisposable
{
    private readonly PostgresTestStore _place = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _place.DisposeAsync();

    [Fact]
    public async Task Nodes_that_start_together_make_the_schema_once()
    {
        var database = await PostgresServer.CreateEmptyDatabaseAsync();

        var nodes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PostgresTestStore.OpenAsync(database)));

        var log = new LogId("session", "alice/api");
        await nodes[0].Logs.AppendAsync([new LogAppend { Log = log, Expected = 0, Claim = 1, Records = [new NewRecord("claim", 1, default)] }], Ct);
        Assert.Single((await nodes[3].Logs.OpenAsync(log, Ct)).Records);
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }

        await PostgresServer.DropDatabaseAsync(database);
    }

    [Fact]
    public async Task A_server_that_may_forget_commits_is_refused_unless_that_is_accepted()
    {
        await (await _place.OpenAsync()).DisposeAsync();
        await _place.ExecuteAsync($"ALTER DATABASE {new NpgsqlConnectionStringBuilder(_place.ConnectionString).Database} SET synchronous_commit = off");

        Assert.Contains("runs with synchronous_commit=off", await RefusalAsync(new StoreOptions { Engine = _place.ConnectionString }));

        await (await OpenAsync(new StoreOptions { Engine = _place.ConnectionString, AllowUnsafeDurability = true }, TimeProvider.System)).DisposeAsync();
    }

    [Fact]
    public async Task A_store_of_a_newer_version_is_refused_and_one_that_only_adds_is_not()
    {
        await (await _place.OpenAsync()).DisposeAsync();
        await _place.ExecuteAsync("INSERT INTO log_meta (name, value) VALUES ('migration/0098_more.additive', ''), ('migration/0099_later', '')");

        Assert.Contains("newer version of Channel Cluster (migration/0099_later is unknown here)", await RefusalAsync(new StoreOptions { Engine = _place.ConnectionString }));

        await _place.ExecuteAsync("DELETE FROM log_meta WHERE name = 'migration/0099_later'");
        await (await _place.OpenAsync()).DisposeAsync();
    }

    [Theory]
    [InlineData(7.0, true)]
    [InlineData(-7.0, true)]
    [InlineData(3.0, false)]
    public async Task A_clock_that_is_six_seconds_off_is_refused(double seconds, bool refused)
    {
        await (await _place.OpenAsync()).DisposeAsync();
        var options = new StoreOptions { Engine = _place.ConnectionString };
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow.AddSeconds(seconds));

        if (refused)
        {
            Assert.Contains("s apart, and 6 s is the most", await RefusalAsync(options, clock));
        }
        else
        {
            await (await OpenAsync(options, clock)).DisposeAsync();
        }
    }

    [Fact]
    public async Task A_connection_string_that_is_none_is_refused_without_showing_it()
    {
        var refusal = await RefusalAsync(new StoreOptions { Engine = "Host=localhost;Password=abc;secret" });

        Assert.Contains("Cluster:Engine is not a PostgreSQL connection string", refusal);
        Assert.DoesNotContain("secret;", refusal);
        Assert.DoesNotContain("abc", refusal);
        Assert.Contains("names no Host", await RefusalAsync(new StoreOptions { Engine = "Database=x" }));
    }

    [Fact]
    public async Task A_server_that_stays_away_is_named()
    {
        var refusal = await RefusalAsync(new StoreOptions { Engine = "Host=127.0.0.1;Port=1;Username=x", Patience = TimeSpan.Zero });

        Assert.Contains("PostgreSQL at 127.0.0.1:1/x cannot be reached", refusal);
    }

    private static Task<LogStores> OpenAsync(StoreOptions options, TimeProvider clock) =>
        LogStores.OpenAsync(options, clock, NullLoggerFactory.Instance, Ct);

    private static async Task<string> RefusalAsync(StoreOptions options, TimeProvider? clock = null) =>
        (await Assert.ThrowsAsync<StoreUnusableException>(() => OpenAsync(options, clock ?? TimeProvider.System))).Message;
}
