using System.Data.Common;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Mailboxes;

/// <summary>The life of one event, told from the rows; what they do not hold is not told.</summary>
public sealed class EventLives(Engine engine)
{
    /// <summary>How the rows name a tool call that answered without an answer.</summary>
    internal const string ByAck = "ack";

    /// <returns>Null when there is no such event, or when this identity may not see it: one answer for both.</returns>
    public Task<EventLife?> FindAsync(long eventId, Identity who, CancellationToken ct) =>
        engine.ReadAsync(
            async db =>
            {
                var id = ("@event", (object?)eventId);
                var deliveries = new List<DeliveryLife>();
                var owner = false;
                foreach (var session in await SessionsAsync(db, eventId, who))
                {
                    if (await AccessStore.FindAsync(db, session) is { } access && await DeliveryAsync(db, eventId, access, who) is { } delivery)
                    {
                        deliveries.Add(delivery);
                        owner |= access.IsOwner(who);
                    }
                }

                if (deliveries.Count == 0)
                {
                    return null;
                }

                var replays = await db.RowsAsync(
                    "SELECT event_id FROM replay WHERE replay_of = @event ORDER BY event_id LIMIT 50", r => r.GetInt64(0).ToString(), id);
                var history = await db.RowsAsync(
                    "SELECT at, note FROM event_note WHERE event_id = @event ORDER BY at LIMIT 50",
                    r => new EventNote { At = r.Time(0), Note = r.GetString(1) },
                    id);
                var duplicates = await db.NumberAsync("SELECT COUNT(*) FROM event_note WHERE event_id = @event AND note = 'duplicate dropped'", id);
                var first = await db.NumberAsync("SELECT replay_of FROM replay WHERE event_id = @event", id);
                return await db.RowAsync(
                    "SELECT kind, name, sender, chat_id, trust, created_at, verified, route FROM event WHERE id = @event",
                    r => new EventLife
                    {
                        Id = eventId.ToString(),
                        Kind = r.GetString(0),
                        Name = r.GetString(1),
                        Sender = r.GetString(2),
                        ChatId = r.GetString(3),
                        Trust = r.GetString(4),
                        At = r.Time(5),
                        Verified = owner ? r.TextOrNull(6) : null,
                        Route = r.TextOrNull(7),
                        ReplayOf = first?.ToString(),
                        Replays = replays,
                        Duplicates = (int)(duplicates ?? 0),
                        Deliveries = deliveries,
                        History = history,
                    },
                    id);
            },
            ct);

    /// <summary>The sessions with this event among those that the identity owns or that name it.</summary>
    internal static Task<List<SessionId>> SessionsAsync(EngineConnection db, long eventId, Identity who) =>
        db.RowsAsync(
            $"""
            SELECT d.session_id FROM ({SessionStore.Named}) AS named
            JOIN delivery d ON d.session_id = named.id AND d.event_id = @event ORDER BY 1
            """,
            r => SessionId.Parse(r.GetString(0)),
            ("@event", eventId),
            ("@who", who.Value));

    // Who may watch sees all; who may talk, what is of their own conversation.
    private static async Task<DeliveryLife?> DeliveryAsync(EngineConnection db, long eventId, AccessList access, Identity who)
    {
        (string, object?)[] values = [("@session", access.Session.ToString()), ("@event", eventId)];
        var found = await db.RowAsync(
            """
            SELECT chat_id, state, reason, queued_at, expires_at, attempts, sent_at, epoch, batch, received_at, answered_at, answered_by, held_until,
              CASE WHEN state = 'folded' THEN (SELECT m.state FROM delivery m WHERE m.session_id = delivery.session_id AND m.event_id = delivery.folded_into) END
            FROM delivery WHERE session_id = @session AND event_id = @event
            """,
            r => new { ChatId = r.GetString(0), Life = ReadDelivery(r, access.Session) },
            values);
        if (found is null || !(access.May(who, Act.Watch) || (access.May(who, Act.Find) && found.ChatId == who.Value)))
        {
            return null;
        }

        values = [.. values, ("@chat", found.ChatId)];
        return found.Life with
        {
            Answers = await db.RowsAsync(
                """
                SELECT id, created_at, refused FROM reply
                WHERE session_id = @session AND chat_id = @chat AND id > @event AND reply_to = @event ORDER BY id LIMIT 50
                """,
                r => new EventAnswer { Id = r.GetInt64(0).ToString(), At = r.Time(1), Refused = r.TextOrNull(2) },
                values),
            Shown = await db.RowsAsync(
                "SELECT message_id, shown FROM chat_message WHERE conversation = @chat AND event_id = @event AND session_id = @session ORDER BY at LIMIT 50",
                r => new ShownMessage { MessageId = r.GetString(0), Shown = r.GetString(1) },
                values),
        };
    }

    private static DeliveryLife ReadDelivery(DbDataReader r, SessionId session) => new()
    {
        Session = session.ToString(),
        State = r.GetString(1),
        Reason = r.TextOrNull(2),
        QueuedAt = r.Time(3),
        ExpiresAt = r.Time(4),
        Attempts = r.GetInt32(5),
        SentAt = r.TimeOrNull(6),
        Batch = r.NumberOrNull(7) is { } epoch && r.NumberOrNull(8) is { } batch ? $"{epoch}.{batch}" : null,
        ReceivedAt = r.TimeOrNull(9),
        AnsweredAt = r.TimeOrNull(10),
        AnsweredBy = r.TextOrNull(11),
        HeldUntil = r.TimeOrNull(12),
        FoldedState = r.TextOrNull(13),
        Answers = [],
        Shown = [],
    };
}
