using System.Data.Common;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Watches;

namespace Cluster.Storage.Mailboxes;

/// <summary>Makes one message of several events. They stay what they are, each with its payload, and name the message that tells them. A message
/// that no client has seen yet is taken up by the next one of its fold.</summary>
internal static class Folds
{
    private const int MostMessages = 10; // in one turn

    private const string IsOfFold = """
        d.session_id = @session AND d.fold = @fold AND d.state = 'held' AND d.held_limit > 0 AND (d.recovers IS NULL OR d.recovers <> 1)
        """;

    // What was kept back itself; a message made of several never was.
    private const string IsMember = "folded_into = @message AND folded_into > 0 AND session_id = @session AND held_until IS NOT NULL";

    public static async Task<bool> CloseAsync(Turn turn, SessionId session, string fold, AccessList access)
    {
        (string, object?)[] of = [("@session", session.ToString()), ("@fold", fold)];
        if (await turn.Db.RowAsync(
            $"{Held.Select} WHERE {IsOfFold} ORDER BY d.event_id DESC LIMIT 1",
            Held.Read,
            of) is not { } last)
        {
            return false;
        }

        // All of one fold are of one source. Times differ by member.
        if (HoldStore.Judge(turn, last, access) is ("dead", var why))
        {
            return await turn.Db.ExecuteAsync($"UPDATE delivery AS d SET state = 'dead', reason = @reason, watch_at = NULL WHERE {IsOfFold}", [("@reason", why), .. of]) > 0;
        }

        var expired = await turn.Db.ExecuteAsync(
            $"UPDATE delivery AS d SET state = 'expired', watch_at = NULL WHERE {IsOfFold} AND d.expires_at <= @now", [.. of, ("@now", turn.NowMs)]);
        var any = expired > 0;
        for (var messages = 0; messages < MostMessages && await CloseAsync(turn, session, fold, of); messages++)
        {
            any = true;
        }

        return any;
    }

    // A message tells no more than one can ask for; the next one begins with what is left.
    private static async Task<bool> CloseAsync(Turn turn, SessionId session, string fold, (string, object?)[] of)
    {
        var (earlier, taken) = await turn.Db.RowAsync(
            """
            SELECT d.event_id, CASE WHEN d.held_until IS NOT NULL THEN 1 ELSE 0 END + (
              SELECT COUNT(*) FROM delivery m WHERE m.folded_into = d.event_id AND m.folded_into > 0 AND m.session_id = d.session_id AND m.held_until IS NOT NULL)
            FROM delivery d
            WHERE d.session_id = @session AND d.fold = @fold AND d.state = 'queued' AND d.attempts = 0 ORDER BY d.event_id DESC LIMIT 1
            """,
            r => new Waiting(r.GetInt64(0), (int)r.GetInt64(1)),
            of) is { } waiting && waiting.Members < FoldDigest.MostRead ? waiting : new Waiting(null, 0);

        // Which they are is known once they are marked: another one may have come in since the look.
        var message = await turn.TakeIdAsync();
        var folded = await turn.Db.RowsAsync(
            $"""
            UPDATE delivery AS d SET state = 'folded', reason = @reason, folded_into = @message, watch_at = CASE WHEN watch_at IS NULL THEN NULL ELSE @now END
            WHERE {IsOfFold} AND d.event_id IN (SELECT d.event_id FROM delivery d WHERE {IsOfFold} ORDER BY d.event_id LIMIT @most)
            RETURNING event_id
            """,
            r => r.GetInt64(0),
            [("@reason", Into(message)), ("@message", message), ("@now", turn.NowMs), ("@most", FoldDigest.MostRead - taken), .. of]);
        if (folded.Count == 0)
        {
            return false;
        }

        if (earlier is { } before)
        {
            await TakeUpAsync(turn, session, before, message);
        }

        await TellAsync(turn, session, message, fold, earlier, folded);
        return true;
    }

