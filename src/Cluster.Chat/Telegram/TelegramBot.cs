using System.Globalization;
using Cluster.Chat.Text;

namespace Cluster.Chat.Telegram;

/// <summary>A bot of Telegram, by long polling or by webhook.</summary>
/// <param name="token">From @BotFather. It stands in every address that is called, so <paramref name="http"/> must not log or trace them.</param>
/// <param name="baseAddress">Such as <c>https://api.telegram.org</c>.</param>
/// <param name="http">Stays its owner's. It must let a call last longer than a poll, and follow no redirects.</param>
/// <param name="clock">For waiting and for the limits.</param>
public sealed class TelegramBot(string token, Uri baseAddress, HttpClient http, TimeProvider clock)
    : IChatBot, ICanReact, ICanShowTyping, ICanSendFiles, ICanFetchFiles, ICanTakeWebhooks
{
    /// <summary>Telegram Bot API: answerCallbackQuery, text "0-200 characters".</summary>
    private const int PressTextLimit = 200;

    private const string Html = "HTML";

    private readonly TelegramApi _api = new(token, baseAddress, http, clock);
    private readonly TelegramLimits _limits = new(clock);
    private ChatAccount? _account;

    /// <summary>Telegram Bot API: sendChatAction, "the status is set for 5 seconds or less".</summary>
    public TimeSpan TypingLasts => TimeSpan.FromSeconds(5);

    public IChatWebhook Webhook => field ??= new TelegramWebhook(_api, token, async ct => _account ?? await CheckAsync(ct), clock);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public async Task<ChatAccount> CheckAsync(CancellationToken ct)
    {
        var me = await _api.GetMeAsync(ct);
        var name = me.Username ?? "";
        return _account = new ChatAccount(me.Id.ToString(CultureInfo.InvariantCulture), name, $"https://t.me/{name}?start=");
    }

    public Task ReceiveAsync(IChatInbox inbox, CancellationToken ct) =>
        new TelegramReceiver(_api, async () => _account ?? await CheckAsync(ct), inbox, clock).RunAsync(ct);

    public IReadOnlyList<ChatPart> Split(string markdown) => ChatText.ForTelegram(markdown);

    public Task<ChatOutcome> PostAsync(ChatPost post, CancellationToken ct)
    {
        var message = new SendMessage
        {
            ChatId = Number(post.Place.Chat),
            MessageThreadId = NumberOrNone(post.Place.Thread),
            Text = post.Part.Formatted,
            ParseMode = Html,
            DisableNotification = post.Silent ? true : null,
            ReplyParameters = ReplyTo(post.ReplyTo),
            ReplyMarkup = InlineKeyboardMarkup.Of(post.Buttons, post.Stacked),
        };
        return WriteAsync(
            post.Place.Chat,
            () => _api.SendMessageAsync(message, ct),
            () => _api.SendMessageAsync(message with { Text = post.Part.Plain, ParseMode = null }, ct),
            sent => TelegramApi.Read("sendMessage", sent, TelegramJson.Default.TelegramMessageId).MessageId.ToString(CultureInfo.InvariantCulture));
    }

    public async Task<ChatOutcome> EditAsync(
        ChatPlace place, string messageId, ChatPart part, IReadOnlyList<ChatButton> buttons, CancellationToken ct)
    {
        var edit = new EditMessageText
        {
            ChatId = Number(place.Chat),
            MessageId = Number(messageId),
            Text = part.Formatted,
            ParseMode = Html,
            ReplyMarkup = InlineKeyboardMarkup.Of(buttons),
        };
        var outcome = await WriteAsync(
            place.Chat,
            () => _api.EditMessageTextAsync(edit, ct),
            () => _api.EditMessageTextAsync(edit with { Text = part.Plain, ParseMode = null }, ct),
            _ => messageId);
        return outcome is ChatOutcome.Refused(var reason) && Says(reason, "message is not modified") ? new ChatOutcome.Done(messageId) : outcome;
    }

    /// <summary>A press has no message of its own to name, so what is done names the press.</summary>
    public Task<ChatOutcome> AnswerPressAsync(string pressId, string text, CancellationToken ct) => AskAsync(
        null,
        () => _api.AnswerCallbackQueryAsync(new(pressId, TelegramText.Cut(text, PressTextLimit), ShowAlert: true), ct),
        pressId);

    /// <summary>The emoji that Telegram takes (Telegram Bot API: ReactionTypeEmoji) bear no variation selector; what people type may.</summary>
    public Task<ChatOutcome> ReactAsync(ChatPlace place, string messageId, string? emoji, CancellationToken ct) => AskAsync(
        place.Chat,
        () => _api.SetMessageReactionAsync(
            new(Number(place.Chat), Number(messageId), emoji is null ? [] : [new ReactionType("emoji", emoji.Replace("\uFE0F", ""))]), ct),
        messageId);

    public Task<ChatOutcome> ShowTypingAsync(ChatPlace place, CancellationToken ct) => AskAsync(
        place.Chat,
        () => _api.SendChatActionAsync(new(Number(place.Chat), NumberOrNone(place.Thread), "typing"), ct),
        "");

    public IReadOnlyList<IReadOnlyList<ChatUpload>> Group(IReadOnlyList<ChatUpload> files) => TelegramUploads.Group(files);

    /// <summary>Telegram knows no such thing as a try of the same message: what it took and could not confirm may come twice.</summary>
    public async Task<ChatOutcome> PostFilesAsync(
        ChatPlace place, IReadOnlyList<ChatUpload> group, string? replyTo, string once, CancellationToken ct)
    {
        if (TelegramUploads.RefusalOf(group) is { } refusal)
        {
            return new ChatOutcome.Refused(refusal);
        }

        if (_limits.Take(place.Chat, group.Count) is { } wait)
        {
            return new ChatOutcome.Later(wait);
        }

        var answer = await new TelegramUploads(_api).SendAsync(place, group, ReplyTo(replyTo), ct);
        if (!answer.Ok)
        {
            return Outcome(place.Chat, answer, _ => "");
        }

        var sent = TelegramUploads.IdsOf(answer);
        return new ChatOutcome.Done(sent[0]) { Others = sent[1..] };
    }

    public Task<FetchOutcome> FetchAsync(string fileId, long most, CancellationToken ct) =>
        new TelegramDownloads(_api).FetchAsync(fileId, most, ct);

    /// <summary>What people see as a message counts against the limits, and goes out plain where Telegram cannot read its form.</summary>
    private async Task<ChatOutcome> WriteAsync(
        string chat, Func<Task<TelegramAnswer>> formatted, Func<Task<TelegramAnswer>> plain, Func<TelegramAnswer, string> messageId)
    {
        if (_limits.Take(chat) is { } wait)
        {
            return new ChatOutcome.Later(wait);
        }

        var answer = await formatted();
        if (answer is { Ok: false, ErrorCode: 400, Description: { } reason } && Says(reason, "can't parse entities"))
        {
            answer = await plain();
        }

        return Outcome(chat, answer, messageId);
    }

    private async Task<ChatOutcome> AskAsync(string? chat, Func<Task<TelegramAnswer>> call, string messageId) =>
        _limits.Held(chat) is { } wait ? new ChatOutcome.Later(wait) : Outcome(chat, await call(), _ => messageId);

    private ChatOutcome Outcome(string? chat, TelegramAnswer answer, Func<TelegramAnswer, string> messageId)
    {
        if (answer.Ok)
        {
            return new ChatOutcome.Done(messageId(answer));
        }

        if (answer.ErrorCode == 429)
        {
            var wait = answer.Wait();
            _limits.Hold(chat, wait);
            return new ChatOutcome.Later(wait) { Told = true };
        }

        return new ChatOutcome.Refused(answer.Description ?? "");
    }

    private static bool Says(string reason, string words) => reason.Contains(words, StringComparison.OrdinalIgnoreCase);

    private static long Number(string id) => long.Parse(id, CultureInfo.InvariantCulture);

    private static ReplyParameters? ReplyTo(string? messageId) =>
        NumberOrNone(messageId) is { } answered ? new(answered, AllowSendingWithoutReply: true) : null;

    private static long? NumberOrNone(string? id) => id is null ? null : Number(id);
}
