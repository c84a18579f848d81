using System.Globalization;
using System.Text.Json;
using Cluster.Core.Access;

namespace Cluster.Chat.Telegram;

/// <summary>Tells in the cluster's words what a person did in Telegram, and nothing where no person did.</summary>
internal static class TelegramUpdates
{
    private const int QuoteLimit = 500;

    /// <summary>What Telegram wants to be told back to forget it (Telegram Bot API: Update); null where it cannot be read.</summary>
    public static long? IdOf(JsonElement update) =>
        update.ValueKind == JsonValueKind.Object
        && update.TryGetProperty("update_id", out var id) && id.ValueKind == JsonValueKind.Number && id.TryGetInt64(out var value)
            ? value
            : null;

    /// <summary>The album that a new message is a part of; null where it is none (Telegram Bot API: Message, media_group_id).</summary>
    public static string? AlbumOf(JsonElement update) =>
        update.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.Object
        && message.TryGetProperty("media_group_id", out var album) && album.ValueKind == JsonValueKind.String
            ? album.GetString()
            : null;

    /// <summary>Null for what is not of a person, and for what cannot be read.</summary>
    public static ChatUpdate? Read(JsonElement update, ChatAccount bot)
    {
        try
        {
            return update.Deserialize(TelegramJson.Default.TelegramUpdate) switch
            {
                { Message: { } message } told => Message(told, message, bot, edited: false),
                { EditedMessage: { } message } told => Message(told, message, bot, edited: true),
                { CallbackQuery: { } press } told => Press(told, press),
                _ => null,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // a lone surrogate is the latter
        {
            return null;
        }
    }

    private static ChatUpdate.Message? Message(TelegramUpdate update, TelegramMessage message, ChatAccount bot, bool edited)
    {
        if (AuthorOf(message) is not { IsBot: false } from
            || PlaceOf(message) is not { } place
            || (edited && message.Location is not null)) // a live location moves by edits, every few seconds
        {
            return null;
        }

        var files = FilesOf(message);
        if (TextOf(message) is not { } written)
        {
            if (files.Count == 0)
            {
                return null; // somebody joined, a title changed, and the like
            }

            written = "";
        }

        var (text, named) = TelegramAddressing.Read(written, message.Text is null ? message.CaptionEntities : message.Entities, bot.Name);

        // Every message of a topic "answers" the one that opened the topic.
        var answered = message.ReplyToMessage is { ForumTopicCreated: null } reply ? reply : null;
        var author = answered is null ? null : AuthorOf(answered);
        var ofBot = author is not null && Number(author.Id) == bot.Id;
        var quoted = ofBot || author is { IsBot: false };
        return new ChatUpdate.Message
        {
            Key = Number(update.UpdateId),
            Place = place,
            Sender = SenderOf(from),
            MessageId = Number(message.MessageId),
            Text = text,
            ForBot = place.Private || named || (answered?.From is { } asked && Number(asked.Id) == bot.Id),
            Edited = edited,
            ReplyTo = answered is null ? null : Number(answered.MessageId),
            Quote = quoted ? TelegramText.Cut(message.Quote?.Text ?? answered?.Text ?? answered?.Caption ?? "", QuoteLimit) : "",
            QuoteOf = quoted && !ofBot ? SenderOf(author!).Identity : null,
            QuotesBot = ofBot,
            Files = files,
        };
    }

    /// <summary>Whose words a message holds. With sender_chat, forward_origin or via_bot they are not those of <c>from</c> (anonymous admins,
    /// channels, forwards, inline bots), and nobody can say whose they are.</summary>
    private static TelegramUser? AuthorOf(TelegramMessage message) =>
        message is { From: { } from, SenderChat: null, ForwardOrigin: null, ViaBot: null } ? from : null;

    private static ChatUpdate.Press? Press(TelegramUpdate update, TelegramPress press) =>
        press is { From.IsBot: false, Message: { } message, Data: { } data } && PlaceOf(message) is { } place
            ? new ChatUpdate.Press
            {
                Key = Number(update.UpdateId),
                Place = place,
                Sender = SenderOf(press.From),
                MessageId = Number(message.MessageId),
                PressId = press.Id,
                Data = data,
            }
            : null;

    private static ChatPlace? PlaceOf(TelegramMessage message) => message.Chat.Type is "private" or "group" or "supergroup"
        ? new ChatPlace
        {
            Chat = Number(message.Chat.Id),
            // Elsewhere the same field names a mere chain of replies, into which nothing can be sent.
            Thread = message is { IsTopicMessage: true, MessageThreadId: { } thread } ? Number(thread) : null,
            Private = message.Chat.Type == "private",
        }
        : null;

    private static ChatSender SenderOf(TelegramUser user) =>
        new(new Identity($"telegram:{Number(user.Id)}"), $"{user.FirstName} {user.LastName}".Trim());

    private static string? TextOf(TelegramMessage message) => message switch
    {
        { Text: { } text } => text,
        { Caption: { } caption } => caption,
        { Sticker.Emoji: { } emoji } => emoji,
        { Venue: { } venue } => $"{Where(venue.Location)} {venue.Title}".TrimEnd(),
        { Location: { } location } => Where(location),
        { Contact: { } contact } => string.Join(' ', Words("contact", contact.FirstName, contact.LastName, contact.PhoneNumber)),
        { Poll: { } poll } => string.Join("\n- ", Words([$"poll: {poll.Question}", .. (poll.Options ?? []).Select(option => option?.Text)])),
        { Dice: { } dice } => string.Join(' ', Words(dice.Emoji, dice.Value?.ToString(CultureInfo.InvariantCulture))),
        _ => null,
    };

    private static IEnumerable<string?> Words(params IEnumerable<string?> words) => words.Where(word => !string.IsNullOrWhiteSpace(word));

    private static string Where(TelegramLocation location) =>
        string.Create(CultureInfo.InvariantCulture, $"location {location.Latitude},{location.Longitude}");

    private static List<ChatFile> FilesOf(TelegramMessage message)
    {
        var files = new List<ChatFile>();
        Add("photo", message.Photo?.MaxBy(size => (long)(size.Width ?? 0) * (size.Height ?? 0)));
        Add("animation", message.Animation);
        // Telegram Bot API: Message, animation: "for backward compatibility, … the document field will also be set".
        Add("document", message.Animation is null ? message.Document : null);
        Add("voice", message.Voice);
        Add("audio", message.Audio);
        Add("video", message.Video);
        Add("video_note", message.VideoNote);
        Add("sticker", message.Sticker);
        return files;

        void Add(string kind, TelegramFile? file)
        {
            if (file is not null)
            {
                files.Add(new ChatFile { Id = file.FileId, Kind = kind, Name = file.FileName ?? "", Size = file.FileSize });
            }
        }
    }

    private static string Number(long id) => id.ToString(CultureInfo.InvariantCulture);
}
