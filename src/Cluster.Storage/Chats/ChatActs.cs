using System.Globalization;
using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Chats;

/// <summary>What a session does in its conversations beside answering: it changes what it said, reacts, and speaks to its owner first.
/// Each is done once for its call, in one turn, and judged again when it goes out.</summary>
public sealed class ChatActs(Engine engine)
{
    /// <summary>Gives an answer of this session another text.</summary>
    /// <param name="call">The call.</param>
    /// <param name="reply">Where, and the new text.</param>
    /// <param name="message">The id that the answer was given, or the platform's own.</param>
    /// <param name="fits">Whether a text is one message at the platform.</param>
    /// <param name="ct">Cancels.</param>
    public Task<ToolOutcome> EditAsync(ToolCall call, ChatReply reply, string message, Func<string, bool> fits, CancellationToken ct) =>
        ToolTurns.OnceAsync(
            engine,
            call,
            turn => new Identity(reply.ChatId).IsSession(out _)
                    ? Task.FromResult(ToolTurns.Refuse("What was sent to another session cannot be changed; send it another note."))
                : ConversationId.TryParse(reply.ChatId, out _) ? EditInChatAsync(turn, call, reply, message, fits)
                : EditOnPageAsync(turn, call, reply, message),
            ct);

    /// <summary>Puts an emoji under a message of a conversation of this session, or takes it away.</summary>
    /// <param name="call">The call.</param>
    /// <param name="chatId">The conversation.</param>
    /// <param name="message">An event's id, an answer's, or the platform's own of an answer.</param>
    /// <param name="emoji">Empty takes it away.</param>
    /// <param name="ct">Cancels.</param>
    public Task<ToolOutcome> ReactAsync(ToolCall call, string chatId, string message, string emoji, CancellationToken ct) =>
        ToolTurns.OnceAsync(
            engine,
            call,
            async turn =>
            {
                if (!ConversationId.TryParse(chatId, out _))
                {
                    return ToolTurns.Refuse($"Reactions are for chats, and {chatId} is none. Nothing was done.");
                }

                var (target, eventId) = await EventMessageAsync(turn, call.Session, chatId, message) is { } heard
                    ? (heard, Number(message))
                    : ((await OwnMessagesAsync(turn, call.Session, chatId, message)).FirstOrDefault()?.Id, null);
                if (target is null)
                {
                    return ToolTurns.Refuse(
                        $"There is no message {message} in conversation {chatId} of this session. Use the event_id of a channel block, or the id that reply returned.");
                }

                var who = await ToolCallStore.AnsweredAsync(turn, call.Session, chatId, eventId);
                if (await RefusedAsync(turn, call, who) is { } refused)
                {
                    return refused;
                }

                // A bot has one reaction under a message (Telegram Bot API: setMessageReaction), and this one is not to be replaced by the
                // next state. In this order, since states are shown by turns that hold the same row.
                var place = ("@conversation", (object?)chatId);
                var at = ("@target", (object?)target);
                await turn.Db.ExecuteAsync("UPDATE chat_message SET live = 0 WHERE conversation = @conversation AND message_id = @target", place, at);
                await turn.Db.ExecuteAsync(
                    """
                    UPDATE outbox SET state = 'replaced'
                    WHERE conversation = @conversation AND state = 'queued' AND lane >= 0 AND kind = 'react' AND target = @target
                    """,
                    place,
                    at);
                var id = await turn.TakeIdAsync();
                await OutboxStore.PutAsync(turn, chatId, OutboxKind.React, Lanes.Answers, emoji, target, call.Session, who, callId: id);
                await ToolTurns.CalledAsync(turn, call.Session);
                return new ToolOutcome(false, "") { CallId = id };
            },
            ct);

