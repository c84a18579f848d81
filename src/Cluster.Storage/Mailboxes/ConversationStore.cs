using System.Data.Common;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Mailboxes;

/// <summary>An event again, for a tool that asks.</summary>
public sealed record StoredEvent
{
    public required EventInfo Info { get; init; }
    public required string ChatId { get; init; }
    public required string Trust { get; init; }
    public required string Body { get; init; }

    /// <summary>True when the session was told of it: by itself, or by a message that tells several.</summary>
    public required bool Told { get; init; }

    /// <summary>True when it is a message made of several events, which have their own payloads.</summary>
    public required bool Several { get; init; }

    /// <summary>A webhook's raw body; empty for everything else.</summary>
    public required byte[] Payload { get; init; }
}

/// <summary>What was said and what became of it, for pages, the command line and Claude.</summary>
public sealed class ConversationStore(Engine engine)
{
    /// <summary>The newest lines of a session, oldest first; of one conversation when it is named.</summary>
    public Task<List<ConversationLine>> LinesAsync(SessionId session, string? chatId, int limit, CancellationToken ct) =>
        LinesAsync(session, chatId, limit, deliveredOnly: false, ct);

    /// <summary>The newest lines that the session itself has had: what waits, was revoked, cancelled or filtered is not for its eyes.</summary>
    public Task<List<ConversationLine>> DeliveredAsync(SessionId session, string chatId, int limit, CancellationToken ct) =>
        LinesAsync(session, chatId, limit, deliveredOnly: true, ct);

    private Task<List<ConversationLine>> LinesAsync(SessionId session, string? chatId, int limit, bool deliveredOnly, CancellationToken ct) =>
        engine.ReadAsync(
            async db =>
            {
                (string, object?)[] values = [("@session", session.ToString()), ("@chat", chatId), ("@limit", limit)];
                var lines = await db.RowsAsync(
                    """
                    SELECT e.id, e.chat_id, e.sender, e.kind, e.name, e.body, e.created_at, d.state, d.reason
                    FROM delivery d JOIN event e ON e.id = d.event_id
                    WHERE d.session_id = @session AND (CAST(@chat AS TEXT) IS NULL OR d.chat_id = @chat) AND e.kind <> 'verdict'
                      AND (@delivered = 0 OR d.state IN ('sent', 'received', 'answered'))
                    ORDER BY d.event_id DESC LIMIT @limit
                    """,
                    ReadIn,
                    [.. values, ("@delivered", deliveredOnly ? 1 : 0)]);
                lines.AddRange(await db.RowsAsync(
                    """
                    SELECT id, chat_id, body, created_at, reply_to, refused FROM reply
                    WHERE session_id = @session AND (CAST(@chat AS TEXT) IS NULL OR chat_id = @chat)
                    ORDER BY id DESC LIMIT @limit
                    """,
                    r => new ConversationLine
                    {
                        Id = r.GetInt64(0).ToString(),
                        Direction = "out",
                        ChatId = r.GetString(1),
                        User = Identity.Session(session).Value,
                        Kind = "reply",
                        Text = Packed.UnpackText(r.Bytes(2)),
                        At = r.Time(3),
                        ReplyTo = r.NumberOrNull(4)?.ToString(),
                        State = r.IsDBNull(5) ? null : "refused",
                        Reason = r.TextOrNull(5),
                    },
                    values));
                return lines.OrderBy(line => long.Parse(line.Id)).TakeLast(limit).ToList();
            },
            ct);

    /// <summary>The newest deliveries of a session, newest first; of one conversation, and in one state, when these are named.</summary>
    public Task<List<EventInfo>> EventsAsync(SessionId session, string? chatId, string? state, int limit, CancellationToken ct) =>
        engine.ReadAsync(
            async db =>
            {
                var events = await db.RowsAsync(
                    $"""
                    {SelectEvent}
                    WHERE d.session_id = @session AND (CAST(@chat AS TEXT) IS NULL OR d.chat_id = @chat)
                      AND (CAST(@state AS TEXT) IS NULL OR d.state = @state)
                    ORDER BY d.event_id DESC LIMIT @limit
                    """,
                    ReadEvent,
                    ("@session", session.ToString()),
                    ("@chat", chatId),
                    ("@state", state),
                    ("@limit", limit));
                for (var i = 0; i < events.Count; i++)
                {
                    events[i] = await WithHistoryAsync(db, events[i]);
                }

                return events;
            },
            ct);

