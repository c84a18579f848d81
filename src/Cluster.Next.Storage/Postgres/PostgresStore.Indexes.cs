using Cluster.Core.Logs;
using Cluster.Next.Storage.Writing;
using NpgsqlTypes;

namespace Cluster.Next.Storage.Postgres;

internal sealed partial class PostgresStore
{
    private const int ForgetAtOnce = 5000; // keys that one statement removes

    public async Task<IReadOnlyList<KnownKey>> FindKnownAsync(LogId log, IReadOnlyList<(string Scope, string Key)> keys, CancellationToken ct)
    {
        const string Sql = """
            SELECT k.scope, k.key, k.position, k.at
            FROM unnest($2, $3) AS asked (scope, key) JOIN log_key AS k ON k.grain = $1 AND k.scope = asked.scope AND k.key = asked.key
            """;
        var asked = keys.Where(key => AppendRules.IsStorable(key.Scope) && AppendRules.IsStorable(key.Key)).Distinct().ToList();
        return asked.Count == 0 ? [] : await connections.ReadAsync(
            db => RowsAsync(
                db, Sql, row => new KnownKey(row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetFieldValue<DateTimeOffset>(3)), ct,
                Text(log),
                new() { Value = asked.Select(key => key.Scope).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = asked.Select(key => key.Key).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text }),
            ct);
    }

    public async Task<int> ForgetKeysAsync(DateOnly before, CancellationToken ct)
    {
        const string Sql = """
            DELETE FROM log_key WHERE ctid = ANY (ARRAY(SELECT ctid FROM log_key WHERE at < $1 ORDER BY at LIMIT $2))
            """;
        var midnight = new DateTimeOffset(before, TimeOnly.MinValue, TimeSpan.Zero);
        for (var forgotten = 0; ;)
        {
            var gone = await connections.WriteAsync(db => ExecuteAsync(db, Sql, ct, Moment(midnight), Number(ForgetAtOnce)), ct);
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
            WHERE name = $1 AND key = $2 AND grain > $3
            ORDER BY grain
            LIMIT $4
            """;
        return !AppendRules.IsStorable(key) ? [] : await connections.ReadAsync(
            db => RowsAsync(
                db, Sql, row => new IndexRow(new IndexEntry(index, key, LogId.Parse(row.GetString(0))), row.GetString(1)), ct,
                Text(index), Text(key), Text(after?.ToString() ?? ""), Number(limit)),
            ct);
    }

    public async Task<IReadOnlyList<DueRow>> DueAsync(int limit, CancellationToken ct)
    {
        const string Sql = """
            SELECT grain, at, failures FROM log_due WHERE at <= now() ORDER BY at, grain LIMIT $1
            """;
        return await connections.ReadAsync(
            db => RowsAsync(
                db, Sql, row => new DueRow(LogId.Parse(row.GetString(0)), row.GetFieldValue<DateTimeOffset>(1), row.GetInt32(2)), ct, Number(limit)),
            ct);
    }

    public Task PutOffAsync(DueRow row, DateTimeOffset until, CancellationToken ct)
    {
        const string Sql = """
            UPDATE log_due SET at = $4, failures = failures + 1 WHERE grain = $1 AND at = $2 AND failures = $3
            """;
        return connections.WriteAsync(
            db => ExecuteAsync(db, Sql, ct, Text(row.Grain), Moment(row.At), Number(row.Failures), Moment(until)), ct);
    }

    public async Task<IReadOnlyList<AuditRow>> ReadAuditAsync(LogId log, long after, int limit, CancellationToken ct)
    {
        const string Sql = """
            SELECT number, position, body, chain FROM log_audit WHERE grain = $1 AND number > $2 ORDER BY number LIMIT $3
            """;
        return await connections.ReadAsync(db => RowsAsync(db, Sql, AuditRow, ct, Text(log), Number(after), Number(limit)), ct);
    }
}