    /// <summary>Tells this session's owner something in every direct chat of theirs, and on the page.</summary>
    public Task<ToolOutcome> NotifyAsync(ToolCall call, string text, string markdown, CancellationToken ct) =>
        ToolTurns.OnceAsync(
            engine,
            call,
            async turn =>
            {
                var owner = Identity.Console(call.Session.Owner);
                if (await RefusedAsync(turn, call, owner) is { } refused)
                {
                    return refused;
                }

                var id = await turn.TakeIdAsync();
                var chats = await turn.Db.RowsAsync(
                    "SELECT c.id, c.identity FROM identity i JOIN conversation c ON c.identity = i.id WHERE i.principal = @owner ORDER BY c.id",
                    r => (Id: r.GetString(0), Who: new Identity(r.GetString(1))),
                    ("@owner", call.Session.Owner));
                foreach (var (chat, who) in chats)
                {
                    await OutboxStore.PutAsync(turn, chat, OutboxKind.Answer, Lanes.Answers, markdown, null, call.Session, who, callId: id);
                }

                await ToolTurns.WriteAsync(turn, call.Session, id, owner.Value, null, text);
                await ToolTurns.CalledAsync(turn, call.Session);
                return chats.Count == 0
                    ? new ToolOutcome(false, $"Your user has no chat with a bot: message {id} stands on the page only.")
                    : new ToolOutcome(false, "") { CallId = id };
            },
            ct);

    private static async Task<ToolOutcome> EditOnPageAsync(Turn turn, ToolCall call, ChatReply reply, string message)
    {
        if (await RefusedAsync(turn, call, new Identity(reply.ChatId)) is { } refused)
        {
            return refused;
        }

        if (await RewriteAsync(turn, call.Session, reply, Number(message)) == 0)
        {
            return NoMessage(message, reply.ChatId);
        }

        await ToolTurns.CalledAsync(turn, call.Session);
        return new ToolOutcome(false, $"Message {message} has the new text.");
    }

    private static async Task<ToolOutcome> EditInChatAsync(Turn turn, ToolCall call, ChatReply reply, string message, Func<string, bool> fits)
    {
        if (!fits(reply.Markdown))
        {
            return ToolTurns.Refuse("The new text is too long for one message, and only one can be changed. Send a new message. Nothing was done.");
        }

        var waits = await WaitingAsync(turn, call.Session, reply.ChatId, Number(message));
        var sent = waits is null ? await OwnMessagesAsync(turn, call.Session, reply.ChatId, message) : [];
        if (waits is null && sent.Count == 0)
        {
            return NoMessage(message, reply.ChatId);
        }

        var replyId = waits is null ? sent[0].ReplyId : Number(message);
        var who = await ToolCallStore.AnsweredAsync(turn, call.Session, reply.ChatId, await AnswersAsync(turn, call.Session, replyId));
        if (await RefusedAsync(turn, call, who) is { } refused)
        {
            return refused;
        }

        if (sent.Exists(one => one.File))
        {
            return ToolTurns.Refuse($"Message {message} is a file, and only texts can be changed. Send a new message. Nothing was done.");
        }

        if (sent.Count > 1 || waits is { PartsSent: > 0 } || (waits is not null && !fits(waits.Body)))
        {
            return ToolTurns.Refuse(
                $"Message {message} is so long that it is several messages there, and only one can be changed. Send a new message. Nothing was done.");
        }

        if (waits is not null)
        {
            // Whoever sends it at this very moment notices that its text is another by now, and changes it there.
            await turn.Db.ExecuteAsync(
                "UPDATE outbox SET body = @body WHERE id = @id", ("@body", Packed.Pack(reply.Markdown)), ("@id", waits.Id));
            await RewriteAsync(turn, call.Session, reply, replyId);
            await ToolTurns.CalledAsync(turn, call.Session);
            return new ToolOutcome(false, $"Message {message} still waits to be sent; it goes out with the new text.");
        }

        var id = await turn.TakeIdAsync();
        await OutboxStore.PutAsync(turn, reply.ChatId, OutboxKind.Edit, Lanes.Answers, reply.Markdown, sent[0].Id, call.Session, who, callId: id);
        await RewriteAsync(turn, call.Session, reply, replyId);
        await ToolTurns.CalledAsync(turn, call.Session);
        return new ToolOutcome(false, "") { CallId = id };
    }

    private static async Task<ToolOutcome?> RefusedAsync(Turn turn, ToolCall call, Identity who)
    {
        if (await AccessStore.FindAsync(turn.Db, call.Session) is { } access && access.May(who, Act.Talk))
        {
            return null;
        }

        await turn.AuditAsync(Identity.Session(call.Session).Value, "refused.act", call.Session.ToString(), $"{who} may not talk");
        return ToolTurns.Refuse($"Nothing was done: {who} may no longer talk to this session.");
    }

