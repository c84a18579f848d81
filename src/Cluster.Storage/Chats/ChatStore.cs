using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Chats;

/// <summary>What is known of somebody who writes to a bot, and of where they write.</summary>
/// <param name="Known">Linked to a principal, or named by an allowlist. Everybody else gets silence.</param>
/// <param name="Current">The session that they have chosen.</param>
/// <param name="Bound">The session that this conversation is bound to.</param>
/// <param name="BoundAll">Everything that is said here goes to that session, not only what is meant for the bot.</param>
/// <param name="RepliedTo">The session of the message that they answer.</param>
/// <param name="RepliedToEvent">The event that the message is which they answer.</param>
public sealed record Acquaintance(bool Known, SessionId? Current, SessionId? Bound, bool BoundAll, SessionId? RepliedTo, long? RepliedToEvent)
{
    /// <summary>The permission request that the message brings which they answer.</summary>
    public long? RepliedToRequest { get; init; }

    /// <summary>Until then what comes unprompted makes no sound; null for no such wish.</summary>
    public DateTimeOffset? MutedUntil { get; init; }
}

/// <summary>A conversation with a message that Claude Code works on, as far as anybody knows.</summary>
/// <param name="Conversation">Where.</param>
/// <param name="Private">A direct chat.</param>
public sealed record WorkedOn(ConversationId Conversation, bool Private)
{
    /// <summary>After so long nobody is told any more that an answer is being written.</summary>
    public static readonly TimeSpan AtMost = TimeSpan.FromMinutes(10);
}

/// <summary>Conversations at chat platforms, the people in them (the <c>user</c> grain of each), and which message stands for what.</summary>
public sealed class ChatStore(Engine engine)
{
    /// <summary>Looks up all that routing asks for.</summary>
    public Task<Acquaintance> LookAsync(Identity who, ConversationId conversation, string? repliesTo, CancellationToken ct) =>
        engine.ReadAsync(
            async db => (await db.RowAsync(
                """
                SELECT
                  (SELECT 1 FROM identity WHERE id = @who) AS linked,
                  (SELECT 1 FROM access_entry WHERE identity = @who LIMIT 1) AS listed,
                  (SELECT session_id FROM chat_user WHERE identity = @who) AS chosen,
                  (SELECT session_id FROM conversation WHERE id = @conversation) AS bound,
                  (SELECT 1 FROM conversation WHERE id = @conversation AND all_to = session_id) AS bound_all,
                  (SELECT session_id FROM chat_message WHERE conversation = @conversation AND message_id = @message) AS replied,
                  (SELECT event_id FROM chat_message WHERE conversation = @conversation AND message_id = @message) AS event,
                  (SELECT request_id FROM chat_message WHERE conversation = @conversation AND message_id = @message) AS request,
                  (SELECT muted_until FROM chat_user WHERE identity = @who) AS muted
                """,
                r => new Acquaintance(
                    !r.IsDBNull(0) || !r.IsDBNull(1), Session(r.TextOrNull(2)), Session(r.TextOrNull(3)), !r.IsDBNull(4), Session(r.TextOrNull(5)), r.NumberOrNull(6))
                {
                    RepliedToRequest = r.NumberOrNull(7),
                    MutedUntil = r.TimeOrNull(8) is { } until && until > engine.Clock.GetUtcNow() ? until : null,
                },
                ("@who", who.Value),
                ("@conversation", conversation.ToString()),
                ("@message", repliesTo ?? "")))!,
            ct);

    /// <summary>Writes down where somebody who is known can be reached, and under which name people know them.</summary>
    public Task MeetAsync(ConversationId conversation, bool isPrivate, Identity who, string name, CancellationToken ct) =>
        engine.TurnAsync(turn => MeetAsync(turn, conversation, isPrivate, who, name), ct);

