using System.Diagnostics;
using Cluster.Core.Events;
using Cluster.Storage.Engines;
using Npgsql;
using NpgsqlTypes;

namespace Cluster.Storage.Mailboxes;

/// <summary>
/// Commits what waited at the appender without any transaction that could be left open: a node that freezes here holds nobody up. Two
/// commands reach the server together and commit together. The first holds the allowlists' versions; the second takes ids in the order
/// of arrival, then dedupe keys in their own order, so that two nodes cannot wait for each other, then writes what had all its keys.
/// </summary>
public sealed class PostgresAppendStore(PostgresEngine engine, MailboxLimits limits) : IAppendStore
{
    private readonly MailboxFill _fill = new(limits.Waiting);

    public async Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<PackedSubmission> submissions, CancellationToken ct)
    {
        var outcomes = new AppendOutcome?[submissions.Count];
        var left = Enumerable.Range(0, submissions.Count).ToList();
        while (left.Count > 0)
        {
            var (now, later) = Split(left, submissions);
            var lost = await AppendAsync(now.ConvertAll(i => submissions[i]), now, outcomes, ct);

            // Another node took a key of these at the same moment: they are looked at again, and found to be repeats.
            left = [.. lost, .. later];
        }

        return outcomes!;
    }

    // One statement takes each key once: a repeat within the batch comes with the next statement.
    private static (List<int> Now, List<int> Later) Split(List<int> left, IReadOnlyList<PackedSubmission> submissions)
    {
        var keys = new HashSet<string>();
        var (now, later) = (new List<int>(left.Count), new List<int>());
        foreach (var i in left)
        {
            var own = submissions[i].Submission.DedupeKeys;
            if (own.Any(keys.Contains))
            {
                later.Add(i);
            }
            else
            {
                now.Add(i);
            }

            keys.UnionWith(own);
        }

        return (now, later);
    }

    private async Task<List<int>> AppendAsync(List<PackedSubmission> rows, List<int> places, AppendOutcome?[] outcomes, CancellationToken ct)
    {
        var now = engine.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        var full = await FullAsync(rows, now, ct);
        var (woken, shown) = (new HashSet<Wake>(), new HashSet<string>());
        var lost = new List<(int Row, long Id)>();
        await engine.BatchAsync(
            async batch =>
            {
                var hold = new NpgsqlBatchCommand(Hold);
                hold.Parameters.Add(Text(rows.Select(row => row.Submission.Session.ToString()).Distinct()));
                batch.BatchCommands.Add(hold);
                batch.BatchCommands.Add(Write(rows, full, now));
                await using var reader = await batch.ExecuteReaderAsync(ct);
                await reader.NextResultAsync(ct);
                for (var row = 0; await reader.ReadAsync(ct); row++)
                {
                    var session = rows[row].Submission.Session.ToString();
                    if (reader.GetInt64(1) != rows[row].Submission.AccessVersion)
                    {
                        outcomes[places[row]] = new AppendOutcome.Stale();
                    }
                    else if (!reader.IsDBNull(2))
                    {
                        outcomes[places[row]] = new AppendOutcome.Duplicate(reader.GetInt64(2));
                        shown.Add(session);
                    }
                    else if (reader.GetBoolean(3))
                    {
                        outcomes[places[row]] = new AppendOutcome.Accepted(reader.GetInt64(0));
                        woken.Add(new Wake(session));
                    }
                    else if (full[row])
                    {
                        outcomes[places[row]] = new AppendOutcome.MailboxFull(limits.Waiting);
                    }
                    else
                    {
                        lost.Add((row, reader.GetInt64(0)));
                    }
                }

                return true;
            },
            ct);
        engine.Raise(woken, shown);
        if (lost.Count > 0)
        {
            await FreeKeysAsync(lost, rows, ct);
        }

        return lost.ConvertAll(one => places[one.Row]);
    }

    // Keys that were taken for an event that was not written, since another key of it was not to be had.
    private Task<int> FreeKeysAsync(List<(int Row, long Id)> lost, List<PackedSubmission> rows, CancellationToken ct) =>
        engine.TurnAsync(
            turn => turn.Db.ExecuteAsync(
                "DELETE FROM dedupe WHERE key = ANY(@keys) AND event_id = ANY(@events)",
                ("@keys", lost.SelectMany(one => rows[one.Row].Submission.DedupeKeys).ToArray()),
                ("@events", lost.Select(one => one.Id).ToArray())),
            ct);

    private async Task<bool[]> FullAsync(List<PackedSubmission> rows, long now, CancellationToken ct)
    {
        var asked = rows.Where(row => row.Submission.FilterReason is null).Select(row => row.Submission.Session.ToString()).Distinct();
        var uncounted = asked.Where(session => _fill.MustCount(session, now)).ToArray();
        if (uncounted.Length > 0)
        {
            await engine.ReadAsync(
                async db =>
                {
                    await db.RowsAsync(Count, r => _fill.Counted(r.GetString(0), (int)r.GetInt64(1), now), ("@sessions", uncounted), ("@limit", limits.Waiting));
                    return true;
                },
                ct);
        }

        return [.. rows.Select(row => row.Submission.FilterReason is null && !_fill.TryAdd(row.Submission.Session.ToString()))];
    }

    private static NpgsqlBatchCommand Write(List<PackedSubmission> rows, bool[] full, long now)
    {
        var submissions = rows.ConvertAll(row => row.Submission);
        Debug.Assert(submissions.TrueForAll(s => s.DedupeKeys.Count <= 2), "The statement has room for two keys.");
        return new NpgsqlBatchCommand(Append)
        {
            Parameters =
            {
                Text(submissions.Select(s => s.Session.ToString())),
                Numbers(submissions.Select(s => s.AccessVersion)),
                Text(submissions.Select(s => s.DedupeKeys.ElementAtOrDefault(0))),
                Text(submissions.Select(s => s.DedupeKeys.ElementAtOrDefault(1))),
                new() { Value = full, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Boolean },
                Text(submissions.Select(s => DeliveryRules.Word(s.Kind))),
                Text(submissions.Select(s => s.Name)),
                Text(submissions.Select(s => s.Sender.Value)),
                Text(submissions.Select(s => s.ChatId)),
                Text(submissions.Select(s => s.Trust)),
                new() { Value = rows.Select(row => row.Body).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
                new() { Value = rows.Select(row => row.Payload).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
                Numbers(submissions.Select(s => s.At.ToUnixTimeMilliseconds())),
                Numbers(submissions.Select(s => (s.At + (s.KeepWaiting ?? DeliveryRules.KeepWaiting)).ToUnixTimeMilliseconds())),
                Numbers(submissions.Select(s => (s.At + s.KeysKept).ToUnixTimeMilliseconds())),
                Numbers(submissions.Select(s => (long)DeliveryRules.Priority(s.Kind, s.Urgent))),
                Text(submissions.Select(s => s.FilterReason)),
                Text(submissions.Select(s => s.Verified)),
                Text(submissions.Select(s => s.Route)),
                Text(submissions.Select(DeliveryRules.First)),
                Numbers(submissions.Select(s => s.Hold?.Until.ToUnixTimeMilliseconds())),
                Numbers(submissions.Select(s => s.Hold?.Limit.ToUnixTimeMilliseconds())),
                Text(submissions.Select(s => s.Hold?.Fold)),
                Text(submissions.Select(s => s.Subject)),
                Numbers(submissions.Select(s => s.Subject is null ? (long?)null : s.SubjectStep)),
                Numbers(submissions.Select(s => s.Hold is { Recovers: true } ? 1 : (long?)null)),
                Numbers(submissions.Select(s => s.WatchFrom?.ToUnixTimeMilliseconds())),
                Numbers(submissions.Select(s => (s.At + (s.SecondKeyKept ?? s.KeysKept)).ToUnixTimeMilliseconds())),
                new() { Value = now, NpgsqlDbType = NpgsqlDbType.Bigint },
            },
        };
    }

    private static NpgsqlParameter Text(IEnumerable<string?> values) =>
        new() { Value = values.Select(value => value is null ? null : PostgresText.Fit(value)).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    private static NpgsqlParameter Numbers(IEnumerable<long> values) =>
        new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    private static NpgsqlParameter Numbers(IEnumerable<long?> values) =>
        new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    // In one order on every node. What runs after it sees versions that cannot change before the commit.
    private const string Hold = "SELECT version FROM access WHERE session_id = ANY($1) ORDER BY session_id FOR SHARE";

    private const string Count = """
        SELECT named.id, (SELECT COUNT(*) FROM (
          SELECT 1 FROM delivery d WHERE d.session_id = named.id AND d.state IN ('queued', 'sent') AND d.priority >= 0
          ORDER BY d.priority, d.event_id LIMIT @limit) AS waiting) + (SELECT COUNT(*) FROM (
          SELECT 1 FROM delivery d WHERE d.session_id = named.id AND d.state = 'held' AND d.held_limit > 0 LIMIT @limit) AS waiting)
        FROM unnest(@sessions) AS named (id)
        """;

    // Repeats are known before anything is taken, unless another node takes the same key at this moment: then this event lacks a key,
    // and is not written. What comes after a recovery that is not decided yet waits behind it (EventRows). IN over a list of one's own is a hash here, whatever the number of rows; a join might not be.
    private const string Append = """
        WITH submitted AS MATERIALIZED (
          SELECT s.*, nextval('ids') AS id,
            COALESCE((SELECT a.version FROM access a WHERE a.session_id = s.session_id), -1) AS held,
            (SELECT MIN(d.event_id) FROM dedupe d WHERE d.key IN (s.key1, s.key2) AND d.expires_at > $29) AS known
          FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
            $20, $21, $22, $23, $24, $25, $26, $27, $28) WITH ORDINALITY AS s (
            session_id, version, key1, key2, is_full, kind, name, sender, chat_id, trust, body, payload, at, expires_at, keys_until,
            priority, filter, verified, route, first_state, held_until, held_limit, fold, subject, subject_step, recovers, watch_at, key2_until, place)
        ), taken AS (
          INSERT INTO dedupe (key, event_id, expires_at)
          SELECT key, id, keys_until FROM (
            SELECT key1 AS key, id, keys_until FROM submitted
              WHERE key1 IS NOT NULL AND held = version AND known IS NULL AND NOT is_full
            UNION ALL
            SELECT key2, id, key2_until FROM submitted
              WHERE key2 IS NOT NULL AND held = version AND known IS NULL AND NOT is_full) AS wanted
          ORDER BY key
          ON CONFLICT (key) DO UPDATE SET event_id = excluded.event_id, expires_at = excluded.expires_at
            WHERE dedupe.expires_at <= $29
          RETURNING key
        ), judged AS MATERIALIZED (
          SELECT submitted.*, held = version AND known IS NULL AND NOT is_full
            AND (key1 IS NULL OR key1 IN (SELECT key FROM taken)) AND (key2 IS NULL OR key2 IN (SELECT key FROM taken)) AS written,
            CASE WHEN subject IS NULL OR first_state <> 'queued' THEN false ELSE EXISTS (
              SELECT 1 FROM delivery r
              WHERE r.subject = submitted.subject AND r.session_id = submitted.session_id AND r.state IN ('held', 'queued') AND r.state = 'held' AND r.recovers = 1)
            OR EXISTS (
              SELECT 1 FROM submitted r
              WHERE r.subject = submitted.subject AND r.session_id = submitted.session_id AND r.recovers = 1 AND r.place < submitted.place) END AS behind
          FROM submitted
        ), events AS (
          INSERT INTO event (id, kind, name, sender, chat_id, trust, body, payload, created_at, verified, route)
          SELECT id, kind, name, sender, chat_id, trust, body, payload, at, verified, route FROM judged WHERE written ORDER BY id
        ), deliveries AS (
          INSERT INTO delivery (
            session_id, event_id, chat_id, priority, state, reason, attempts, queued_at, expires_at, held_until, held_limit, fold,
            subject, subject_step, recovers, watch_at)
          SELECT session_id, id, chat_id, priority, CASE WHEN behind THEN 'held' ELSE first_state END, filter, 0, at, expires_at,
            CASE WHEN behind THEN at ELSE held_until END, CASE WHEN behind THEN at ELSE held_limit END, fold,
            subject, subject_step, recovers, watch_at
          FROM judged WHERE written ORDER BY id
        ), notes AS (
          INSERT INTO event_note (event_id, at, note)
          SELECT known, $29, 'duplicate dropped' FROM judged WHERE known IS NOT NULL AND held = version
        )
        SELECT id, held, known, written FROM judged ORDER BY place
        """;
}
