using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Sessions;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Mailboxes;

/// <summary>One tool call, as its client numbered it.</summary>
public sealed record ToolCall
{
    public required string McpSession { get; init; }
    public required SessionId Session { get; init; }

    /// <summary>The JSON-RPC id as JSON: <c>7</c> and <c>"7"</c> are two.</summary>
    public required string RequestId { get; init; }

    public required string ArgumentsHash { get; init; }
}

/// <summary>What a tool call led to, as a sentence that Claude reads.</summary>
public sealed record ToolOutcome(bool Refused, string Text)
{
    /// <summary>Set when something of it waits to be sent to a chat: then the sentence only adds to what <see cref="CallOutcomes"/> tells.</summary>
    public long? CallId { get; init; }
}

/// <summary>An answer of a session.</summary>
public sealed record ChatReply
{
    public required string ChatId { get; init; }

    /// <summary>As the page shows it; may be empty where there are files.</summary>
    public required string Text { get; init; }

    /// <summary>The same as chats get it, as Markdown.</summary>
    public required string Markdown { get; init; }

    /// <summary>The event that it answers.</summary>
    public long? ReplyTo { get; init; }

    /// <summary>Ids of uploads.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];
}

/// <summary>The tool calls that change something. Each is done once for its (MCP session, JSON-RPC id): a repeat gets the first answer.</summary>
public sealed class ToolCallStore(Engine engine, MailboxLimits limits)
{
    /// <summary>How long a repeat is known.</summary>
    public static readonly TimeSpan Remembered = ToolTurns.Remembered;

    /// <summary>Writes an answer into a conversation and marks what it answers. To another session it goes as a note.</summary>
    public Task<ToolOutcome> ReplyAsync(ToolCall call, string chatId, string text, long? replyTo, CancellationToken ct) =>
        ReplyAsync(call, new ChatReply { ChatId = chatId, Text = text, Markdown = text, ReplyTo = replyTo }, ct);