    internal static async Task<int> MeetAsync(Turn turn, ConversationId conversation, bool isPrivate, Identity who, string name)
    {
        await turn.Db.ExecuteAsync(
            """
            INSERT INTO conversation (id, bot, identity, session_id, created_at) VALUES (@id, @bot, @who, NULL, @now)
            ON CONFLICT (id) DO NOTHING
            """,
            ("@id", conversation.ToString()),
            ("@bot", conversation.Bot),
            ("@who", isPrivate ? who.Value : null),
            ("@now", turn.NowMs));
        return await turn.Db.ExecuteAsync(
            """
            INSERT INTO chat_user (identity, name, session_id) VALUES (@who, @name, NULL)
            ON CONFLICT (identity) DO UPDATE SET name = excluded.name WHERE chat_user.name <> excluded.name
            """,
            ("@who", who.Value),
            ("@name", name));
    }

    /// <summary>Chooses the session that somebody's messages go to from now on.</summary>
    public Task UseAsync(Identity who, SessionId session, CancellationToken ct) =>
        engine.TurnAsync(
            turn => turn.Db.ExecuteAsync(
                """
                INSERT INTO chat_user (identity, name, session_id) VALUES (@who, '', @session)
                ON CONFLICT (identity) DO UPDATE SET session_id = excluded.session_id
                """,
                ("@who", who.Value),
                ("@session", session.ToString())),
            ct);

    /// <summary>Until when what comes unprompted shall make no sound for somebody; null for never.</summary>
    public Task MuteAsync(Identity who, DateTimeOffset? until, CancellationToken ct) =>
        engine.TurnAsync(
            turn => turn.Db.ExecuteAsync(
                "UPDATE chat_user SET muted_until = @until WHERE identity = @who", ("@until", until?.ToUnixTimeMilliseconds()), ("@who", who.Value)),
            ct);

