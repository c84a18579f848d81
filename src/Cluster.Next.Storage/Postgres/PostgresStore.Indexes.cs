using Cluster.Core.Logs;
using Cluster.Next.Storage.Writing;
using Npgsql;
using NpgsqlTypes;

namespace Cluster.Next.Storage.Postgres;

internal sealed partial class PostgresStore
{
    private const int ForgetAtOnce = 5000; // keys that one statement removes

    private const int LookUpsAtOnce = 2;

    // Each message brings a key, and a trip for each costs more than its append.
    private readonly GatheredReads<(string Log, List<(string Scope, string Key)> Keys), IReadOnlyList<KnownKey>> _lookUps =
        new(asks => LookUpAsync(connections, asks), LookUpsAtOnce);

    public async Task<IReadOnlyList<KnownKey>> FindKnownAsync(LogId log, IReadOnlyList<(string Scope, string Key)> keys, CancellationToken ct)
    {
        var asked = keys.Where(key => AppendRules.IsStorable(key.Scope) && AppendRules.IsStorable(key.Key)).Distinct().ToList();
        return asked.Count == 0 || !AppendRules.IsStorable(log.ToString()) ? [] : await _lookUps.AskAsync((log.ToString(), asked)).WaitAsync(ct);
    }

    private static Task<IReadOnlyList<IReadOnlyList<KnownKey>>> LookUpAsync(
        PostgresConnections connections, IReadOnlyList<(string Log, List<(string Scope, string Key)> Keys)> asks)
    {
        const string Sql = """
            SELECT asked.nth, k.scope, k.key, k.position, k.at
            FROM unnest($1, $2, $3, $4) AS asked (nth, grain, scope, key)
            JOIN log_key AS k ON k.grain = asked.grain AND k.scope = asked.scope AND k.key = asked.key
            """;
        var flat = asks.SelectMany((ask, nth) => ask.Keys.Select(key => (Nth: nth, ask.Log, key.Scope, key.Key))).ToList();
        NpgsqlParameter<string[]> Texts(Func<(int Nth, string Log, string Scope, string Key), string> text) =>
            new() { TypedValue = [.. flat.Select(text)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

        return connections.ReadAsync<IReadOnlyList<IReadOnlyList<KnownKey>>>(
            async db =>
            {
                var rows = await RowsAsync(
                    db, Sql,
                    row => (Nth: row.GetInt32(0), Known: new KnownKey(row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetFieldValue<DateTimeOffset>(4))),
                    CancellationToken.None,
                    new NpgsqlParameter<int[]> { TypedValue = [.. flat.Select(one => one.Nth)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer },
                    Texts(one => one.Log), Texts(one => one.Scope), Texts(one => one.Key));
                var known = rows.ToLookup(row => row.Nth, row => row.Known);
                return [.. asks.Select((_, nth) => known[nth].ToList())];
            },
            CancellationToken.None);
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
