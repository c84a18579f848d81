using Cluster.Core.Events;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Mailboxes;

/// <summary>Commits what waited at the appender in one transaction. Dedupe keys are taken before anything is written for an event, and
/// events go in the order of their arrival. An event is written only on the version of the allowlist that admitted its sender.</summary>
public sealed class SqliteAppendStore(SqliteEngine engine, MailboxLimits limits) : IAppendStore
{
    private readonly MailboxFill _fill = new(limits.Waiting);

    public Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<PackedSubmission> submissions, CancellationToken ct) =>
        engine.TurnAsync<IReadOnlyList<AppendOutcome>>(
            async turn =>
            {
                var versions = new Dictionary<string, long?>();
                foreach (var session in submissions.Select(s => s.Submission.Session.ToString()).Distinct().Order(StringComparer.Ordinal))
                {
                    versions[session] = await turn.Db.NumberAsync(
                        "SELECT version FROM access WHERE session_id = @session", ("@session", session));
                }

                var ids = await SqliteEngine.TakeIdsAsync(turn.Db, submissions.Count);
                var outcomes = new AppendOutcome[submissions.Count];
                for (var i = 0; i < outcomes.Length; i++)
                {
                    outcomes[i] = await AppendAsync(turn, submissions[i], ids + i, versions);
                }

                return outcomes;
            },
            ct);

    private async Task<AppendOutcome> AppendAsync(Turn turn, PackedSubmission packed, long id, Dictionary<string, long?> versions)
    {
        var submission = packed.Submission;
        var session = submission.Session.ToString();
        if (versions[session] != submission.AccessVersion)
        {
            return new AppendOutcome.Stale();
        }

        if (await EnteredBeforeAsync(turn, submission, id) is { } first)
        {
            await turn.Db.ExecuteAsync(
                "INSERT INTO event_note (event_id, at, note) VALUES (@event, @now, 'duplicate dropped')",
                ("@event", first),
                ("@now", turn.NowMs));
            turn.Show(session);
            return new AppendOutcome.Duplicate(first);
        }

        if (submission.FilterReason is null && await IsFullAsync(turn, session))
        {
            await FreeKeysAsync(turn, submission.DedupeKeys, id);
            return new AppendOutcome.MailboxFull(limits.Waiting);
        }

        await EventRows.InsertAsync(turn, submission, packed.Body, packed.Payload, id);
        turn.Wake(session);
        return new AppendOutcome.Accepted(id);
    }

    // Takes all keys or none: a key that is taken already, and not too old, names the first event.
    private static async Task<long?> EnteredBeforeAsync(Turn turn, Submission submission, long id)
    {
        for (var i = 0; i < submission.DedupeKeys.Count; i++)
        {
            var key = ("@key", (object?)submission.DedupeKeys[i]);
            var taken = await turn.Db.ExecuteAsync(
                """
                INSERT INTO dedupe (key, event_id, expires_at) VALUES (@key, @event, @expires)
                ON CONFLICT (key) DO UPDATE SET event_id = excluded.event_id, expires_at = excluded.expires_at
                WHERE dedupe.expires_at <= @now
                """,
                key,
                ("@event", id),
                ("@expires", (submission.At + (i == 0 ? submission.KeysKept : submission.SecondKeyKept ?? submission.KeysKept)).ToUnixTimeMilliseconds()),
                ("@now", turn.NowMs));
            if (taken == 0)
            {
                var first = await turn.Db.NumberAsync("SELECT event_id FROM dedupe WHERE key = @key", key);
                await FreeKeysAsync(turn, submission.DedupeKeys.Take(i), id);
                return first;
            }
        }

        return null;
    }

    private static async Task FreeKeysAsync(Turn turn, IEnumerable<string> keys, long id)
    {
        foreach (var key in keys)
        {
            await turn.Db.ExecuteAsync("DELETE FROM dedupe WHERE key = @key AND event_id = @event", ("@key", key), ("@event", id));
        }
    }

    private async Task<bool> IsFullAsync(Turn turn, string session)
    {
        if (_fill.MustCount(session, turn.NowMs))
        {
            var waiting = await turn.Db.NumberAsync(
                """
                SELECT (SELECT COUNT(*) FROM (
                  SELECT 1 FROM delivery WHERE session_id = @session AND state IN ('queued', 'sent') LIMIT @limit) AS waiting) + (
                  SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE session_id = @session AND state = 'held' LIMIT @limit) AS waiting)
                """,
                ("@session", session),
                ("@limit", limits.Waiting));
            _fill.Counted(session, (int)waiting!.Value, turn.NowMs);
        }

        return !_fill.TryAdd(session);
    }
}

/// <summary>How much a mailbox holds.</summary>
public sealed record MailboxLimits
{
    /// <summary>Deliveries that may wait for one session; the next one is refused.</summary>
    public int Waiting { get; init; } = 10_000;
}