    /// <summary>The places in a session's queue of what somebody has sent it and still waits, the first ones.</summary>
    public Task<List<long>> PlacesAsync(SessionId session, Identity who, int most, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                """
                SELECT (
                  SELECT COUNT(*) FROM delivery q
                  WHERE q.session_id = d.session_id AND q.state IN ('queued', 'sent') AND q.priority >= 0 AND q.priority > 0
                    AND (q.priority < d.priority OR (q.priority = d.priority AND q.event_id <= d.event_id)))
                FROM delivery d JOIN event e ON e.id = d.event_id
                WHERE d.session_id = @session AND d.state IN ('queued', 'sent') AND d.priority > 0 AND e.sender = @who
                ORDER BY d.event_id LIMIT @most
                """,
                r => r.GetInt64(0),
                ("@session", session.ToString()),
                ("@who", who.Value),
                ("@most", most)),
            ct);

    /// <summary>Where a message of a bot's conversations has reached Claude Code lately and is not answered yet, the newest first.</summary>
    public Task<List<WorkedOn>> WorkedOnAsync(string bot, int most, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                """
                SELECT m.conversation, c.identity FROM chat_message m JOIN conversation c ON c.id = m.conversation AND c.bot = @bot
                JOIN delivery d ON d.session_id = m.session_id AND d.event_id = m.event_id
                WHERE m.live = 1 AND m.at > 0 AND m.event_id IS NOT NULL AND d.state = 'received' AND d.received_at > @since
                GROUP BY m.conversation, c.identity ORDER BY MAX(d.received_at) DESC LIMIT @most
                """,
                r => new WorkedOn(ConversationId.Parse(r.GetString(0)), !r.IsDBNull(1)),
                ("@bot", bot),
                ("@since", (engine.Clock.GetUtcNow() - WorkedOn.AtMost).ToUnixTimeMilliseconds()),
                ("@most", most)),
            ct);

    /// <summary>Binds a conversation to a session, or frees it.</summary>
    /// <param name="conversation">Which.</param>
    /// <param name="session">Null frees it.</param>
    /// <param name="everything">Not only what is meant for the bot.</param>
    /// <param name="who">Who asks for it.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>False when it is not theirs to bind: only a session's owner does.</returns>
    public Task<bool> BindAsync(ConversationId conversation, SessionId? session, bool everything, Identity who, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                var bound = Session(await turn.Db.RowAsync(
                    "SELECT session_id FROM conversation WHERE id = @id AND session_id IS NOT NULL" + engine.LockRow, r => r.GetString(0), ("@id", conversation.ToString())));

                // Whoever frees or takes over what is bound must own that session too.
                foreach (var one in new[] { session, bound })
                {
                    if (one is { } asked && (await AccessStore.HoldAsync(turn, asked) is not { } access || !access.May(who, Act.Own)))
                    {
                        return false;
                    }
                }

                await turn.Db.ExecuteAsync(
                    "UPDATE conversation SET session_id = @session, all_to = @all WHERE id = @id",
                    ("@session", session?.ToString()),
                    ("@all", everything ? session?.ToString() : null),
                    ("@id", conversation.ToString()));
                await turn.AuditAsync(who.Value, session is null ? "conversation.unbind" : "conversation.bind", conversation.ToString(), (session ?? bound)?.ToString() ?? "");
                return true;
            },
            ct);

    /// <summary>What somebody wrote last in a conversation and what still waits.</summary>
    public Task<(SessionId Session, long EventId)?> FindWaitingAsync(Identity who, ConversationId conversation, CancellationToken ct) =>
        engine.ReadAsync(
            async db => (await db.RowsAsync(
                """
                SELECT m.session_id, m.event_id FROM chat_message m
                JOIN event e ON e.id = m.event_id AND e.sender = @who
                JOIN delivery d ON d.session_id = m.session_id AND d.event_id = m.event_id AND d.state = 'queued'
                WHERE m.conversation = @conversation AND m.live = 1 AND m.event_id IS NOT NULL
                ORDER BY m.event_id DESC LIMIT 1
                """,
                r => (SessionId.Parse(r.GetString(0)), r.GetInt64(1)),
                ("@who", who.Value),
                ("@conversation", conversation.ToString()))) is [var newest] ? newest : ((SessionId, long)?)null,
            ct);

    /// <summary>Writes down that a message of a platform is an event of a session. Its state will be shown there.</summary>
    public Task NoteAsync(ConversationId conversation, string messageId, SessionId session, long eventId, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                var noted = await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO chat_message (conversation, message_id, session_id, event_id, shown, live, at)
                    VALUES (@conversation, @message, @session, @event, '', 1, @now) ON CONFLICT (conversation, message_id) DO NOTHING
                    """,
                    ("@conversation", conversation.ToString()),
                    ("@message", messageId),
                    ("@session", session.ToString()),
                    ("@event", eventId),
                    ("@now", turn.NowMs));
                turn.Show(session.ToString());
                return noted;
            },
            ct);

    /// <summary>Whether what bears this key was obeyed before.</summary>
    public Task<bool> WasObeyedAsync(string key, CancellationToken ct) =>
        engine.ReadAsync(async db => await db.NumberAsync("SELECT 1 FROM dedupe WHERE key = @key", ("@key", key)) is not null, ct);

    /// <summary>Writes down that what bears this key was obeyed, so that a platform that tells it again is not obeyed twice.</summary>
    public Task ObeyedAsync(string key, CancellationToken ct) =>
        engine.TurnAsync(
            turn => turn.Db.ExecuteAsync(
                "INSERT INTO dedupe (key, event_id, expires_at) VALUES (@key, 0, @expires) ON CONFLICT (key) DO NOTHING",
                ("@key", key),
                ("@expires", (turn.Now + Core.Events.DedupeKeys.Kept).ToUnixTimeMilliseconds())),
            ct);

    private static SessionId? Session(string? stored) => stored is null ? null : SessionId.Parse(stored);
}
