using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Watches;

/// <summary>Tells accounts of an event in their direct chats, without any session. Whom it may not tell, whom it cannot, and what became of a notice,
/// the event's history says.</summary>
internal static class NoticeStore
{
    // More than somebody can read: a storm of events does not keep a bot busy for hours.
    private const int MostWaiting = 50;

    private const int MaxReasonLength = 200; // of a platform's words

    /// <summary>Whether an account may be told what goes on in a session: one that was paired, of somebody who may watch it.</summary>
    public static async Task<bool> MayBeToldAsync(EngineConnection db, SessionId session, Identity who) =>
        await AccessStore.FindAsync(db, session) is { } access && access.May(who, Act.Watch) && await IsPairedAsync(db, who);

    public static async Task<bool> IsPairedAsync(EngineConnection db, Identity who) =>
        await db.NumberAsync("SELECT 1 FROM identity WHERE id = @who", ("@who", who.Value)) is not null;

    /// <param name="turn">The turn.</param>
    /// <param name="watched">The event.</param>
    /// <param name="accounts">Whom to tell.</param>
    /// <param name="session">The session that has it now.</param>
    /// <param name="watching">Who may watch one of these is told; the first that will do is asked for once more when the notice is sent.</param>
    /// <param name="unreceived">Set when nobody has received it for so long.</param>
    public static async Task TellAsync(
        Turn turn, Watched watched, IReadOnlyList<string> accounts, SessionId session, IReadOnlyList<SessionId> watching, TimeSpan? unreceived)
    {
        if (accounts.Count == 0)
        {
            return;
        }

        var text = new RouteNotice
        {
            EventId = watched.EventId,
            Session = session,
            State = watched.State,
            Summary = await SummaryAsync(turn, watched),
            Unreceived = unreceived,
        }.ToString();
        foreach (var account in accounts.Distinct())
        {
            var who = new Identity(account);
            var why = await TellAsync(turn, watched.EventId, watching, who, text);
            await NoteAsync(turn, watched.EventId, why is null ? $"a notice for {who} is on its way" : $"{who} was not told: {why}");
        }

        turn.Show(session.ToString());
    }

    public static Task<int> NoteAsync(Turn turn, long eventId, string note) =>
        turn.Db.ExecuteAsync(
            "INSERT INTO event_note (event_id, at, note) VALUES (@event, @now, @note)", ("@event", eventId), ("@now", turn.NowMs), ("@note", note));

    /// <summary>A notice was sent, or is sent no more.</summary>
    public static async Task EndedAsync(Turn turn, OutboxItem item, string? why)
    {
        if (item is { Kind: OutboxKind.Notice, Lane: Lanes.Told, Session: { } session })
        {
            await EndedAsync(turn, "o.id = @which", item.Id, why);
            turn.Show(session.ToString());
        }
    }

    /// <summary>A bot is removed, with all that it had still to send.</summary>
    public static Task EndedAsync(Turn turn, string bot, string why) => EndedAsync(turn, "o.bot = @which AND o.state = 'queued' AND o.lane >= 0", bot, why);

    private static Task<int> EndedAsync(Turn turn, string which, object value, string? why) =>
        turn.Db.ExecuteAsync(
            $"""
            INSERT INTO event_note (event_id, at, note)
            SELECT e.id, @now, 'the notice for ' || o.identity || @end FROM outbox o JOIN event e ON e.id = o.call_id
            WHERE {which} AND o.lane = @told AND o.kind = 'notice'
            """,
            ("@now", turn.NowMs),
            ("@end", why is null ? " was sent" : $" was not sent: {HostileText.Cut(HostileText.Reveal(why), MaxReasonLength)}"),
            ("@told", Lanes.Told),
            ("@which", value));

    // Why not, or null.
    private static async Task<string?> TellAsync(Turn turn, long eventId, IReadOnlyList<SessionId> watching, Identity who, string text)
    {
        var place = 0;
        while (place < watching.Count && !await MayBeToldAsync(turn.Db, watching[place], who))
        {
            place++;
        }

        if (place == watching.Count)
        {
            return $"it is not paired, or may not watch {string.Join(" or ", watching)}";
        }

        // Of several bots, the one that the account has known longest among those that work.
        if (await turn.Db.RowAsync(
            "SELECT c.id FROM conversation c JOIN bot b ON b.name = c.bot WHERE c.identity = @who ORDER BY CASE WHEN b.problem IS NULL THEN 0 ELSE 1 END, c.created_at, c.id LIMIT 1",
            r => r.GetString(0),
            ("@who", who.Value)) is not { } conversation)
        {
            return "no bot has a direct chat with it; write to the bot once";
        }

        if (await turn.Db.NumberAsync(
            "SELECT COUNT(*) FROM outbox WHERE conversation = @conversation AND lane = @lane AND state = 'queued' AND lane >= 0",
            ("@conversation", conversation),
            ("@lane", Lanes.Told)) >= MostWaiting)
        {
            return $"{MostWaiting} notices wait for it already";
        }

        await OutboxStore.PutAsync(turn, conversation, OutboxKind.Notice, Lanes.Told, text, session: watching[place], judged: who, callId: eventId);
        return null;
    }

    private static async Task<WebhookSummary> SummaryAsync(Turn turn, Watched watched)
    {
        try
        {
            if (watched.Body is { } body && WebhookContent.Read(Packed.UnpackText(body)) is { } summary)
            {
                return summary;
            }
        }
        catch (InvalidDataException)
        {
            // Damaged; its name is enough to be told of.
        }

        return new WebhookSummary
        {
            Name = await turn.Db.RowAsync("SELECT name FROM event WHERE id = @event", r => r.GetString(0), ("@event", watched.EventId)) ?? "",
        };
    }
}
