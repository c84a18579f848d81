using System.Text;
using Cluster.Chat.Text;
using Cluster.Core.Access;
using Cluster.Core.Channel;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Server.Routing;
using Cluster.Storage.Chats;
using Cluster.Storage.Mailboxes;

namespace Cluster.Server.Mcp;

/// <summary>The tools that send something to chats. Each tells what became of it at the platform, when that is known soon.</summary>
internal sealed class ChatToolCalls(ToolCallStore calls, ChatActs acts, SentWait sent, SenderLimits limits)
{
    private const int MaxEmoji = 64; // UTF-16 code units

    public async Task<ToolOutcome> ReplyAsync(ToolCall call, ToolArguments arguments, Func<Task> taken, CancellationToken ct)
    {
        var chatId = arguments.Text("chat_id", "the chat_id of the channel block that you answer, such as \"console:alice\"");
        var files = arguments.OptionalTexts("files");
        var text = files.Count == 0 ? arguments.Text("text", "the message") : arguments.OptionalText("text") ?? "";
        var replyTo = arguments.OptionalId("reply_to");
        var markdown = arguments.IsMarkdown("format");
        if (arguments.Fault is { } fault)
        {
            return new ToolOutcome(true, fault);
        }

        if (((files.Count > 0 && text.Length == 0 ? null : SaidText.Unfit(text)) ?? NoUploads(files) ?? (new Identity(chatId).IsSession(out _) ? SaidText.TooFast(limits, call.Session) : null)) is { } refused)
        {
            return refused;
        }

        var outcome = await calls.ReplyAsync(call, Said(chatId, text, markdown) with { ReplyTo = replyTo, Files = files }, ct);
        return await ToldAsync(outcome, taken, Sent, ct);

        ToolOutcome Sent(long id, CallOutcome? became) => became switch
        {
            null or { Waiting: > 0 } => new ToolOutcome(false, $"Message {id} waits to be sent; it is queued, and goes out by itself. {outcome.Text}".Trim()),
            { Refusals: [_, ..], Messages: [] } => new ToolOutcome(true, $"Not delivered: {Why(became)}. Message {id} stands on the page only."),
            { Refusals: [_, ..] } => new ToolOutcome(
                true, $"Not delivered whole: {Why(became)}. What did go out of message {id} is {Names(became)}."),
            { Messages: [] } => new ToolOutcome(false, $"Sent as message {id}. {outcome.Text}".Trim()),
            _ => new ToolOutcome(false, $"Sent as message {id} ({Names(became)}). {outcome.Text}".Trim()),
        };
    }

    public async Task<ToolOutcome> EditAsync(ToolCall call, ToolArguments arguments, Func<Task> taken, CancellationToken ct)
    {
        var chatId = arguments.Text("chat_id", "the chat_id of the conversation that the message is in");
        var message = arguments.MessageId("message_id");
        var text = arguments.Text("text", "the new text");
        var markdown = arguments.IsMarkdown("format");
        if (arguments.Fault is { } fault)
        {
            return new ToolOutcome(true, fault);
        }

        if (SaidText.Unfit(text) is { } refused)
        {
            return refused;
        }

        var outcome = await acts.EditAsync(call, Said(chatId, text, markdown), message, shown => IsOneMessage(chatId, shown), ct);
        return await ToldAsync(
            outcome,
            taken,
            (_, became) => became switch
            {
                null or { Waiting: > 0 } => new ToolOutcome(false, $"The change of message {message} is queued, and goes out by itself."),
                { Refusals: [_, ..] } => new ToolOutcome(true, $"Not changed: {Why(became)}."),
                _ => new ToolOutcome(false, $"Message {message} has the new text."),
            },
            ct);
    }

    public async Task<ToolOutcome> ReactAsync(ToolCall call, ToolArguments arguments, Func<Task> taken, CancellationToken ct)
    {
        var chatId = arguments.Text("chat_id", "the chat_id of the channel block that you react to");
        var message = arguments.MessageId("message_id");
        var emoji = arguments.Text("emoji", "the emoji, or an empty text to take yours away");
        if (arguments.Fault is { } fault)
        {
            return new ToolOutcome(true, fault);
        }

        if (emoji.Length > MaxEmoji || emoji.EnumerateRunes().Any(rune => Rune.IsControl(rune) || Rune.IsWhiteSpace(rune)))
        {
            return new ToolOutcome(true, "emoji must be one emoji, such as \"👍\", or empty to take yours away. Nothing was done.");
        }

        var outcome = await acts.ReactAsync(call, chatId, message, emoji, ct);
        return await ToldAsync(
            outcome,
            taken,
            (_, became) => became switch
            {
                null or { Waiting: > 0 } => new ToolOutcome(false, "The reaction is queued, and goes out by itself."),
                { Refusals: [_, ..] } => new ToolOutcome(true, $"The reaction was not taken: {Why(became)}."),
                _ => new ToolOutcome(false, emoji.Length == 0 ? $"Your reaction to message {message} is gone." : $"Reacted to message {message}."),
            },
            ct);
    }

