using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Mailboxes;

/// <summary>What recoveries make needless before it was told. What was kept back or waits, never written to any client, ends as healed; a message
/// made of several is made anew without it, or ends with the last of them.</summary>
internal static class Recoveries
{
    private const string Untold = "(state = 'held' OR (state = 'queued' AND attempts = 0))";

    /// <summary>The other sessions in which it makes something needless.</summary>
    public static Task<List<SessionId>> ElsewhereAsync(EngineConnection db, Held held) =>
        db.RowsAsync(
            """
            SELECT DISTINCT d.session_id FROM delivery d
            WHERE d.subject = @subject AND d.session_id <> @session AND d.event_id < @recovery AND d.recovers IS NULL AND COALESCE(d.subject_step, 0) <= @step
              AND (d.state = 'held' OR (d.state = 'queued' AND d.attempts = 0) OR (d.state = 'folded' AND EXISTS (
                SELECT 1 FROM delivery m WHERE m.session_id = d.session_id AND m.event_id = d.folded_into AND m.state = 'queued' AND m.attempts = 0)))
            """,
            r => SessionId.Parse(r.GetString(0)),
            ("@subject", held.Subject),
            ("@session", held.Session.ToString()),
            ("@recovery", held.EventId),
            ("@step", held.SubjectStep));

    /// <summary>Heals in a session to which the recovery itself does not go.</summary>
    public static async Task<bool> HealAsync(Turn turn, Held held, AccessList access)
    {
        if (HoldStore.Judge(turn, held, access) is not ("queued", _))
        {
            return false;
        }

        var touched = new Dictionary<long, long>();
        var healed = await HealAsync(turn, held, touched);
        await NoteAsync(turn, held, healed);
        await RemakeAsync(turn, access, touched);
        return healed.Count > 0;
    }

    public static async Task<bool> LetGoAsync(Turn turn, List<Held> recoveries, AccessList access)
    {
        var touched = new Dictionary<long, long>();
        foreach (var held in recoveries)
        {
            await LetGoAsync(turn, held, access, touched);
        }

        await RemakeAsync(turn, access, touched);
        return recoveries.Count > 0;
    }

    private static async Task RemakeAsync(Turn turn, AccessList access, Dictionary<long, long> touched)
    {
        foreach (var (message, by) in touched)
        {
            await Folds.RemakeAsync(turn, access.Session, message, by);
        }
    }

    private static async Task LetGoAsync(Turn turn, Held held, AccessList access, Dictionary<long, long> touched)
    {
        // Whoever may not put anything in may not take anything away either.
        if (HoldStore.Judge(turn, held, access) is not ("queued", _) and var (ended, why))
        {
            await HoldStore.EndAsync(turn, held, ended, why);
            return;
        }

        var healed = await HealAsync(turn, held, touched);
        switch (HoldRules.Recover(held.Reason, healed.Count > 0, await WasToldAsync(turn, held), held.Limit, turn.Now))
        {
            case Recovery.Filter:
                await HoldStore.EndAsync(turn, held, "filtered", held.Reason ?? HoldRules.NotTold);
                break;
            case Recovery.Hold:
                await turn.Db.ExecuteAsync(
                    "UPDATE delivery SET held_until = held_limit, recovers = 2 WHERE session_id = @session AND event_id = @event AND state = 'held'",
                    ("@session", held.Session.ToString()),
                    ("@event", held.EventId));
                break;
            default:
                await HoldStore.EndAsync(turn, held, "queued", null);
                break;
        }

        await NoteAsync(turn, held, healed);
    }

    private static async Task NoteAsync(Turn turn, Held held, List<long> healed)
    {
        foreach (var id in healed)
        {
            await HoldStore.NoteAsync(turn, id, $"healed by {held.EventId}");
        }

        if (healed.Count > 0)
        {
            const int Named = 10;
            var more = healed.Count > Named ? $" and {healed.Count - Named} more" : "";
            await HoldStore.NoteAsync(turn, held.EventId, $"heals {string.Join(", ", healed.Take(Named))}{more}");
        }
    }

    /// <returns>The events that it has healed.</returns>
    private static async Task<List<long>> HealAsync(Turn turn, Held held, Dictionary<long, long> touched)
    {
        (string, object?)[] about =
        [
            ("@session", held.Session.ToString()), ("@subject", held.Subject), ("@recovery", held.EventId), ("@step", held.SubjectStep), ("@by", $"by {held.EventId}"),
        ];
        var healed = await turn.Db.RowsAsync(
            $"""
            UPDATE delivery SET state = 'healed', reason = @by, watch_at = NULL
            WHERE session_id = @session AND subject = @subject AND event_id < @recovery AND recovers IS NULL AND COALESCE(subject_step, 0) <= @step AND {Untold}
            RETURNING event_id
            """,
            r => r.GetInt64(0),
            about);
        foreach (var (id, message) in await turn.Db.RowsAsync(
            """
            SELECT d.event_id, d.folded_into FROM delivery d JOIN delivery m ON m.session_id = d.session_id AND m.event_id = d.folded_into
            WHERE d.session_id = @session AND d.subject = @subject AND d.event_id < @recovery AND d.recovers IS NULL
              AND COALESCE(d.subject_step, 0) <= @step AND d.state = 'folded' AND m.state = 'queued' AND m.attempts = 0
            """,
            r => (r.GetInt64(0), r.GetInt64(1)),
            about[..4]))
        {
            await turn.Db.ExecuteAsync(
                "UPDATE delivery SET state = 'healed', reason = @by, folded_into = NULL WHERE session_id = @session AND event_id = @event",
                ("@by", $"by {held.EventId}"),
                ("@session", held.Session.ToString()),
                ("@event", id));
            touched[message] = held.EventId;
            healed.Add(id);
        }

        return healed;
    }

    // By itself, or in a message with others.
    private static async Task<bool> WasToldAsync(Turn turn, Held held) =>
        await turn.Db.NumberAsync(
            """
            SELECT 1 FROM delivery d
            WHERE d.session_id = @session AND d.subject = @subject AND d.event_id < @recovery AND d.recovers IS NULL
              AND d.event_id > COALESCE((
                SELECT MAX(r.event_id) FROM delivery r
                WHERE r.session_id = @session AND r.subject = @subject AND r.event_id < @recovery AND r.recovers IS NOT NULL), 0)
              AND (d.attempts > 0 OR EXISTS (
                SELECT 1 FROM delivery m WHERE m.session_id = d.session_id AND m.event_id = d.folded_into AND m.attempts > 0))
            LIMIT 1
            """,
            ("@session", held.Session.ToString()),
            ("@subject", held.Subject),
            ("@recovery", held.EventId)) is not null;
}
