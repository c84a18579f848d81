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
/// <param name="RepliedTo">The session of the message that they answer.</param>
/// <param name="RepliedToEvent">The event that the message is which they answer.</param>
public sealed record Acquaintance(bool Known, SessionId? Current, SessionId? Bound, SessionId? RepliedTo, long? RepliedToEvent);

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
                  (SELECT session_id FROM chat_message WHERE conversation = @conversation AND message_id = @message) AS replied,
                  (SELECT event_id FROM chat_message WHERE conversation = @conversation AND message_id = @message) AS event
                """,
                r => new Acquaintance(
                    !r.IsDBNull(0) || !r.IsDBNull(1), Session(r.TextOrNull(2)), Session(r.TextOrNull(3)), Session(r.TextOrNull(4)), r.NumberOrNull(5)),
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

    /// <summary>Binds a conversation to a session, or frees it.</summary>
    /// <returns>False when it is not theirs to bind: only a session's owner does.</returns>
    public Task<bool> BindAsync(ConversationId conversation, SessionId? session, Identity who, CancellationToken ct) =>
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
                    "UPDATE conversation SET session_id = @session WHERE id = @id", ("@session", session?.ToString()), ("@id", conversation.ToString()));
                await turn.AuditAsync(who.Value, session is null ? "conversation.unbind" : "conversation.bind", conversation.ToString(), (session ?? bound)?.ToString() ?? "");
                return true;
            },
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