    // The row is held, so that what is being sent is either over or sees what is written here.
    private static Task<Waiting?> WaitingAsync(Turn turn, SessionId session, string chatId, long? replyId) =>
        turn.Db.RowAsync(
            """
            SELECT id, body, parts_sent FROM outbox
            WHERE call_id = @reply AND conversation = @chat AND session_id = @session AND state = 'queued' AND kind = 'answer' AND uploads IS NULL
            """ + turn.Engine.LockRow,
            r => new Waiting(r.GetInt64(0), Packed.UnpackText(r.Bytes(1)), r.GetInt64(2)),
            ("@reply", replyId ?? 0),
            ("@chat", chatId),
            ("@session", session.ToString()));

    // Our ids go first: those of a platform are numbers as well, and mean something in their own chat only.
    private static async Task<List<Own>> OwnMessagesAsync(Turn turn, SessionId session, string chatId, string message)
    {
        (string, object?)[] place = [("@chat", chatId), ("@session", session.ToString())];
        var own = await turn.Db.RowsAsync(
            """
            SELECT message_id, reply_id, file FROM chat_message
            WHERE conversation = @chat AND session_id = @session AND reply_id = @reply
            ORDER BY CASE WHEN file IS NULL THEN 0 ELSE 1 END, at, LENGTH(message_id), message_id
            """,
            r => new Own(r.GetString(0), r.NumberOrNull(1), !r.IsDBNull(2)),
            [.. place, ("@reply", Number(message) ?? 0)]);
        if (own.Count == 0)
        {
            own = await turn.Db.RowsAsync(
                """
                SELECT message_id, reply_id, file FROM chat_message
                WHERE conversation = @chat AND session_id = @session AND message_id = @message AND event_id IS NULL AND request_id IS NULL
                  AND (reply_id IS NULL OR reply_id > 0)
                """,
                r => new Own(r.GetString(0), r.NumberOrNull(1), !r.IsDBNull(2)),
                [.. place, ("@message", message)]);
            if (own is [{ File: false, ReplyId: { } reply }])
            {
                return await OwnMessagesAsync(turn, session, chatId, reply.ToString(CultureInfo.InvariantCulture));
            }
        }

        // Of an answer with files, its text is meant.
        return own.Exists(one => !one.File) ? own.FindAll(one => !one.File) : own;
    }

    private static Task<string?> EventMessageAsync(Turn turn, SessionId session, string chatId, string message) =>
        turn.Db.RowAsync(
            """
            SELECT m.message_id FROM chat_message m JOIN delivery d ON d.session_id = m.session_id AND d.event_id = m.event_id
            WHERE m.conversation = @chat AND m.session_id = @session AND m.event_id = @event AND d.state IN ('sent', 'received', 'answered')
            """,
            r => r.GetString(0),
            ("@chat", chatId),
            ("@session", session.ToString()),
            ("@event", Number(message) ?? 0));

    private static Task<long?> AnswersAsync(Turn turn, SessionId session, long? replyId) =>
        turn.Db.NumberAsync(
            "SELECT reply_to FROM reply WHERE id = @id AND session_id = @session", ("@id", replyId ?? 0), ("@session", session.ToString()));

    private static Task<int> RewriteAsync(Turn turn, SessionId session, ChatReply reply, long? replyId) =>
        turn.Db.ExecuteAsync(
            "UPDATE reply SET body = @body WHERE id = @id AND session_id = @session AND chat_id = @chat",
            ("@body", Packed.Pack(reply.Text)),
            ("@id", replyId ?? 0),
            ("@session", session.ToString()),
            ("@chat", reply.ChatId));

    private static ToolOutcome NoMessage(string message, string chatId) =>
        ToolTurns.Refuse($"There is no message {message} of yours in conversation {chatId}. Use the id that reply returned. Nothing was done.");

    private static long? Number(string message) => long.TryParse(message, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    private sealed record Waiting(long Id, string Body, long PartsSent);

    /// <summary>A message of this session.</summary>
    private sealed record Own(string Id, long? ReplyId, bool File);
}