    /// <inheritdoc cref="ReplyAsync(ToolCall, string, string, long?, CancellationToken)"/>
    public Task<ToolOutcome> ReplyAsync(ToolCall call, ChatReply reply, CancellationToken ct) =>
        ToolTurns.OnceAsync(
            engine,
            call,
            async turn =>
            {
                var (chatId, text, replyTo) = (reply.ChatId, reply.Text, reply.ReplyTo);
                var session = ("@session", (object?)call.Session.ToString());
                var chat = ("@chat", (object?)chatId);
                if (await turn.Db.NumberAsync(
                    "SELECT 1 FROM delivery WHERE session_id = @session AND chat_id = @chat LIMIT 1", session, chat) is null)
                {
                    return ToolTurns.Refuse($"There is no conversation {chatId} in this session. Use the chat_id of a channel block that you received.");
                }

                if (ConversationId.TryParse(chatId, out _)
                    && await turn.Db.NumberAsync("SELECT 1 FROM conversation WHERE id = @chat", chat) is null)
                {
                    return ToolTurns.Refuse($"Nothing was sent: the bot of conversation {chatId} is not here any more.");
                }

                // Who is answered must still be let in: in a direct chat its person, in a group whoever is answered there.
                var inChat = ConversationId.TryParse(chatId, out _);
                var who = inChat ? await AnsweredAsync(turn, call.Session, chatId, replyTo) : new Identity(chatId);
                if (await AccessStore.FindAsync(turn.Db, call.Session) is not { } access || !access.May(who, Act.Talk))
                {
                    await turn.AuditAsync(Identity.Session(call.Session).Value, "refused.reply", call.Session.ToString(), $"{who} may not talk");
                    return ToolTurns.Refuse($"Nothing was sent: {who} may no longer talk to this session.");
                }

                if (replyTo is { } named && await turn.Db.NumberAsync(
                    "SELECT 1 FROM delivery WHERE session_id = @session AND chat_id = @chat AND event_id = @event AND state NOT IN ('queued', 'filtered', 'held', 'folded', 'healed')",
                    session,
                    chat,
                    ("@event", named)) is null)
                {
                    return ToolTurns.Refuse($"reply_to {named} is no event of conversation {chatId}. Use the event_id of the channel block that you answer, or leave reply_to out.");
                }

                if (!inChat && reply.Files.Count > 0)
                {
                    return ToolTurns.Refuse($"Nothing was sent: files go to chats only, and {chatId} is none. Say in words what is in them.");
                }

                if (await UploadStore.UsableAsync(turn, call.Session, reply.Files) is not { } files)
                {
                    return ToolTurns.Refuse("Nothing was sent: a file was not uploaded by this session, was sent before, or is older than an hour. Pass its path again.");
                }

                long? noted = null;
                if (new Identity(chatId).IsSession(out var other))
                {
                    switch (await Notes.AppendAsync(turn, call.Session, other, text, limits.Waiting))
                    {
                        case NoteOutcome.Accepted(var note):
                            noted = note;
                            break;
                        case NoteOutcome.Refused(var why):
                            return ToolTurns.Refuse($"Nothing was sent: {why}");
                        default:
                            return ToolTurns.Refuse($"Nothing was sent: this session may not talk to {other}; {HowToAllow(call.Session, other)}");
                    }
                }

                var id = noted ?? await turn.TakeIdAsync();
                if (inChat)
                {
                    var target = await MessageAsync(turn, call.Session, chatId, replyTo);
                    await PutAsync(turn, call.Session, reply, files, target, who, id);
                }

                var said = files.Select(file => $"[file: {Attachments.Shown(file.Name)}, {Attachments.Size(file.Size)}]").Prepend(text);
                await ToolTurns.WriteAsync(turn, call.Session, id, chatId, replyTo, string.Join('\n', said.Where(line => line.Length > 0)));

                // A named event is proved read by being named. Without a name, only what was confirmed counts as answered.
                var answered = replyTo is null
                    ? await turn.Db.ExecuteAsync(
                        """
                        UPDATE delivery SET state = 'answered', answered_at = @now, answered_by = @by
                        WHERE session_id = @session AND chat_id = @chat AND state = 'received'
                        """,
                        ("@now", turn.NowMs),
                        ("@by", id.ToString()),
                        session,
                        chat)
                    : await AnswerAsync(turn, call.Session, replyTo.Value, id.ToString());
                await ToolTurns.CalledAsync(turn, call.Session);
                return inChat
                    ? new ToolOutcome(false, answered == 0 ? "" : $"{answered} marked answered.") { CallId = id }
                    : new ToolOutcome(false, $"Sent as message {id}{(answered == 0 ? "" : $"; {answered} marked answered")}.");
            },
            ct);

    // The text goes first, and its files behind it in the same lane, so in this order.
    private static async Task PutAsync(Turn turn, SessionId session, ChatReply reply, List<Upload> files, string? target, Identity who, long id)
    {
        if (reply.Text.Length > 0)
        {
            await OutboxStore.PutAsync(turn, reply.ChatId, OutboxKind.Answer, Lanes.Answers, reply.Markdown, target, session, who, callId: id);
        }

        if (files.Count > 0)
        {
            // A node of the release before sends the names only.
            await OutboxStore.PutAsync(
                turn, reply.ChatId, OutboxKind.Answer, Lanes.Answers, string.Join(", ", files.Select(file => $"`{file.Name}`")),
                reply.Text.Length > 0 ? null : target, session, who, callId: id, uploads: [.. files.Select(file => file.Id)]);
            await UploadStore.UseAsync(turn, files, id);
        }
    }

