using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cluster.Chat.Telegram;

// What the Telegram Bot API tells, by its own names; only what is read. What may be missing is nullable.

/// <summary>Telegram Bot API: making requests. <c>ok</c>, and then either a result or a description.</summary>
internal sealed record TelegramAnswer
{
    public bool Ok { get; init; }

    public JsonElement Result { get; init; }

    public int ErrorCode { get; init; }

    public string? Description { get; init; }

    public TelegramAnswerParameters? Parameters { get; init; }

    /// <summary>How long an answer of 429 wants to be waited for.</summary>
    public TimeSpan Wait() => TimeSpan.FromSeconds(Math.Clamp(Parameters?.RetryAfter ?? 5, 1, 3600));
}

/// <summary>Telegram Bot API: ResponseParameters.</summary>
internal sealed record TelegramAnswerParameters(int? RetryAfter);

/// <summary>Telegram Bot API: Update, of the kinds that are asked for.</summary>
internal sealed record TelegramUpdate
{
    public required long UpdateId { get; init; }

    public TelegramMessage? Message { get; init; }

    public TelegramMessage? EditedMessage { get; init; }

    public TelegramPress? CallbackQuery { get; init; }
}

/// <summary>Telegram Bot API: User.</summary>
internal sealed record TelegramUser
{
    public required long Id { get; init; }

    public required bool IsBot { get; init; }

    public string? FirstName { get; init; }

    public string? LastName { get; init; }

    public string? Username { get; init; }
}

/// <summary>Telegram Bot API: Chat.</summary>
internal sealed record TelegramChat
{
    public required long Id { get; init; }

    public required string Type { get; init; }
}

/// <summary>Telegram Bot API: Message.</summary>
internal sealed record TelegramMessage
{
    public required long MessageId { get; init; }

    public required TelegramChat Chat { get; init; }

    public TelegramUser? From { get; init; }

    public long? MessageThreadId { get; init; }

    public bool? IsTopicMessage { get; init; }

    // Their presence alone says that somebody else speaks than the one who is named.
    public JsonElement? SenderChat { get; init; }

    public JsonElement? ForwardOrigin { get; init; }

    public JsonElement? ViaBot { get; init; }

    public JsonElement? ForumTopicCreated { get; init; }

    public TelegramMessage? ReplyToMessage { get; init; }

    public TelegramQuote? Quote { get; init; }

    public string? Text { get; init; }

    public IReadOnlyList<TelegramEntity>? Entities { get; init; }

    public string? Caption { get; init; }

    public IReadOnlyList<TelegramEntity>? CaptionEntities { get; init; }

    public IReadOnlyList<TelegramFile>? Photo { get; init; }

    public TelegramFile? Document { get; init; }

    public TelegramFile? Voice { get; init; }

    public TelegramFile? Audio { get; init; }

    public TelegramFile? Video { get; init; }

    public TelegramFile? Animation { get; init; }

    public TelegramFile? VideoNote { get; init; }

    public TelegramFile? Sticker { get; init; }

    public TelegramLocation? Location { get; init; }

    public TelegramVenue? Venue { get; init; }

    public TelegramContact? Contact { get; init; }

    public TelegramPoll? Poll { get; init; }

    public TelegramDice? Dice { get; init; }
}

/// <summary>Telegram Bot API: MessageEntity. Offset and length count UTF-16 units, as strings do here.</summary>
internal sealed record TelegramEntity
{
    public required string Type { get; init; }

    public required int Offset { get; init; }

    public required int Length { get; init; }
}

/// <summary>Telegram Bot API: TextQuote.</summary>
internal sealed record TelegramQuote(string? Text);

/// <summary>Telegram Bot API: PhotoSize, Document, Voice, Audio, Video, Animation, VideoNote, Sticker: what they share.</summary>
internal sealed record TelegramFile
{
    public required string FileId { get; init; }

    public string? FileName { get; init; }

    public long? FileSize { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    public string? Emoji { get; init; }
}

/// <summary>Telegram Bot API: Location.</summary>
internal sealed record TelegramLocation
{
    public required double Latitude { get; init; }

    public required double Longitude { get; init; }
}

/// <summary>Telegram Bot API: Venue.</summary>
internal sealed record TelegramVenue
{
    public required TelegramLocation Location { get; init; }

    public string? Title { get; init; }
}

/// <summary>Telegram Bot API: Contact.</summary>
internal sealed record TelegramContact(string? PhoneNumber, string? FirstName, string? LastName);

/// <summary>Telegram Bot API: Poll.</summary>
internal sealed record TelegramPoll(string? Question, IReadOnlyList<TelegramPollOption>? Options);

/// <summary>Telegram Bot API: PollOption.</summary>
internal sealed record TelegramPollOption(string? Text);

/// <summary>Telegram Bot API: Dice.</summary>
internal sealed record TelegramDice(string? Emoji, int? Value);

/// <summary>Telegram Bot API: File.</summary>
internal sealed record TelegramStoredFile(string? FilePath, long? FileSize);

/// <summary>Telegram Bot API: CallbackQuery. The message may be one that is no longer accessible: it still has a chat and an id.</summary>
internal sealed record TelegramPress
{
    public required string Id { get; init; }

    public required TelegramUser From { get; init; }

    public TelegramMessage? Message { get; init; }

    public string? Data { get; init; }
}

/// <summary>Telegram Bot API: WebhookInfo.</summary>
internal sealed record TelegramWebhookInfo
{
    /// <summary>Empty when none is set.</summary>
    public required string Url { get; init; }

    public int PendingUpdateCount { get; init; }

    public long? LastErrorDate { get; init; }

    public string? LastErrorMessage { get; init; }
}

/// <summary>An answer as a whole. It is read leniently, so that one strange update does not keep back the others beside it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, MaxDepth = 512)]
[JsonSerializable(typeof(TelegramAnswer))]
internal sealed partial class TelegramAnswerJson : JsonSerializerContext;

/// <summary>What stands in an answer, and what is sent: strict.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowDuplicateProperties = false,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TelegramUser))]
[JsonSerializable(typeof(TelegramUpdate))]
[JsonSerializable(typeof(TelegramMessageId))]
[JsonSerializable(typeof(IReadOnlyList<TelegramMessageId>))]
[JsonSerializable(typeof(TelegramStoredFile))]
[JsonSerializable(typeof(TelegramNothing))]
[JsonSerializable(typeof(TelegramWebhookInfo))]
[JsonSerializable(typeof(GetUpdates))]
[JsonSerializable(typeof(SetWebhook))]
[JsonSerializable(typeof(SendMessage))]
[JsonSerializable(typeof(EditMessageText))]
[JsonSerializable(typeof(AnswerCallbackQuery))]
[JsonSerializable(typeof(SetMessageReaction))]
[JsonSerializable(typeof(SendChatAction))]
[JsonSerializable(typeof(GetFile))]
[JsonSerializable(typeof(ReplyParameters))]
[JsonSerializable(typeof(IReadOnlyList<InputMedia>))]
internal sealed partial class TelegramJson : JsonSerializerContext;