    /// <summary>Makes a message of several anew, some of which have left it.</summary>
    /// <param name="turn">The turn, which holds the session's row.</param>
    /// <param name="session">The session.</param>
    /// <param name="earlier">The message.</param>
    /// <param name="by">The recovery that has healed them.</param>
    public static async Task RemakeAsync(Turn turn, SessionId session, long earlier, long by)
    {
        var of = new (string, object?)[] { ("@session", session.ToString()), ("@message", earlier) };
        if (await turn.Db.NumberAsync($"SELECT 1 FROM delivery WHERE {IsMember} LIMIT 1", of) is null)
        {
            await turn.Db.ExecuteAsync(
                """
                UPDATE delivery SET state = 'healed', reason = @by, watch_at = NULL
                WHERE session_id = @session AND event_id = @message AND state = 'queued' AND attempts = 0
                """,
                [("@by", $"by {by}"), .. of]);
            return;
        }

        var fold = await turn.Db.RowAsync("SELECT fold FROM delivery WHERE session_id = @session AND event_id = @message", r => r.GetString(0), of);
        var message = await turn.TakeIdAsync();
        if (await TakeUpAsync(turn, session, earlier, message))
        {
            await TellAsync(turn, session, message, fold!, earlier, []);
        }
    }

    // Cancelled at this moment, it stays what it is.
    private static async Task<bool> TakeUpAsync(Turn turn, SessionId session, long earlier, long message)
    {
        (string, object?)[] values = [("@reason", Into(message)), ("@message", message), ("@session", session.ToString()), ("@earlier", earlier)];
        if (await turn.Db.ExecuteAsync(
            """
            UPDATE delivery SET state = 'folded', reason = @reason, folded_into = @message
            WHERE session_id = @session AND event_id = @earlier AND state = 'queued' AND attempts = 0
            """,
            values) == 0)
        {
            return false;
        }

        await turn.Db.ExecuteAsync(
            "UPDATE delivery SET reason = @reason, folded_into = @message WHERE folded_into = @earlier AND folded_into > 0 AND session_id = @session", values);
        return true;
    }

