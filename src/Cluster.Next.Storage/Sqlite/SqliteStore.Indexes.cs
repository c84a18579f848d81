using Cluster.Core.Logs;

namespace Cluster.Next.Storage.Sqlite;

internal sealed partial class SqliteStore
{
    private const int ForgetAtOnce = 5000; // keys that one transaction removes

    public async Task<IReadOnlyList<KnownKey>> FindKnownAsync(LogId log, IReadOnlyList<(string Scope, string Key)> keys, CancellationToken ct)
    {
        const string Sql = """
            SELECT scope, key, position, at FROM log_key WHERE grain = @grain AND scope = @scope AND key = @key
            """;
        return keys.Count == 0 ? [] : await _connections.ReadAsync(
            db => keys.Distinct().SelectMany(key => db.Rows(
                Sql, row => new KnownKey(row.GetString(0), row.GetString(1), row.GetInt64(2), row.Time(3)),
                ("@grain", log.ToString()), ("@scope", key.Scope), ("@key", key.Key))).ToList(),
            ct);
    }

    public async Task<int> ForgetKeysAsync(DateOnly before, CancellationToken ct)
    {
        const string Sql = """
            DELETE FROM log_key
            WHERE (grain, scope, key) IN (SELECT grain, scope, key FROM log_key WHERE at < @midnight ORDER BY at LIMIT @limit)
            """;
        var midnight = new DateTimeOffset(before, TimeOnly.MinValue, TimeSpan.Zero).Stored();
        for (var forgotten = 0; ;)
        {
            var gone = await _connections.WriteAsync(db => db.Execute(Sql, ("@midnight", midnight), ("@limit", ForgetAtOnce)), ct);
            forgotten += gone;
            if (gone < ForgetAtOnce)
            {
                return forgotten;
            }
        }
    }

    public async Task<IReadOnlyList<IndexRow>> FindAsync(string index, string key, LogId? after, int limit, CancellationToken ct)
    {
        const string Sql = """
            SELECT grain, value
            FROM log_index
            WHERE name = @name AND key = @key AND grain > @after
            ORDER BY grain
            LIMIT @limit
            """;
        return await _connections.ReadAsync(
            db => db.Rows(
                Sql, row => new IndexRow(new IndexEntry(index, key, LogId.Parse(row.GetString(0))), row.GetString(1)),
                ("@name", index), ("@key", key), ("@after", after?.ToString() ?? ""), ("@limit", limit)),
            ct);
    }

    public async Task<IReadOnlyList<DueRow>> DueAsync(int limit, CancellationToken ct)
    {
        const string Sql = """
            SELECT grain, at, failures FROM log_due WHERE at <= @now ORDER BY at, grain LIMIT @limit
            """;
        return await _connections.ReadAsync(
            db => db.Rows(
                Sql, row => new DueRow(LogId.Parse(row.GetString(0)), row.Time(1), row.GetInt32(2)), ("@now", Now.Stored()), ("@limit", limit)),
            ct);
    }

    public Task PutOffAsync(DueRow row, DateTimeOffset until, CancellationToken ct)
    {
        const string Sql = """
            UPDATE log_due SET at = @until, failures = failures + 1 WHERE grain = @grain AND at = @at AND failures = @failures
            """;
        return _connections.WriteAsync(
            db => db.Execute(
                Sql, ("@until", until.Stored()), ("@grain", row.Grain.ToString()), ("@at", row.At.Stored()), ("@failures", row.Failures)),
            ct);
    }

    public async Task<IReadOnlyList<AuditRow>> ReadAuditAsync(LogId log, long after, int limit, CancellationToken ct)
    {
        const string Sql = """
            SELECT number, position, body, chain FROM log_audit WHERE grain = @grain AND number > @after ORDER BY number LIMIT @limit
            """;
        return await _connections.ReadAsync(
            db => db.Rows(Sql, AuditRow, ("@grain", log.ToString()), ("@after", after), ("@limit", limit)), ct);
    }
}