    public async Task<ToolOutcome> NotifyAsync(ToolCall call, ToolArguments arguments, Func<Task> taken, CancellationToken ct)
    {
        var text = arguments.Text("text", "what your user should know");
        if (arguments.Fault is { } fault)
        {
            return new ToolOutcome(true, fault);
        }

        if ((SaidText.Unfit(text) ?? SaidText.TooFast(limits, call.Session)) is { } refused)
        {
            return refused;
        }

        var outcome = await acts.NotifyAsync(call, text, text, ct);
        return await ToldAsync(
            outcome,
            taken,
            (id, became) => became switch
            {
                null or { Waiting: > 0 } => new ToolOutcome(false, $"Message {id} to your user stands on the page; to their chats it is queued, and goes out by itself."),
                { Refusals: [_, ..], Messages: [] } => new ToolOutcome(true, $"Message {id} stands on the page only; to chats it was not delivered: {Why(became)}."),
                { Refusals: [_, ..] } => new ToolOutcome(
                    false, $"Your user was told on the page and as {Names(became)} (message {id}), but not everywhere: {Why(became)}."),
                _ => new ToolOutcome(false, $"Your user was told on the page and as {Names(became)} (message {id})."),
            },
            ct);
    }

    private async Task<ToolOutcome> ToldAsync(
        ToolOutcome outcome, Func<Task> taken, Func<long, CallOutcome?, ToolOutcome> tell, CancellationToken ct)
    {
        if (outcome is not { Refused: false, CallId: { } id })
        {
            return outcome;
        }

        await taken();
        return tell(id, await sent.ForAsync(id, ct));
    }

    private static ToolOutcome? NoUploads(IReadOnlyList<string> files) =>
        files.FirstOrDefault(file => !file.StartsWith(FileLimits.UploadPrefix, StringComparison.Ordinal)) is not null ? new ToolOutcome(
            true, "files: this node cannot read the disk that you work on, so a session needs `cluster connect` to send files. Nothing was sent; say in words what is in them.")
        : files.Count > FileLimits.MaxFiles ? new ToolOutcome(true, $"files names {files.Count}; {FileLimits.MaxFiles} are the most. Nothing was sent.")
        : null;

    private static ChatReply Said(string chatId, string text, bool markdown) =>
        new() { ChatId = chatId, Text = text, Markdown = markdown ? text : ChatText.Literal(text) };

    private static bool IsOneMessage(string chatId, string markdown) =>
        !ConversationId.TryParse(chatId, out var conversation)
        || (conversation.Platform == "discord" ? ChatText.ForDiscord(markdown) : ChatText.ForTelegram(markdown)).Count == 1;

    // "Telegram message 1203", "Telegram messages 1203, 1204".
    private static string Names(CallOutcome became) => string.Join(", ", became.Messages
        .GroupBy(message => message.Conversation.Platform)
        .Select(group => $"{char.ToUpperInvariant(group.Key[0])}{group.Key[1..]} message{(group.Count() == 1 ? "" : "s")} {string.Join(", ", group.Select(one => one.Id))}"));

    // A platform's words come from outside.
    private static string Why(CallOutcome became) => string.Join("; ", became.Refusals.Select(reason =>
    {
        if (reason == OutboxStore.Revoked)
        {
            return "whom it was for may no longer talk to this session";
        }

        var words = HostileText.Cut(HostileText.Escape(reason).ReplaceLineEndings(" ").Trim().TrimEnd('.'), 200);
        string[] heads = ["Forbidden: ", "Bad Request: "];
        var head = heads.FirstOrDefault(words.StartsWith);
        return words.Length == 0 ? "the platform gave no reason" : words[(head?.Length ?? 0)..];
    }));
}
