namespace Cluster.Chat.Telegram;

// What the Telegram Bot API is asked, by its own names. What is null is not sent.

/// <summary>Telegram Bot API: methods without parameters, such as getMe.</summary>
internal sealed record TelegramNothing;

/// <summary>Telegram Bot API: getUpdates.</summary>
internal sealed record GetUpdates
{
    /// <summary>One more than the last update that was taken: it and all before it are then forgotten there.</summary>
    public required long? Offset { get; init; }

    /// <summary>Seconds that the answer may wait for something to tell.</summary>
    public required int Timeout { get; init; }

    public required IReadOnlyList<string> AllowedUpdates { get; init; }
}

/// <summary>Telegram Bot API: setWebhook.</summary>
internal sealed record SetWebhook(string Url, int MaxConnections, IReadOnlyList<string> AllowedUpdates, string SecretToken);

/// <summary>Telegram Bot API: sendMessage.</summary>
internal sealed record SendMessage
{
    public required long ChatId { get; init; }

    public long? MessageThreadId { get; init; }

    public required string Text { get; init; }

    public string? ParseMode { get; init; }

    public LinkPreviewOptions LinkPreviewOptions { get; init; } = new(IsDisabled: true);

    public bool? DisableNotification { get; init; }

    public ReplyParameters? ReplyParameters { get; init; }

    public InlineKeyboardMarkup? ReplyMarkup { get; init; }
}

/// <summary>Telegram Bot API: editMessageText. Without reply_markup the buttons go.</summary>
internal sealed record EditMessageText
{
    public required long ChatId { get; init; }

    public required long MessageId { get; init; }

    public required string Text { get; init; }

    public string? ParseMode { get; init; }

    public LinkPreviewOptions LinkPreviewOptions { get; init; } = new(IsDisabled: true);

    public InlineKeyboardMarkup? ReplyMarkup { get; init; }
}

/// <summary>Telegram Bot API: LinkPreviewOptions.</summary>
internal sealed record LinkPreviewOptions(bool IsDisabled);

/// <summary>Telegram Bot API: ReplyParameters.</summary>
internal sealed record ReplyParameters(long MessageId, bool AllowSendingWithoutReply);

/// <summary>Telegram Bot API: InlineKeyboardMarkup.</summary>
internal sealed record InlineKeyboardMarkup(IReadOnlyList<IReadOnlyList<InlineKeyboardButton>> InlineKeyboard)
{
    /// <summary>One row, or a row for each, or nothing at all.</summary>
    public static InlineKeyboardMarkup? Of(IReadOnlyList<ChatButton> buttons, bool stacked = false) => buttons.Count == 0
        ? null
        : new([.. buttons.Select(button => new InlineKeyboardButton(button.Label, button.Data)).Chunk(stacked ? 1 : buttons.Count)]);
}

/// <summary>Telegram Bot API: InlineKeyboardButton.</summary>
internal sealed record InlineKeyboardButton(string Text, string CallbackData);

/// <summary>Telegram Bot API: answerCallbackQuery.</summary>
internal sealed record AnswerCallbackQuery(string CallbackQueryId, string Text, bool ShowAlert);

/// <summary>Telegram Bot API: setMessageReaction. An empty list takes the bot's reactions away.</summary>
internal sealed record SetMessageReaction(long ChatId, long MessageId, IReadOnlyList<ReactionType> Reaction);

/// <summary>Telegram Bot API: ReactionTypeEmoji.</summary>
internal sealed record ReactionType(string Type, string Emoji);

/// <summary>Telegram Bot API: sendChatAction.</summary>
internal sealed record SendChatAction(long ChatId, long? MessageThreadId, string Action);

/// <summary>What is read of a message that was sent.</summary>
internal sealed record TelegramMessageId(long MessageId);

/// <summary>Telegram Bot API: getFile.</summary>
internal sealed record GetFile(string FileId);

/// <summary>Telegram Bot API: InputMediaPhoto, InputMediaDocument. A document in an album is never looked into for a better kind.</summary>
/// <param name="Type"><c>photo</c> or <c>document</c>.</param>
/// <param name="Media"><c>attach://</c> and the name of the form's part that holds the file.</param>
internal sealed record InputMedia(string Type, string Media);