    // In a direct chat there is one person; in a group it is who wrote what is answered, or wrote last.
    internal static async Task<Identity> AnsweredAsync(Turn turn, SessionId session, string chatId, long? replyTo) => new(
        await turn.Db.RowAsync("SELECT identity FROM conversation WHERE id = @chat AND identity IS NOT NULL", r => r.GetString(0), ("@chat", chatId))
        ?? await turn.Db.RowAsync(
            """
            SELECT e.sender FROM delivery d JOIN event e ON e.id = d.event_id
            WHERE d.session_id = @session AND d.chat_id = @chat AND (@event = 0 OR d.event_id = @event) AND d.state NOT IN ('queued', 'filtered', 'held', 'folded', 'healed')
            ORDER BY d.event_id DESC LIMIT 1
            """,
            r => r.GetString(0),
            ("@session", session.ToString()),
            ("@chat", chatId),
            ("@event", replyTo ?? 0))
        ?? "");

    // The platform's own id of the message that is answered.
    private static Task<string?> MessageAsync(Turn turn, SessionId session, string chatId, long? eventId) =>
        turn.Db.RowAsync(
            "SELECT message_id FROM chat_message WHERE conversation = @chat AND session_id = @session AND event_id = @event",
            r => r.GetString(0),
            ("@chat", chatId),
            ("@session", session.ToString()),
            ("@event", eventId ?? 0));

    /// <summary>Sends a note to another session.</summary>
    public Task<ToolOutcome> TellAsync(ToolCall call, SessionId other, string text, CancellationToken ct) =>
        ToolTurns.OnceAsync(
            engine,
            call,
            async turn =>
            {
                switch (await Notes.AppendAsync(turn, call.Session, other, text, limits.Waiting))
                {
                    case NoteOutcome.Accepted(var id):
                        await ToolTurns.WriteAsync(turn, call.Session, id, Identity.Session(other).Value, null, text);
                        await ToolTurns.CalledAsync(turn, call.Session);
                        return new ToolOutcome(false, $"Sent to {other} as event {id}. If it answers, a block of kind note brings it.");
                    case NoteOutcome.Refused(var why):
                        return ToolTurns.Refuse($"Nothing was sent: {why}");
                    default:
                        return ToolTurns.Refuse($"There is no such session: {other}. If you expected one, tell your user: {HowToAllow(call.Session, other)}");
                }
            },
            ct);

    /// <summary>Marks one event as handled.</summary>
    public Task<ToolOutcome> AckAsync(ToolCall call, long eventId, CancellationToken ct) =>
        ToolTurns.OnceAsync(
            engine,
            call,
            async turn =>
            {
                var state = await turn.Db.RowAsync(
                    "SELECT state FROM delivery WHERE session_id = @session AND event_id = @event",
                    r => r.GetString(0),
                    ("@session", call.Session.ToString()),
                    ("@event", eventId));
                if (state == "folded")
                {
                    return ToolTurns.Refuse($"Event {eventId} goes with others in one message. Use the event_id of its channel block once you have it.");
                }

                if (state is null or "queued" or "filtered" or "held" or "healed")
                {
                    return ToolTurns.Refuse($"There is no event {eventId} in this session. Use the event_id of a channel block that you received.");
                }

                await AnswerAsync(turn, call.Session, eventId, EventLives.ByAck);
                await ToolTurns.CalledAsync(turn, call.Session);
                return new ToolOutcome(false, $"Event {eventId} is marked as handled.");
            },
            ct);

    /// <summary>Notes that the session has used a tool: the first proof that its model sees the channel.</summary>
    public Task CalledAsync(SessionId session, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await ToolTurns.CalledAsync(turn, session);
                return true;
            },
            ct);

    private static Task<int> AnswerAsync(Turn turn, SessionId session, long eventId, string by) =>
        turn.Db.ExecuteAsync(
            """
            UPDATE delivery SET state = 'answered', answered_at = @now, received_at = COALESCE(received_at, @now), answered_by = @by
            WHERE session_id = @session AND event_id = @event AND state IN ('sent', 'received')
            """,
            ("@now", turn.NowMs),
            ("@by", by),
            ("@session", session.ToString()),
            ("@event", eventId));

    private static string HowToAllow(SessionId from, SessionId to) =>
        $"its owner lets this session in with `cluster allow {Identity.Session(from)} --session {to} --role talk`.";
}
