using System.Diagnostics;
using Cluster.Benchmarks.Append;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;
using Cluster.Testing;
using Npgsql;

namespace Cluster.Benchmarks.Clusters;

/// <summary>64 callers through the appender against raw multi-row inserts of the same rows into the same tables of PostgreSQL.</summary>
internal static class PostgresAppendBenchmark
{
    private const double Promised = 0.4;
    private const int Callers = 64;
    private const int Batch = 50; // events of a raw insert

    public static async Task RunAsync(Settings settings, Report report)
    {
        var sample = Sample.ChatMessage();
        Report.Title($"append on PostgreSQL: {sample.Name}; {Callers} callers against raw inserts of {Batch} events a transaction");
        var connectionString = await PostgresServer.CreateDatabaseAsync();
        await using (var engine = await PostgresEngine.OpenAsync(
            new PostgresSettings { ConnectionString = connectionString }, TimeProvider.System, CancellationToken.None))
        {
            await new PrincipalStore(engine).EnsureAdminAsync(Sample.Session.Owner, CancellationToken.None);
            await new SessionStore(engine).EnsureAsync(Sample.Session, Sample.Owner.Value, CancellationToken.None);
            var version = (await new AccessStore(engine).FindAsync(Sample.Session, CancellationToken.None))!.Version;
            await AppendAsync(engine, sample, version, 1);
            await InsertAsync(connectionString, sample, version, 1);
            List<double> appended = [], inserted = [];
            for (var pair = 0; pair < settings.Pairs; pair++)
            {
                inserted.Add(await InsertAsync(connectionString, sample, version, settings.Seconds));
                appended.Add(await AppendAsync(engine, sample, version, settings.Seconds));
                Report.Line($"pair {pair + 1}: raw {inserted[^1],7:N0} events/s   append {appended[^1],7:N0} events/s");
            }

            var (ratio, text) = Report.Ratio(appended, inserted);
            Report.Line($"append over raw: {text}; median {Report.Percentile(appended, 0.5):N0} events/s");
            report.Promise("append on PostgreSQL", $"{ratio:P1} of raw rows/s", $"at least {Promised:P0}", ratio >= Promised);
        }

        await PostgresServer.DropDatabaseAsync(connectionString);
    }

    // Each event goes to the next of the sessions; without any to that of the sample.
    public static async Task<double> AppendAsync(PostgresEngine engine, Sample sample, long version, double seconds, IReadOnlyList<SessionId>? sessions = null)
    {
        GC.Collect();
        var start = Stopwatch.GetTimestamp();
        await using var appender = new Appender(engine.Appends(new MailboxLimits { Waiting = int.MaxValue }));
        var turn = 0;
        var counts = await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            var accepted = 0;
            while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
            {
                var next = sample.Next(version);
                next = sessions is null ? next : next with { Session = sessions[Interlocked.Increment(ref turn) % sessions.Count] };
                var outcome = await appender.AppendAsync(next, CancellationToken.None);
                accepted += outcome is AppendOutcome.Accepted ? 1 : throw new InvalidOperationException($"An append ended as {outcome}.");
            }

            return accepted;
        })));
        return counts.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<double> InsertAsync(string connectionString, Sample sample, long version, double seconds)
    {
        GC.Collect();
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        var count = 0;
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            var rows = Enumerable.Range(0, Batch).Select(_ => Appender.Pack(sample.Next(version))).ToList();
            await InsertAsync(connection, rows);
            count += rows.Count;
        }

        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task InsertAsync(NpgsqlConnection connection, List<PackedSubmission> rows)
    {
        await using var batch = new NpgsqlBatch(connection);
        var one = rows[0].Submission;
        var ids = new long[rows.Count];
        await using (var next = new NpgsqlCommand($"SELECT nextval('ids') FROM generate_series(1, {rows.Count})", connection))
        {
            await next.PrepareAsync();
            await using var reader = await next.ExecuteReaderAsync();
            for (var i = 0; await reader.ReadAsync(); i++)
            {
                ids[i] = reader.GetInt64(0);
            }
        }

        Add("INSERT INTO event (id, kind, name, sender, chat_id, trust, body, created_at) SELECT id, 'chat', '', $3, $3, 'owner', body, $4 FROM unnest($1, $2) AS e (id, body)",
            ids, rows.Select(row => row.Body).ToArray(), one.Sender.Value, 0L);
        Add("INSERT INTO delivery (session_id, event_id, chat_id, priority, state, attempts, queued_at, expires_at) SELECT $2, id, $3, 1, 'queued', 0, $4, $4 FROM unnest($1) AS e (id)",
            ids, one.Session.ToString(), one.ChatId, 9_000_000_000_000L);
        Add("INSERT INTO dedupe (key, event_id, expires_at) SELECT key, id, $3 FROM unnest($1, $2) AS k (key, id)",
            rows.SelectMany(row => row.Submission.DedupeKeys).ToArray(), ids.SelectMany(id => new[] { id, id }).ToArray(), 9_000_000_000_000L);
        await batch.PrepareAsync();
        await batch.ExecuteNonQueryAsync();

        void Add(string sql, params object[] values)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var value in values)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            }

            batch.BatchCommands.Add(command);
        }
    }
}
