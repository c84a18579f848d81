using System.Diagnostics;
using Cluster.Core.Logs;
using Npgsql;

namespace Cluster.Next.Storage.Tests.Postgres;

/// <summary>What becomes of appends when the server, or the way to it, is lost meanwhile. Another transaction holds a key, so that a trip
/// waits behind its first record for as long as the test likes.</summary>
public sealed class PostgresOutcomeTests() : LogSuite(new PostgresTestStore())
{
    private readonly List<IAsyncDisposable> _ends = [];

    private string Connection => ((PostgresTestStore)Place).ConnectionString;

    public override async ValueTask DisposeAsync()
    {
        foreach (var end in _ends.AsEnumerable().Reverse())
        {
            await end.DisposeAsync();
        }

        await base.DisposeAsync();
    }

    [Theory(Timeout = 60_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_claim_behind_an_unknown_outcome_waits_for_the_lost_commit_or_defeats_it(bool lostSurvives)
    {
        await AppendedAsync(Begin(Api));
        var holder = await HoldKeyAsync();
        var proxy = new CutProxy(new NpgsqlConnectionStringBuilder(Connection).Port);
        _ends.Add(proxy);
        var far = await PostgresTestStore.OpenAsync(new NpgsqlConnectionStringBuilder(Connection) { Port = proxy.Port }.ConnectionString);
        _ends.Add(far);
        var lost = far.Logs.AppendAsync([Append(Api, 1, 1, Record("lost")) with { Beside = HeldKey }, Begin(Bob)], Ct);
        await WaitersAsync(1);

        proxy.Cut();
        Assert.All(await lost, outcome => Assert.IsType<LogOutcome.Unknown>(outcome));
        var claim = AppendAsync(Append(Api, 1, 2, Claim));
        await WaitersAsync(2);
        Assert.False(claim.IsCompleted);
        await ExecuteAsync(holder, lostSurvives ? "ROLLBACK" : "COMMIT");

        var outcome = await claim;
        Assert.Equal(lostSurvives, outcome is LogOutcome.Collided);
        Assert.Equal(!lostSurvives, outcome is LogOutcome.Appended);
        Assert.Equal(lostSurvives ? "lost" : "{}", Text(await RecordAsync(Api, 2)));
        Assert.Equal([1, 2], await PositionsAsync(Api));
        Assert.Equal(lostSurvives ? [1L] : [], await PositionsAsync(Bob));
        Assert.Equal(lostSurvives ? 1 : 0, (await Indexes.FindKnownAsync(Api, [("delivery", "held")], Ct)).Count(known => known.Position == 2));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_the_server_says_it_dropped_is_tried_once_more()
    {
        await AppendedAsync(Begin(Api));
        var holder = await HoldKeyAsync();
        var append = Logs.AppendAsync([Append(Api, 1, 1, Record("two")) with { Beside = HeldKey }, Begin(Bob)], Ct);
        await WaitersAsync(1);

        await Place.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {Waiting}");
        await WaitersAsync(1);
        await ExecuteAsync(holder, "ROLLBACK");

        Assert.All(await append, outcome => Assert.IsType<LogOutcome.Appended>(outcome));
        Assert.Equal([1, 2], await PositionsAsync(Api));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_the_server_drops_twice_is_unknown()
    {
        await AppendedAsync(Begin(Api));
        await HoldKeyAsync();
        var append = Logs.AppendAsync([Append(Api, 1, 1, Record("two")) with { Beside = HeldKey }, Begin(Bob)], Ct);
        for (var i = 0; i < 2; i++)
        {
            await WaitersAsync(1);
            await Place.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {Waiting}");
        }

        Assert.All(await append, outcome => Assert.IsType<LogOutcome.Unknown>(outcome));
        Assert.Equal([1], await PositionsAsync(Api));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_commit_that_fails_is_never_told_as_durable()
    {
        await Place.ExecuteAsync("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = 'check_violation'; END $$;
            CREATE CONSTRAINT TRIGGER late AFTER INSERT ON log DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'late') EXECUTE FUNCTION refuse()
            """);

        var outcomes = await Logs.AppendAsync([Begin(Bob), Begin(Api, new NewRecord("late", 1, "{}"u8.ToArray()))], Ct);

        Assert.IsType<LogOutcome.Appended>(outcomes[0]);
        Assert.IsType<LogOutcome.Refused>(outcomes[1]);
        Assert.Empty(await PositionsAsync(Api));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_database_that_is_away_leaves_appends_unknown_and_comes_back()
    {
        await AppendedAsync(Begin(Api));
        await Cluster.Testing.PostgresServer.SetAwayAsync(Connection, away: true);

        Assert.IsType<LogOutcome.Unknown>(await AppendAsync(Append(Api, 1, 1, Record("two"))));
        var away = await Assert.ThrowsAsync<StoreAwayException>(() => Logs.OpenAsync(Api, Ct));
        Assert.Null(away.InnerException);
        await Assert.ThrowsAsync<StoreAwayException>(() => Logs.CutAsync(Api, 1, Ct));

        await Cluster.Testing.PostgresServer.SetAwayAsync(Connection, away: false);
        Assert.Equal([1], await PositionsAsync(Api));
        await AppendedAsync(Append(Api, 1, 1, Record("two")));
    }

    [Fact(Timeout = 60_000)]
    public async Task Connections_that_broke_while_they_were_idle_are_not_noticed()
    {
        await AppendedAsync(Begin(Api));
        await Logs.OpenAsync(Api, Ct);
        await Place.ExecuteAsync("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

        Assert.Single((await Logs.OpenAsync(Api, Ct)).Records);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_collision_in_a_trip_of_three_hundred_is_found_by_halving()
    {
        LogId[] logs = [.. Enumerable.Range(0, 300).Select(i => new LogId("session", $"alice/{i:000}"))];
        await AppendedAsync(Begin(logs[123]));
        var trips = 0;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => trips += activity.Tags.Any(tag => tag.Value == new NpgsqlConnectionStringBuilder(Connection).Database) ? 1 : 0,
        };
        ActivitySource.AddActivityListener(listener);

        var outcomes = await Logs.AppendAsync([.. logs.Select(log => Begin(log))], Ct);

        Assert.Equal([123], Enumerable.Range(0, 300).Where(i => outcomes[i] is not LogOutcome.Appended));
        Assert.InRange(trips, 1 + 8, 1 + (2 * 9));
    }

    [Fact(Timeout = 60_000)]
    public async Task Half_of_a_surrogate_pair_amid_a_trip_does_no_harm_to_the_others()
    {
        var odd = Begin(Api) with { Beside = new RowsBeside { Keys = [new KeyRow("id", "half \ud83d of it", 1)] } };

        var outcomes = await Logs.AppendAsync([Begin(Bob), odd, Begin(new LogId("user", "telegram:19"))], Ct);

        Assert.Contains("session/alice/api", Assert.IsType<LogOutcome.Refused>(outcomes[1]).Reason);
        Assert.All([outcomes[0], outcomes[2]], outcome => Assert.IsType<LogOutcome.Appended>(outcome));
        Assert.Empty(await PositionsAsync(Api));
    }

    private const string Waiting = "datname = current_database() AND wait_event_type = 'Lock'";

    private static RowsBeside HeldKey => new() { Keys = [new KeyRow("delivery", "held", 2)] };

    private async Task<NpgsqlConnection> HoldKeyAsync()
    {
        var holder = new NpgsqlConnection(Connection);
        await holder.OpenAsync(Ct);
        _ends.Add(holder);
        await ExecuteAsync(holder, "BEGIN");
        await ExecuteAsync(holder, $"INSERT INTO log_key (grain, scope, key, position, at) VALUES ('{Api}', 'delivery', 'held', 1, now())");
        return holder;
    }

    // Until so many of the server's processes wait for another; it cannot tell by itself.
    private async Task WaitersAsync(int count)
    {
        await using var connection = new NpgsqlConnection(Connection);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM pg_stat_activity WHERE {Waiting}", connection);
        while ((long)(await command.ExecuteScalarAsync(Ct))! != count)
        {
            await Task.Yield();
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }
}
