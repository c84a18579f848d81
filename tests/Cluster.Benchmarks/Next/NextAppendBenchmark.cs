using System.Diagnostics;
using System.Globalization;
using Cluster.Benchmarks.Append;
using Cluster.Benchmarks.Clusters;
using Cluster.Core.Sessions;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Grains.Users;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;
using Cluster.Testing;
using Npgsql;

namespace Cluster.Benchmarks.Next;

/// <summary>64 callers over 200 sessions: the old appender, the new path (user grain, session grain, log), and raw rows of the same size.</summary>
internal static class NextAppendBenchmark
{
    private const int Callers = 64;
    private const int Sessions = 200;
    private const int Batch = 50; // events of a raw insert
    private const int Bytes = 630; // of a record's body
    private const double WarmUp = 12; // seconds: until what runs is compiled, and grains look for keys no longer
    private const double PromisedOld = 0.9;
    private const double PromisedRaw = 0.5;

    public static async Task RunAsync(Settings settings, Report report)
    {
        var sample = Sample.ChatMessage();
        Report.Title($"next, append: {sample.Name}; {Callers} callers over {Sessions} sessions, PostgreSQL, one silo in this process");
        var oldDatabase = await PostgresServer.CreateDatabaseAsync();
        var newDatabase = await PostgresServer.CreateDatabaseAsync();
        await using (var engine = await PostgresEngine.OpenAsync(new PostgresSettings { ConnectionString = oldDatabase }, TimeProvider.System, CancellationToken.None))
        await using (var silo = await NextSilo.StartAsync(newDatabase))
        {
            await new PrincipalStore(engine).EnsureAdminAsync("admin", CancellationToken.None);
            var sessions = Enumerable.Range(0, Sessions).Select(i => new SessionId("admin", $"s{i}")).ToList();
            foreach (var session in sessions)
            {
                await new SessionStore(engine).EnsureAsync(session, Sample.Owner.Value, CancellationToken.None);
                await silo.Session<ISessionViews>(session.Name).MakeAsync(NextSilo.Owner, CancellationToken.None);
            }

            for (var user = 0; user < 16; user++)
            {
                await silo.User<IUserStanding>(user).LinkAsync("admin", CancellationToken.None);
            }

            var version = (await new AccessStore(engine).FindAsync(sessions[0], CancellationToken.None))!.Version;
            await PostgresAppendBenchmark.AppendAsync(engine, sample, version, 1, sessions);
            await SayAsync(silo, 16, WarmUp);
            await InsertAsync(newDatabase, 1);
            var cpu = await CpuTime.OfAsync(newDatabase);
            List<double> olds = [], news = [], ones = [], raws = [];
            for (var pair = 0; pair < settings.Pairs; pair++)
            {
                async Task<string> RunAsync(List<double> rates, Func<Task<double>> leg)
                {
                    var (rate, here, database) = await cpu.MeasureAsync(leg, settings.Seconds);
                    rates.Add(rate);
                    return $"{rate,6:N0} ({here,3:F0} + {database,3:F0})";
                }

                var old = await RunAsync(olds, () => PostgresAppendBenchmark.AppendAsync(engine, sample, version, settings.Seconds, sessions));
                var many = await RunAsync(news, () => SayAsync(silo, 16, settings.Seconds));
                var one = await RunAsync(ones, () => SayAsync(silo, 1, settings.Seconds));
                var raw = await RunAsync(raws, () => InsertAsync(newDatabase, settings.Seconds));
                Report.Line($"pair {pair + 1}: old {old}   new, 16 users {many}   one user {one}   raw {raw}   events/s (µs of processor here + database; load {File.ReadAllText("/proc/loadavg").Split(' ')[0]})");
            }

            await NextBenchmarks.PrintRecordsAsync(sql => NumberAsync(newDatabase, sql));
            Report.Line($"one user over old: {Report.Ratio(ones, olds).Text}");
            var (overOld, oldText) = Report.Ratio(news, olds);
            var (overRaw, rawText) = Report.Ratio(news, raws);
            report.Promise("next append", $"{Report.Percentile(news, 0.5):N0} events/s, {oldText} of the old", $"at least {PromisedOld:P0}", overOld >= PromisedOld);
            report.Promise("next append over raw rows", rawText, $"at least {PromisedRaw:P0}", overRaw >= PromisedRaw);
        }

        await PostgresServer.DropDatabaseAsync(oldDatabase);
        await PostgresServer.DropDatabaseAsync(newDatabase);
    }

    private static async Task<double> SayAsync(NextSilo silo, int users, double seconds)
    {
        GC.Collect();
        var turn = 0;
        var start = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var accepted = 0;
            while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
            {
                var saying = new Saying
                {
                    Session = $"admin/s{Interlocked.Increment(ref turn) % Sessions}",
                    Text = Sample.Message,
                    ClientId = Guid.NewGuid().ToString("N"),
                };
                var said = await silo.User<IUserTalk>(caller % users).SayAsync(saying, CancellationToken.None);
                accepted += said.State == "accepted" ? 1 : throw new InvalidOperationException($"A message ended as {said.State}.");
            }

            return accepted;
        })));
        return counts.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    // An event is a record and a key, as the path writes them; 50 events to a transaction of one connection, nothing checked.
    private static async Task<double> InsertAsync(string connectionString, double seconds)
    {
        GC.Collect();
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        var grain = $"raw/{Guid.NewGuid():N}";
        var body = new byte[Bytes];
        Random.Shared.NextBytes(body);
        var bodies = Enumerable.Repeat(body, Batch).ToArray();
        var count = 0L;
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            await using var batch = new NpgsqlBatch(connection);
            var first = count;
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                "INSERT INTO log (grain, position, claim, kind, version, body, at) SELECT $1, position, 1, 'raw', 1, body, now() FROM unnest($2, $3) AS r (position, body)")
            {
                Parameters = { new() { Value = grain }, new() { Value = Enumerable.Range(1, Batch).Select(i => first + i).ToArray() }, new() { Value = bodies } },
            });
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                "INSERT INTO log_key (grain, scope, key, position, at) SELECT $1, 'message', key, 1, now() FROM unnest($2) AS k (key)")
            {
                Parameters = { new() { Value = grain }, new() { Value = Enumerable.Range(0, Batch).Select(_ => $"console:u1 {Guid.NewGuid():N}").ToArray() } },
            });
            await batch.PrepareAsync();
            await batch.ExecuteNonQueryAsync();
            count += Batch;
        }

        var rate = count / Stopwatch.GetElapsedTime(start).TotalSeconds;
        await NumberAsync(connectionString, $"WITH gone AS (DELETE FROM log WHERE grain = '{grain}') SELECT 0");
        return rate;
    }

    private static async Task<long> NumberAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }
}