    /// <returns>Null when this session has no such event.</returns>
    public Task<StoredEvent?> FindAsync(SessionId session, long eventId, CancellationToken ct) =>
        engine.ReadAsync(
            async db =>
            {
                var id = ("@event", (object?)eventId);
                var home = ("@home", (object?)session.ToString());
                var info = await db.RowAsync(OfSession, ReadEvent, home, id);
                if (info is null
                    && await db.RowAsync(WhereFolded, r => r.GetString(0), ("@session", session.ToString()), id) is { } first
                    && await db.RowAsync(OfSession, ReadEvent, home = ("@home", first), id) is { } member)
                {
                    info = member with { Session = session.ToString() };
                }

                if (info is null)
                {
                    return null;
                }

                info = await WithHistoryAsync(db, info);
                return await db.RowAsync(
                    """
                    SELECT e.chat_id, e.trust, e.body, e.payload, CASE WHEN EXISTS (
                      SELECT 1 FROM delivery d LEFT JOIN delivery m ON d.state = 'folded' AND m.session_id = @session AND m.event_id = d.folded_into
                      WHERE d.session_id = @home AND d.event_id = @event AND COALESCE(m.state, d.state) IN ('sent', 'received', 'answered')
                      UNION ALL
                      SELECT 1 FROM delivery d JOIN replay r ON r.replay_of = d.folded_into JOIN delivery m ON m.session_id = d.session_id AND m.event_id = r.event_id
                      WHERE d.session_id = @session AND d.event_id = @event AND d.state = 'folded' AND m.state IN ('sent', 'received', 'answered')
                      ) THEN 1 ELSE 0 END,
                      CASE WHEN EXISTS (SELECT 1 FROM delivery p WHERE p.folded_into > 0 AND p.folded_into IN (
                        @event, COALESCE((SELECT r.replay_of FROM replay r WHERE r.event_id = @event), 0)) AND p.held_until IS NOT NULL) THEN 1 ELSE 0 END
                    FROM event e WHERE e.id = @event
                    """,
                    r => new StoredEvent
                    {
                        Info = info,
                        ChatId = r.GetString(0),
                        Trust = r.GetString(1),
                        Body = Packed.UnpackText(r.Bytes(2)),
                        Payload = r.IsDBNull(3) ? [] : Packed.Unpack(r.Bytes(3)),
                        Told = Convert.ToInt64(r.GetValue(4)) == 1,
                        Several = Convert.ToInt64(r.GetValue(5)) == 1,
                    },
                    ("@session", session.ToString()),
                    home,
                    id);
            },
            ct);

    private const string OfSession = $"{SelectEvent} WHERE d.session_id = @home AND d.event_id = @event";

    // A message of several that was passed on stands for them where it is by now: among the sessions that its source reaches is the one where
    // they were folded.
    private const string WhereFolded = """
        SELECT d.session_id FROM event e
        JOIN route_reach w ON w.source = SUBSTR(e.sender, 8)
        JOIN delivery d ON d.session_id = w.session_id AND d.event_id = e.id AND d.state = 'folded'
        JOIN delivery m ON m.session_id = @session AND m.event_id = d.folded_into AND m.state IN ('sent', 'received', 'answered')
        WHERE e.id = @event AND e.sender LIKE 'source:%' LIMIT 1
        """;

    private const string SelectEvent = """
        SELECT e.id, d.session_id, e.kind, e.name, e.sender, d.state, d.reason, e.created_at,
          d.sent_at, d.received_at, d.answered_at, d.attempts, e.route
        FROM delivery d JOIN event e ON e.id = d.event_id
        """;

    private static async Task<EventInfo> WithHistoryAsync(EngineConnection db, EventInfo info) => info with
    {
        History = await db.RowsAsync(
            "SELECT at, note FROM event_note WHERE event_id = @event ORDER BY at LIMIT 20",
            r => $"{r.Time(0).UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} {r.GetString(1)}",
            ("@event", long.Parse(info.Id))),
    };

    private static EventInfo ReadEvent(DbDataReader r) => new()
    {
        Id = r.GetInt64(0).ToString(),
        Session = r.GetString(1),
        Kind = r.GetString(2),
        Name = r.GetString(3),
        Sender = r.GetString(4),
        State = r.GetString(5),
        Reason = r.TextOrNull(6),
        At = r.Time(7),
        SentAt = r.TimeOrNull(8),
        ReceivedAt = r.TimeOrNull(9),
        AnsweredAt = r.TimeOrNull(10),
        Attempts = r.GetInt32(11),
        Route = r.TextOrNull(12),
        History = [],
    };

    private static ConversationLine ReadIn(DbDataReader r) => new()
    {
        Id = r.GetInt64(0).ToString(),
        Direction = "in",
        ChatId = r.GetString(1),
        User = r.GetString(2),
        Kind = r.GetString(3),
        Text = Packed.UnpackText(r.Bytes(5)),
        At = r.Time(6),
        State = r.GetString(7),
        Reason = r.TextOrNull(8),
    };
}
