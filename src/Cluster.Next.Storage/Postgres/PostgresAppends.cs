using Cluster.Core.Logs;
using Npgsql;
using NpgsqlTypes;

namespace Cluster.Next.Storage.Postgres;

/// <summary>Fills the one batch of commands that a trip is. It has no transaction of its own that could be left open: the server makes
/// one of it, all or nothing, in one round trip. What touches rows that two nodes may share is sorted, so that they wait for each other
/// in one order.</summary>
internal static class PostgresAppends
{
    // Who comes to a position that somebody has taken meets the primary key, also when that one has not committed yet. Besides, a grain
    // must stand where its log ends: else its first position becomes null, which the column refuses. So nobody writes into what was cut,
    // and none goes on behind records that the server has lost, as one that was restored or has failed over may have.
    private const string Records = """
        INSERT INTO log (grain, position, claim, kind, version, body, at)
        SELECT r.grain,
               CASE WHEN r.expected IS NULL OR r.expected = COALESCE((SELECT max(l.position) FROM log AS l WHERE l.grain = r.grain), 0)
                    THEN r.position END,
               r.claim, r.kind, r.version, r.body, now()
        FROM unnest($1, $2, $3, $4, $5, $6, $7) AS r (grain, expected, position, claim, kind, version, body)
        """;

    private const string Keys = """
        INSERT INTO log_key (grain, scope, key, position, at)
        SELECT k.grain, k.scope, k.key, k.position, now()
        FROM unnest($1, $2, $3, $4) AS k (grain, scope, key, position)
        """;

    private const string IndexRemoves = """
        DELETE FROM log_index AS i
        USING unnest($1, $2, $3) AS gone (name, key, grain)
        WHERE i.name = gone.name AND i.key = gone.key AND i.grain = gone.grain
        """;

    private const string IndexPuts = """
        INSERT INTO log_index (name, key, grain, value)
        SELECT p.name, p.key, p.grain, p.value
        FROM unnest($1, $2, $3, $4) AS p (name, key, grain, value)
        ON CONFLICT (name, key, grain) DO UPDATE SET value = excluded.value
        """;

    private const string DueClears = """
        DELETE FROM log_due WHERE grain = ANY ($1)
        """;

    private const string DueSets = """
        INSERT INTO log_due (grain, at)
        SELECT d.grain, d.at
        FROM unnest($1, $2) AS d (grain, at)
        ON CONFLICT (grain) DO UPDATE SET at = excluded.at, failures = 0
        """;

    private const string Audits = """
        INSERT INTO log_audit (grain, number, position, body, chain)
        SELECT a.grain, a.number, a.position, a.body, a.chain
        FROM unnest($1, $2, $3, $4, $5) AS a (grain, number, position, body, chain)
        """;

    // The time of the transaction, so that it is exactly that of the records.
    private const string Time = """
        SELECT now()
        """;

    /// <param name="batch">An empty one.</param>
    /// <param name="appends">At most one of a log, in the order of their logs.</param>
    public static void Fill(NpgsqlBatch batch, ReadOnlySpan<LogAppend> appends)
    {
        var all = appends.ToArray();
        var records = all.SelectMany(a => a.Records.Select((record, i) => (Append: a, Record: record, Nth: i))).ToList();
        Add(
            batch, Records,
            Texts(records, r => r.Append.Log.ToString()),
            Of(records, r => r.Nth == 0 ? r.Append.Expected : (long?)null, NpgsqlDbType.Bigint),
            Numbers(records, r => r.Append.Expected + 1 + r.Nth),
            Numbers(records, r => r.Append.Claim),
            Texts(records, r => r.Record.Kind),
            Of(records, r => r.Record.Version, NpgsqlDbType.Integer),
            Bodies(records, r => r.Record.Body));

        var keys = all.SelectMany(a => a.Beside.Keys.Select(key => (a.Log, Key: key))).ToList();
        AddIfAny(
            batch, keys.Count, Keys,
            () => [Texts(keys, k => k.Log.ToString()), Texts(keys, k => k.Key.Scope), Texts(keys, k => k.Key.Key), Numbers(keys, k => k.Key.Position)]);

        FillIndex(batch, all);

        var clears = all.Where(a => a.Beside.Due is { At: null }).ToList();
        AddIfAny(batch, clears.Count, DueClears, () => [Texts(clears, a => a.Log.ToString())]);

        var sets = all.Where(a => a.Beside.Due is { At: not null }).ToList();
        AddIfAny(
            batch, sets.Count, DueSets,
            () => [Texts(sets, a => a.Log.ToString()), Of(sets, a => a.Beside.Due!.At!.Value.ToUniversalTime(), NpgsqlDbType.TimestampTz)]);

        var audits = all.SelectMany(a => a.Beside.Audits.Select(row => (a.Log, Row: row))).ToList();
        AddIfAny(
            batch, audits.Count, Audits,
            () =>
            [
                Texts(audits, a => a.Log.ToString()), Numbers(audits, a => a.Row.Number), Numbers(audits, a => a.Row.Position),
                Bodies(audits, a => a.Row.Body), Bodies(audits, a => a.Row.Chain),
            ]);

        Add(batch, Time);
    }

    // One statement may touch a row once only: the last word on each entry counts.
    private static void FillIndex(NpgsqlBatch batch, LogAppend[] appends)
    {
        var last = new Dictionary<IndexEntry, string?>();
        foreach (var beside in appends.Select(a => a.Beside))
        {
            foreach (var gone in beside.Removes)
            {
                last[gone] = null;
            }

            foreach (var put in beside.Puts)
            {
                last[put.Entry] = put.Value;
            }
        }

        var entries = last
            .OrderBy(e => e.Key.Index, StringComparer.Ordinal).ThenBy(e => e.Key.Key, StringComparer.Ordinal)
            .ThenBy(e => e.Key.Grain.ToString(), StringComparer.Ordinal).ToLookup(e => e.Value is null);
        NpgsqlParameter[] Names(List<KeyValuePair<IndexEntry, string?>> some) =>
            [Texts(some, e => e.Key.Index), Texts(some, e => e.Key.Key), Texts(some, e => e.Key.Grain.ToString())];

        var (removes, puts) = (entries[true].ToList(), entries[false].ToList());
        AddIfAny(batch, removes.Count, IndexRemoves, () => Names(removes));
        AddIfAny(batch, puts.Count, IndexPuts, () => [.. Names(puts), Texts(puts, e => e.Value!)]);
    }

    private static void AddIfAny(NpgsqlBatch batch, int count, string sql, Func<NpgsqlParameter[]> parameters)
    {
        if (count > 0)
        {
            Add(batch, sql, parameters());
        }
    }

    private static void Add(NpgsqlBatch batch, string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        batch.BatchCommands.Add(command);
    }

    private static NpgsqlParameter<string[]> Texts<T>(List<T> rows, Func<T, string> text) => Of(rows, text, NpgsqlDbType.Text);

    private static NpgsqlParameter<long[]> Numbers<T>(List<T> rows, Func<T, long> number) => Of(rows, number, NpgsqlDbType.Bigint);

    private static NpgsqlParameter<ReadOnlyMemory<byte>[]> Bodies<T>(List<T> rows, Func<T, ReadOnlyMemory<byte>> body) => Of(rows, body, NpgsqlDbType.Bytea);

    private static NpgsqlParameter<TValue[]> Of<T, TValue>(List<T> rows, Func<T, TValue> value, NpgsqlDbType type) =>
        new() { TypedValue = [.. rows.Select(value)], NpgsqlDbType = NpgsqlDbType.Array | type };
}
