using Cluster.Core.Logs;
using Npgsql;

namespace Cluster.Next.Storage.Postgres;

internal sealed partial class PostgresStore
{
    private const int CutAtOnce = 1000; // records that one statement removes

    public Task<LogOpening> OpenAsync(LogId log, CancellationToken ct)
    {
        const string Snapshots = """
            SELECT l.position, l.claim, l.kind, l.version, l.body, l.at, s.hash, s.form, s.body
            FROM log_snapshot AS s JOIN log AS l ON l.grain = s.grain AND l.position = s.position
            WHERE s.grain = $1
            ORDER BY s.position DESC
            """;
        const string Records = """
            SELECT position, claim, kind, version, body, at
            FROM log
            WHERE grain = $1 AND position > COALESCE(
                (SELECT min(s.position) FROM log_snapshot AS s JOIN log AS l ON l.grain = s.grain AND l.position = s.position WHERE s.grain = $1), 0)
            ORDER BY position
            """;
        const string Audit = """
            SELECT number, position, body, chain FROM log_audit WHERE grain = $1 ORDER BY number DESC LIMIT 1
            """;
        const string Due = """
            SELECT at FROM log_due WHERE grain = $1
            """;
        return connections.ReadAsync(
            async db =>
            {
                await using var batch = db.CreateBatch();
                foreach (var sql in new[] { Snapshots, Records, Audit, Due })
                {
                    batch.BatchCommands.Add(new NpgsqlBatchCommand(sql) { Parameters = { Text(log) } });
                }

                await using var reader = await batch.ExecuteReaderAsync(ct);
                var kept = await ReadAllAsync(
                    reader,
                    row => (Record: Record(row), Snapshot: new LogSnapshot(row.GetInt64(0), row.GetString(6), row.GetInt32(7), row.GetFieldValue<byte[]>(8))),
                    ct);
                await reader.NextResultAsync(ct);
                var records = await ReadAllAsync(reader, Record, ct);
                await reader.NextResultAsync(ct);
                var audits = await ReadAllAsync(reader, AuditRow, ct);
                await reader.NextResultAsync(ct);
                var due = await ReadAllAsync(reader, row => row.GetFieldValue<DateTimeOffset>(0), ct);
                await reader.DisposeAsync();

                var snapshots = kept.Where(s => s.Record.Hash() == s.Snapshot.Hash).Select(s => s.Snapshot).ToList();
                if (snapshots.Count == 0 && kept.Count > 0)
                {
                    records = await ReadAsync(db, log, 0, int.MaxValue, ct); // none of them belongs to this log
                }

                var from = snapshots.Count > 0 ? snapshots[^1].Position : 0;
                return new LogOpening
                {
                    Snapshots = snapshots,
                    Records = records.FindAll(record => record.Position > from),
                    LastAudit = audits.FirstOrDefault(),
                    Due = due.Count > 0 ? due[0] : null,
                };
            },
            ct);
    }

    public async Task<IReadOnlyList<LogRecord>> ReadAsync(LogId log, long after, int limit, CancellationToken ct) =>
        await connections.ReadAsync(db => ReadAsync(db, log, after, limit, ct), ct);

    public async Task<IReadOnlyList<LogRecord>> ReadBackAsync(LogId log, long before, int limit, CancellationToken ct)
    {
        const string Sql = """
            SELECT position, claim, kind, version, body, at
            FROM log
            WHERE grain = $1 AND position < $2
            ORDER BY position DESC
            LIMIT $3
            """;
        return await connections.ReadAsync(db => RowsAsync(db, Sql, Record, ct, Text(log), Number(before), Number(limit)), ct);
    }

    public async Task CutAsync(LogId log, long before, CancellationToken ct)
    {
        const string Floor = """
            WITH removed AS (SELECT COALESCE(max(position), 0) AS position FROM log WHERE grain = $1 AND position <= $2 AND kind = 'removed')
            SELECT LEAST(
                $2,
                COALESCE((SELECT max(position) FROM log WHERE grain = $1), 0),
                (SELECT min(s.position) FROM log_snapshot AS s, removed WHERE s.grain = $1 AND s.position >= removed.position))
            """;
        const string Records = """
            DELETE FROM log
            WHERE grain = $1 AND position = ANY (ARRAY(
                SELECT position FROM log WHERE grain = $1 AND position < $2 AND kind <> 'claim' ORDER BY position LIMIT $3))
            """;
        const string Snapshots = """
            DELETE FROM log_snapshot WHERE grain = $1 AND position < $2
            """;
        var floor = (await connections.ReadAsync(db => RowsAsync(db, Floor, row => row.GetInt64(0), ct, Text(log), Number(before)), ct))[0];
        await connections.WriteAsync(db => ExecuteAsync(db, Snapshots, ct, Text(log), Number(floor)), ct);
        while (await connections.WriteAsync(db => ExecuteAsync(db, Records, ct, Text(log), Number(floor), Number(CutAtOnce)), ct) == CutAtOnce)
        {
        }
    }

    public async Task SaveSnapshotAsync(LogId log, LogSnapshot snapshot, CancellationToken ct)
    {
        const string Keep = """
            INSERT INTO log_snapshot (grain, position, hash, form, body) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (grain, position) DO UPDATE SET hash = excluded.hash, form = excluded.form, body = excluded.body
            """;
        const string Older = """
            DELETE FROM log_snapshot
            WHERE grain = $1 AND position < (SELECT position FROM log_snapshot WHERE grain = $1 ORDER BY position DESC OFFSET 1 LIMIT 1)
            """;
        var at = await ReadAsync(log, snapshot.Position - 1, 1, ct);
        if (at is not [var record] || record.Position != snapshot.Position || record.Hash() != snapshot.Hash)
        {
            return;
        }

        await connections.WriteAsync(
            async db =>
            {
                await using var batch = db.CreateBatch();
                batch.BatchCommands.Add(new NpgsqlBatchCommand(Keep)
                {
                    Parameters = { Text(log), Number(snapshot.Position), Text(snapshot.Hash), Number(snapshot.Form), Bytes(snapshot.Body) },
                });
                batch.BatchCommands.Add(new NpgsqlBatchCommand(Older) { Parameters = { Text(log) } });
                return await batch.ExecuteNonQueryAsync(ct);
            },
            ct);
    }

    private static async Task<List<LogRecord>> ReadAsync(NpgsqlConnection db, LogId log, long after, int limit, CancellationToken ct)
    {
        const string Sql = """
            SELECT position, claim, kind, version, body, at
            FROM log
            WHERE grain = $1 AND position > $2
            ORDER BY position
            LIMIT $3
            """;
        return await RowsAsync(db, Sql, Record, ct, Text(log), Number(after), Number(limit));
    }

    private static LogRecord Record(NpgsqlDataReader row) => new()
    {
        Position = row.GetInt64(0),
        Claim = row.GetInt64(1),
        Kind = row.GetString(2),
        Version = row.GetInt32(3),
        Body = row.GetFieldValue<byte[]>(4),
        At = row.GetFieldValue<DateTimeOffset>(5),
    };

    private static AuditRow AuditRow(NpgsqlDataReader row) =>
        new(row.GetInt64(0), row.GetInt64(1), row.GetFieldValue<byte[]>(2), row.GetFieldValue<byte[]>(3));
}
