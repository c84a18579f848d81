using System.Text.Json;
using Cluster.Core.Access;

namespace Cluster.Chat.Discord;

/// <summary>Reads what people did from the gateway's events. What no person did, and what cannot be read, is nothing.</summary>
internal static class DiscordUpdates
{
    private const int LongestQuote = 500;

    // Discord: Message, message types. Everything else is said by Discord itself, or by a command.
    private const int PlainMessage = 0;
    private const int Reply = 19;

    private const int Forward = 1; // Discord: Message, message reference types.

    public const string Interaction = "INTERACTION_CREATE";

    /// <summary>Whether an event of this name may hold something.</summary>
    public static bool Concerns(string? type) => type is "MESSAGE_CREATE" or "MESSAGE_UPDATE" or Interaction;

    /// <param name="type">The event's name.</param>
    /// <param name="data">What it carries.</param>
    /// <param name="bot">The bot's id.</param>
    public static ChatUpdate? Read(string? type, JsonElement data, string bot) => type switch
    {
        "MESSAGE_CREATE" => DiscordJson.Read(data, DiscordJson.Default.DiscordMessage) is { } message ? Written(message, bot) : null,
        // Without the time of an edit it only tells of a preview or a pin.
        "MESSAGE_UPDATE" => DiscordJson.Read(data, DiscordJson.Default.DiscordMessage) is { EditedTimestamp: not null, Content: not null } edit
            ? Written(edit, bot)
            : null,
        Interaction => DiscordJson.Read(data, DiscordJson.Default.DiscordInteraction) is { } interaction
            ? DiscordInteractions.Read(interaction)
            : null,
        _ => null,
    };

    /// <summary>Null for what no person wrote.</summary>
    public static ChatUpdate.Message? Written(DiscordMessage message, string bot)
    {
        if (AuthorOf(message) is not { } author
            || !Snowflake.IsValid(message.Id)
            || !Snowflake.IsValid(message.ChannelId))
        {
            return null;
        }

        var direct = message.GuildId is null;
        var quoted = message.Type == Reply ? message.ReferencedMessage : null;
        var (quotesBot, quoteOf) = (quoted?.Author?.Id == bot, quoted is null ? null : AuthorOf(quoted));
        return new()
        {
            Key = message.EditedTimestamp is { } at ? $"m{message.Id}.{at}" : $"m{message.Id}",
            Place = new() { Chat = message.ChannelId!, Private = direct },
            Sender = Sender(author),
            MessageId = message.Id!,
            Text = WithoutMention(TextOf(message), bot),
            ForBot = direct
                || message.Mentions?.Any(user => user?.Id == bot) == true
                || (message.MessageReference is not null && message.ReferencedMessage?.Author?.Id == bot),
            Edited = message.EditedTimestamp is not null,
            ReplyTo = message.Type == Reply && Snowflake.IsValid(message.MessageReference?.MessageId) ? message.MessageReference!.MessageId : null,
            Quote = quotesBot || quoteOf is not null ? Cut(quoted?.Content ?? "") : "",
            QuoteOf = quotesBot || quoteOf is null ? null : Sender(quoteOf).Identity,
            QuotesBot = quotesBot,
            Files = [.. (message.Attachments ?? []).Where(file => Snowflake.IsValid(file?.Id)).Select(file => File(message, file!))],
        };
    }

    /// <summary>The person whose words a message holds; null where they are nobody's.</summary>
    private static DiscordUser? AuthorOf(DiscordMessage message) =>
        message is { WebhookId: null, Type: PlainMessage or Reply, Author: { IsPerson: true } author } && message.MessageReference?.Type != Forward
            ? author
            : null;

    private static string TextOf(DiscordMessage message) => message switch
    {
        { Content: { Length: > 0 } content } => content,
        { StickerItems.Count: > 0 } => "(a sticker)",
        { Poll: { } poll } => string.Join(
            "\n- ",
            new[] { $"poll: {poll.Question?.Text}" }.Concat((poll.Answers ?? []).Select(answer => answer?.PollMedia?.Text)).Where(text => !string.IsNullOrWhiteSpace(text))),
        _ => "",
    };

    public static ChatSender Sender(DiscordUser user) => new(new Identity($"discord:{user.Id}"), user.GlobalName ?? user.Username ?? "");

    /// <summary>An attachment's link runs out (Discord: API Reference, signed attachment CDN URLs): three ids can ask for a fresh one.</summary>
    private static ChatFile File(DiscordMessage message, DiscordAttachment file) => new()
    {
        Id = $"{message.ChannelId}/{message.Id}/{file.Id}",
        Kind = file switch
        {
            { Waveform: not null } => "voice",
            { ContentType: { } type } when type.StartsWith("image/", StringComparison.Ordinal) => "photo",
            { ContentType: { } type } when type.StartsWith("video/", StringComparison.Ordinal) => "video",
            { ContentType: { } type } when type.StartsWith("audio/", StringComparison.Ordinal) => "audio",
            _ => "document",
        },
        Name = file.Filename ?? "",
        Size = file.Size,
    };

    private static string WithoutMention(string text, string bot)
    {
        foreach (var mention in new[] { $"<@{bot}>", $"<@!{bot}>" })
        {
            if (text.StartsWith(mention, StringComparison.Ordinal))
            {
                return text[mention.Length..].TrimStart();
            }
        }

        return text;
    }

    private static string Cut(string text)
    {
        if (text.Length <= LongestQuote)
        {
            return text;
        }

        return text[..(char.IsHighSurrogate(text[LongestQuote - 1]) ? LongestQuote - 1 : LongestQuote)];
    }
}