    // One alone is told as it is.
    private static async Task TellAsync(Turn turn, SessionId session, long message, string fold, long? earlier, List<long> folded)
    {
        (string, object?)[] of = [("@message", message), ("@session", session.ToString())];
        if (await turn.Db.RowAsync(
            $"""
            SELECT COUNT(*), MIN(event_id), MAX(event_id), MIN(priority), MAX(expires_at), MAX(CASE WHEN e.trust = 'stranger' THEN 1 ELSE 0 END)
            FROM delivery JOIN event e ON e.id = event_id WHERE {IsMember} HAVING COUNT(*) > 0
            """,
            Members.Read,
            of) is not { } all)
        {
            return;
        }

        var (watchAt, told) = await TakeWatchAsync(turn, of);
        if (all.Count == 1)
        {
            await turn.Db.ExecuteAsync(
                """
                UPDATE delivery SET state = 'queued', reason = NULL, folded_into = NULL, watch_at = @watch, told = @told
                WHERE session_id = @session AND event_id = @event
                """,
                ("@watch", watchAt),
                ("@told", told),
                ("@session", session.ToString()),
                ("@event", all.First));
            await turn.Db.ExecuteAsync(
                "UPDATE delivery SET reason = @reason, folded_into = @event WHERE folded_into = @message AND folded_into > 0 AND session_id = @session",
                [("@reason", Into(all.First)), ("@event", all.First), .. of]);
            return;
        }

        var members = await turn.Db.RowsAsync(
            $"""
            SELECT event_id, e.body FROM delivery JOIN event e ON e.id = event_id WHERE {IsMember} ORDER BY event_id LIMIT @most
            """,
            r => new FoldMember(r.GetInt64(0), Text(r.Bytes(1))),
            [.. of, ("@most", FoldDigest.MostRead)]);
        var digest = FoldDigest.Make(members, all.Count, all.Last);
        var submission = (await turn.Db.RowAsync(
            "SELECT sender, chat_id, route, verified FROM event WHERE id = @event",
            r => new Submission
            {
                Session = session,
                Sender = new Identity(r.GetString(0)),
                AccessVersion = 0, // written in a turn that holds the allowlist
                Kind = EventKind.Webhook,
                ChatId = r.GetString(1),
                Name = digest.Name,
                Trust = all.AnyStranger ? Trust.Stranger : Trust.System,
                Body = digest.Content,
                At = turn.Now,
                Route = r.TextOrNull(2),
                Verified = r.TextOrNull(3),
                Urgent = all.Urgent,
            },
            ("@event", all.Last)))!;
        await EventRows.InsertAsync(turn, submission, Packed.Pack(digest.Content), null, message, all.ExpiresAt);
        await turn.Db.ExecuteAsync(
            "UPDATE delivery SET fold = @fold, watch_at = @watch, told = @told WHERE session_id = @session AND event_id = @message",
            [("@fold", fold), ("@watch", watchAt), ("@told", told), .. of]);
        await turn.Db.ExecuteAsync(
            """
            INSERT INTO event_note (event_id, at, note)
            SELECT event_id, @now, @note FROM delivery
            WHERE folded_into = @message AND folded_into > 0 AND session_id = @session
              AND (event_id = @earlier OR (held_until IS NOT NULL AND event_id BETWEEN @first AND @last))
            """,
            [
                ("@now", turn.NowMs), ("@note", $"folded into {message}"), ("@earlier", earlier ?? 0), ("@first", folded.Count > 0 ? folded.Min() : 0),
                ("@last", folded.Count > 0 ? folded.Max() : 0), .. of,
            ]);
        await HoldStore.NoteAsync(turn, message, $"made of {all.Count} events, {all.First} to {all.Last}");
    }

    // It is looked after as the first of what it stands for would be: people who were told of one of them are not told once more, and what was to
    // go on to the next session at some time does so then, however often more comes to it.
    private static async Task<(long? At, long? Told)> TakeWatchAsync(Turn turn, (string, object?)[] of)
    {
        var watch = (await turn.Db.RowAsync(
            """
            SELECT MAX(told), MIN(CASE WHEN told = 1 THEN watch_at END), MIN(CASE WHEN told IS NULL THEN watch_at END) FROM delivery
            WHERE folded_into = @message AND folded_into > 0 AND session_id = @session
            """,
            r => new { Told = r.NumberOrNull(0), Next = r.NumberOrNull(1), First = r.NumberOrNull(2) },
            of))!;
        await turn.Db.ExecuteAsync(
            "UPDATE delivery SET watch_at = NULL WHERE folded_into = @message AND folded_into > 0 AND session_id = @session AND watch_at IS NOT NULL", of);
        turn.Wake(WatchStore.Topic);
        return (watch.Told is null ? watch.First : watch.Next, watch.Told);
    }

    // One that cannot be read is counted, and stops none of the others.
    private static string Text(byte[] body)
    {
        try
        {
            return Packed.UnpackText(body);
        }
        catch (Exception e) when (e is InvalidDataException or IndexOutOfRangeException or ArgumentException or OverflowException or OutOfMemoryException)
        {
            return "";
        }
    }

    private static string Into(long message) => $"into {message}";

    private sealed record Waiting(long? Message, int Members);

    private sealed record Members(int Count, long First, long Last, bool Urgent, DateTimeOffset ExpiresAt, bool AnyStranger)
    {
        public static Members Read(DbDataReader r) => new(
            (int)r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), Convert.ToInt64(r.GetValue(3)) <= DeliveryRules.Urgent, r.Time(4), Convert.ToInt64(r.GetValue(5)) == 1);
    }
}
