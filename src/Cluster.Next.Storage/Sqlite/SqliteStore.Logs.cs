using Cluster.Core.Logs;
using Microsoft.Data.Sqlite;

namespace Cluster.Next.Storage.Sqlite;

internal sealed partial class SqliteStore
{
    private const int CutAtOnce = 1000; // records that one transaction removes

    public Task<LogOpening> OpenAsync(LogId log, CancellationToken ct)
    {
        const string Snapshots = """
            SELECT l.position, l.claim, l.kind, l.version, l.body, l.at, s.hash, s.form, s.body
            FROM log_snapshot AS s JOIN log AS l ON l.grain = s.grain AND l.position = s.position
            WHERE s.grain = @grain
            ORDER BY s.position DESC
            """;
        const string Audit = """
            SELECT number, position, body, chain FROM log_audit WHERE grain = @grain ORDER BY number DESC LIMIT 1
            """;
        const string Due = """
            SELECT at FROM log_due WHERE grain = @grain
            """;
        var grain = ("@grain", (object)log.ToString());
        return _connections.ReadAsync(
            db =>
            {
                var kept = db.Rows(
                    Snapshots, row => (Record: Record(row), Snapshot: new LogSnapshot(row.GetInt64(0), row.GetString(6), row.GetInt32(7), row.Bytes(8))), grain);
                var snapshots = kept.Where(s => s.Record.Hash() == s.Snapshot.Hash).Select(s => s.Snapshot).ToList();
                var due = db.Rows(Due, row => row.Time(0), grain);
                return new LogOpening
                {
                    Snapshots = snapshots,
                    Records = Read(db, log, snapshots.Count > 0 ? snapshots[^1].Position : 0, int.MaxValue),
                    LastAudit = db.Rows(Audit, AuditRow, grain).FirstOrDefault(),
                    Due = due.Count > 0 ? due[0] : null,
                };
            },
            ct);
    }

    public async Task<IReadOnlyList<LogRecord>> ReadAsync(LogId log, long after, int limit, CancellationToken ct) =>
        await _connections.ReadAsync(db => Read(db, log, after, limit), ct);

    public async Task<IReadOnlyList<LogRecord>> ReadBackAsync(LogId log, long before, int limit, CancellationToken ct)
    {
        const string Sql = """
            SELECT position, claim, kind, version, body, at
            FROM log
            WHERE grain = @grain AND position < @before
            ORDER BY position DESC
            LIMIT @limit
            """;
        return await _connections.ReadAsync(
            db => db.Rows(Sql, Record, ("@grain", log.ToString()), ("@before", before), ("@limit", limit)), ct);
    }

    public async Task CutAsync(LogId log, long before, CancellationToken ct)
    {
        while (await _connections.WriteAsync(db => Cut(db, log, before), ct) == CutAtOnce)
        {
        }
    }

    public Task SaveSnapshotAsync(LogId log, LogSnapshot snapshot, CancellationToken ct)
    {
        const string Keep = """
            INSERT INTO log_snapshot (grain, position, hash, form, body) VALUES (@grain, @position, @hash, @form, @body)
            ON CONFLICT (grain, position) DO UPDATE SET hash = excluded.hash, form = excluded.form, body = excluded.body
            """;
        const string Older = """
            DELETE FROM log_snapshot
            WHERE grain = @grain AND position < (SELECT position FROM log_snapshot WHERE grain = @grain ORDER BY position DESC LIMIT 1 OFFSET 1)
            """;
        return _connections.WriteAsync(
            db =>
            {
                var belongs = Read(db, log, snapshot.Position - 1, 1) is [var record]
                    && record.Position == snapshot.Position && record.Hash() == snapshot.Hash;
                return belongs
                    ? db.Execute(
                        Keep, ("@grain", log.ToString()), ("@position", snapshot.Position), ("@hash", snapshot.Hash), ("@form", snapshot.Form),
                        ("@body", snapshot.Body.Stored())) + db.Execute(Older, ("@grain", log.ToString()))
                    : 0;
            },
            ct);
    }

    private static int Cut(SqliteConnection db, LogId log, long before)
    {
        const string Floor = """
            WITH removed AS (
                SELECT COALESCE(max(position), 0) AS position FROM log WHERE grain = @grain AND position <= @before AND kind = 'removed')
            SELECT min(
                @before,
                COALESCE((SELECT max(position) FROM log WHERE grain = @grain), 0),
                COALESCE((SELECT min(s.position) FROM log_snapshot AS s, removed WHERE s.grain = @grain AND s.position >= removed.position), @before))
            """;
        const string Snapshots = """
            DELETE FROM log_snapshot WHERE grain = @grain AND position < @floor
            """;
        const string Records = """
            DELETE FROM log
            WHERE grain = @grain AND position IN (
                SELECT position FROM log WHERE grain = @grain AND position < @floor AND kind <> 'claim' ORDER BY position LIMIT @limit)
            """;
        var grain = ("@grain", (object)log.ToString());
        var floor = ("@floor", (object)db.Rows(Floor, row => row.GetInt64(0), grain, ("@before", before))[0]);
        db.Execute(Snapshots, grain, floor);
        return db.Execute(Records, grain, floor, ("@limit", CutAtOnce));
    }

    private static List<LogRecord> Read(SqliteConnection db, LogId log, long after, int limit)
    {
        const string Sql = """
            SELECT position, claim, kind, version, body, at
            FROM log
            WHERE grain = @grain AND position > @after
            ORDER BY position
            LIMIT @limit
            """;
        return db.Rows(Sql, Record, ("@grain", log.ToString()), ("@after", after), ("@limit", limit));
    }

    private static LogRecord Record(SqliteDataReader row) => new()
    {
        Position = row.GetInt64(0),
        Claim = row.GetInt64(1),
        Kind = row.GetString(2),
        Version = row.GetInt32(3),
        Body = row.Bytes(4),
        At = row.Time(5),
    };

    private static AuditRow AuditRow(SqliteDataReader row) => new(row.GetInt64(0), row.GetInt64(1), row.Bytes(2), row.Bytes(3));
}
