using Cluster.Core.Events;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Mailboxes;

/// <summary>The rows of one event.</summary>
internal static class EventRows
{
    /// <summary>Writes an event and its delivery in a turn.</summary>
    public static async Task InsertAsync(
        Turn turn, Submission submission, byte[] body, byte[]? payload, long id, DateTimeOffset? expiresAt = null)
    {
        submission = await BehindAsync(turn, submission);
        var at = submission.At.ToUnixTimeMilliseconds();
        await turn.Db.ExecuteAsync(
            """
            INSERT INTO event (id, kind, name, sender, chat_id, trust, body, payload, created_at, verified, route)
            VALUES (@id, @kind, @name, @sender, @chat, @trust, @body, @payload, @at, @verified, @route)
            """,
            ("@id", id),
            ("@kind", DeliveryRules.Word(submission.Kind)),
            ("@name", submission.Name),
            ("@sender", submission.Sender.Value),
            ("@chat", submission.ChatId),
            ("@trust", submission.Trust),
            ("@body", body),
            ("@payload", payload),
            ("@at", at),
            ("@verified", submission.Verified),
            ("@route", submission.Route));
        await turn.Db.ExecuteAsync(
            """
            INSERT INTO delivery (
              session_id, event_id, chat_id, priority, state, reason, attempts, queued_at, expires_at, hops, held_until, held_limit, fold, subject, subject_step,
              recovers, watch_at)
            VALUES (@session, @id, @chat, @priority, @state, @reason, 0, @at, @expires, @hops, @until, @limit, @fold, @subject, @step, @recovers, @watch)
            """,
            ("@session", submission.Session.ToString()),
            ("@id", id),
            ("@chat", submission.ChatId),
            ("@priority", DeliveryRules.Priority(submission.Kind, submission.Urgent)),
            ("@state", DeliveryRules.First(submission)),
            ("@reason", submission.FilterReason),
            ("@at", at),
            ("@expires", (expiresAt ?? submission.At + (submission.KeepWaiting ?? DeliveryRules.KeepWaiting)).ToUnixTimeMilliseconds()),
            ("@hops", submission.Hops),
            ("@until", submission.Hold?.Until.ToUnixTimeMilliseconds()),
            ("@limit", submission.Hold?.Limit.ToUnixTimeMilliseconds()),
            ("@fold", submission.Hold?.Fold),
            ("@subject", submission.Subject),
            ("@step", submission.Subject is null ? null : submission.SubjectStep),
            ("@recovers", submission.Hold is { Recovers: true } ? 1 : null),
            ("@watch", submission.WatchFrom?.ToUnixTimeMilliseconds()));
    }

    // What fails again while a recovery of it is not decided yet waits behind it, or it would be told first.
    private static async Task<Submission> BehindAsync(Turn turn, Submission submission) =>
        submission is { Subject: not null, Hold: null, FilterReason: null } && await turn.Db.NumberAsync(
            """
            SELECT 1 FROM delivery
            WHERE subject = @subject AND session_id = @session AND state IN ('held', 'queued') AND state = 'held' AND recovers = 1 LIMIT 1
            """,
            ("@subject", submission.Subject),
            ("@session", submission.Session.ToString())) is not null
            ? submission with { Hold = new Hold { Until = submission.At, Limit = submission.At } }
            : submission;
}
