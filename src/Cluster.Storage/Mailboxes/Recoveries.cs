using Cluster.Core.Access;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Mailboxes;

/// <summary>What recoveries make needless before it was told. What was kept back or waits, never written to any client, ends as healed; a message
/// made of several is made anew without it, or ends with the last of them.</summary>
internal static class Recoveries
{
    private const string Untold = "state IN ('held', 'queued') AND (state = 'held' OR attempts = 0)";

    // How far back one looks: a thing that fails again and again has a long history.
    private const int MostRecent = 200;

    private const string Recent = """
        SELECT session_id, event_id, state, attempts, recovers, subject_step, folded_into FROM delivery
        WHERE subject = @subject AND event_id < @recovery ORDER BY event_id DESC LIMIT @recent
        """;

    // In a message that waits.
    private const string FoldedUntold = """
        recent.state = 'folded' AND recent.recovers IS NULL AND COALESCE(recent.subject_step, 0) <= @step AND m.state = 'queued' AND m.attempts = 0
        """;

    /// <summary>The other sessions in which it makes something needless, those left out that have a recovery of it themselves: by that it ends.</summary>
    public static Task<List<SessionId>> ElsewhereAsync(EngineConnection db, Held held) =>
        db.RowsAsync(
            $"""
            SELECT d.session_id FROM delivery d
            WHERE d.subject = @subject AND d.session_id <> @session AND d.event_id < @recovery AND d.recovers IS NULL AND COALESCE(d.subject_step, 0) <= @step
              AND {Untold} AND NOT EXISTS ({Own("d")})
            UNION
            SELECT recent.session_id FROM ({Recent}) AS recent JOIN delivery m ON m.session_id = recent.session_id AND m.event_id = recent.folded_into
            WHERE recent.session_id <> @session AND {FoldedUntold} AND NOT EXISTS ({Own("recent")})
            """,
            r => SessionId.Parse(r.GetString(0)),
            About(held));

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
        var (told, elsewhere) = await BeforeAsync(turn, held, healed);
        if (elsewhere.Count > 0)
        {
            await turn.Db.ExecuteAsync(
                "UPDATE delivery SET reason = @by WHERE session_id = @session AND subject = @subject AND event_id BETWEEN @first AND @last AND state = 'healed'",
                [("@by", $"by {held.EventId}"), .. Range(held, elsewhere)]);
            healed = [.. elsewhere, .. healed];
        }

        switch (HoldRules.Recover(held.Reason, healed.Count > 0, told, held.Limit, turn.Now))
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
        if (healed.Count == 0)
        {
            return;
        }

        await turn.Db.ExecuteAsync(
            """
            INSERT INTO event_note (event_id, at, note)
            SELECT event_id, @now, @note FROM delivery
            WHERE session_id = @session AND subject = @subject AND event_id BETWEEN @first AND @last AND state = 'healed' AND reason = @by
            """,
            [("@now", turn.NowMs), ("@note", $"healed by {held.EventId}"), ("@by", $"by {held.EventId}"), .. Range(held, healed)]);
        const int Named = 10;
        var more = healed.Count > Named ? $" and {healed.Count - Named} more" : "";
        await HoldStore.NoteAsync(turn, held.EventId, $"heals {string.Join(", ", healed.Take(Named))}{more}");
    }

    /// <returns>The events that it has healed.</returns>
    private static async Task<List<long>> HealAsync(Turn turn, Held held, Dictionary<long, long> touched)
    {
        var about = About(held);
        var healed = await turn.Db.RowsAsync(
            $"""
            UPDATE delivery SET state = 'healed', reason = @by, watch_at = NULL
            WHERE session_id = @session AND subject = @subject AND event_id < @recovery AND recovers IS NULL AND COALESCE(subject_step, 0) <= @step AND {Untold}
            RETURNING event_id
            """,
            r => r.GetInt64(0),
            [("@by", $"by {held.EventId}"), .. about[..4]]);
        foreach (var (id, message) in await turn.Db.RowsAsync(
            $"""
            SELECT recent.event_id, recent.folded_into FROM ({Recent}) AS recent
            JOIN delivery m ON m.session_id = recent.session_id AND m.event_id = recent.folded_into
            WHERE recent.session_id = @session AND {FoldedUntold}
            """,
            r => (r.GetInt64(0), r.GetInt64(1)),
            about))
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

    /// <returns>Whether something of it was told since the recovery before, by itself or in a message with others, and what another session's recovery has
    /// healed here since then. Beyond what is looked at, it counts as told.</returns>
    private static async Task<(bool Told, List<long> Elsewhere)> BeforeAsync(Turn turn, Held held, List<long> healed)
    {
        var rows = await turn.Db.RowsAsync(
            $"""
            SELECT recent.session_id, recent.event_id, recent.state, recent.recovers, CASE WHEN recent.attempts > 0 OR EXISTS (
              SELECT 1 FROM delivery m WHERE m.session_id = recent.session_id AND m.event_id = recent.folded_into AND m.attempts > 0) THEN 1 ELSE 0 END
            FROM ({Recent}) AS recent ORDER BY recent.event_id DESC
            """,
            r => (Here: r.GetString(0) == held.Session.ToString(), Id: r.GetInt64(1), Healed: r.GetString(2) == "healed", Recovers: !r.IsDBNull(3), Told: Convert.ToInt64(r.GetValue(4)) == 1),
            [.. About(held).Where(value => value.Item1 is "@subject" or "@recovery" or "@recent")]);
        var since = rows.Where(row => row.Here).TakeWhile(row => !row.Recovers).ToList();
        var cut = rows.Count == MostRecent && !rows.Exists(row => row is { Here: true, Recovers: true });
        return (cut || since.Exists(row => row.Told), [.. since.Where(row => row.Healed && !healed.Contains(row.Id)).Select(row => row.Id)]);
    }

    private static string Own(string of) => $"""
        SELECT 1 FROM delivery own
        WHERE own.subject = @subject AND own.session_id = {of}.session_id AND own.state IN ('held', 'queued') AND own.state = 'held' AND own.recovers = 1
          AND COALESCE(own.subject_step, 0) >= @step
        """;

    private static (string, object?)[] About(Held held) =>
    [
        ("@session", held.Session.ToString()), ("@subject", held.Subject), ("@recovery", held.EventId), ("@step", held.SubjectStep), ("@recent", MostRecent),
    ];

    private static (string, object?)[] Range(Held held, List<long> ids) =>
        [("@session", held.Session.ToString()), ("@subject", held.Subject), ("@first", ids.Min()), ("@last", ids.Max())];
}
