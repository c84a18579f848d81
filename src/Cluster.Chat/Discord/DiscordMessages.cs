using System.Text.Json;

namespace Cluster.Chat.Discord;

// What Discord says of messages and presses. Anything may be missing or null: who reads checks.

/// <summary>Discord: Message, message structure; the guild comes with gateway events only.</summary>
internal sealed record DiscordMessage
{
    public string? Id { get; init; }

    public string? ChannelId { get; init; }

    public string? GuildId { get; init; }

    public DiscordUser? Author { get; init; }

    public string? Content { get; init; }

    public string? EditedTimestamp { get; init; }

    public string? WebhookId { get; init; }

    public int? Type { get; init; }

    public IReadOnlyList<DiscordUser?>? Mentions { get; init; }

    public IReadOnlyList<DiscordAttachment?>? Attachments { get; init; }

    public IReadOnlyList<DiscordSticker?>? StickerItems { get; init; }

    public DiscordPoll? Poll { get; init; }

    public DiscordReference? MessageReference { get; init; }

    public DiscordMessage? ReferencedMessage { get; init; }

    public IReadOnlyList<DiscordReaction?>? Reactions { get; init; }
}

/// <summary>Discord: User, user structure.</summary>
internal sealed record DiscordUser
{
    public string? Id { get; init; }

    public string? Username { get; init; }

    public string? GlobalName { get; init; }

    public bool? Bot { get; init; }

    public bool? System { get; init; }

    /// <summary>A person, whom Discord names by a number.</summary>
    public bool IsPerson => Bot != true && System != true && Snowflake.IsValid(Id);
}

/// <summary>Discord: Message, message reference structure; type 1 is a forward.</summary>
internal sealed record DiscordReference
{
    public int? Type { get; init; }

    public string? MessageId { get; init; }
}

/// <summary>Discord: Message, attachment structure.</summary>
internal sealed record DiscordAttachment
{
    public string? Id { get; init; }

    public string? Filename { get; init; }

    public string? ContentType { get; init; }

    public long? Size { get; init; }

    public string? Url { get; init; }

    /// <summary>Voice messages only.</summary>
    public string? Waveform { get; init; }
}

/// <summary>Discord: Sticker, sticker item structure. Its name is not read: those who run a server write it, not who sends it.</summary>
internal sealed record DiscordSticker(string? Id);

/// <summary>Discord: Poll, poll object.</summary>
internal sealed record DiscordPoll(DiscordPollText? Question, IReadOnlyList<DiscordPollAnswer?>? Answers);

/// <summary>Discord: Poll, poll answer object.</summary>
internal sealed record DiscordPollAnswer(DiscordPollText? PollMedia);

/// <summary>Discord: Poll, poll media object.</summary>
internal sealed record DiscordPollText(string? Text);

/// <summary>Discord: Message, reaction structure.</summary>
internal sealed record DiscordReaction
{
    public bool? Me { get; init; }

    public DiscordEmoji? Emoji { get; init; }
}

/// <summary>Discord: Emoji, emoji structure; one of Unicode has a name only.</summary>
internal sealed record DiscordEmoji
{
    public string? Id { get; init; }

    public string? Name { get; init; }
}

/// <summary>Discord: Interactions, interaction structure; a class, lest its token be printed.</summary>
internal sealed class DiscordInteraction
{
    public string? Id { get; init; }

    public int? Type { get; init; }

    public string? Token { get; init; }

    public string? GuildId { get; init; }

    public string? ChannelId { get; init; }

    public int? Context { get; init; }

    public DiscordInteractionData? Data { get; init; }

    /// <summary>Whose it is, in a guild.</summary>
    public DiscordMember? Member { get; init; }

    /// <summary>Whose it is, in a direct chat.</summary>
    public DiscordUser? User { get; init; }

    public DiscordMessage? Message { get; init; }
}

internal sealed record DiscordInteractionData
{
    public string? CustomId { get; init; }

    public int? ComponentType { get; init; }

    /// <summary>The command's name.</summary>
    public string? Name { get; init; }

    /// <summary>The command's type.</summary>
    public int? Type { get; init; }

    public IReadOnlyList<DiscordOption?>? Options { get; init; }
}

/// <summary>Discord: Interactions, application command interaction data option structure.</summary>
internal sealed record DiscordOption
{
    public string? Name { get; init; }

    public int? Type { get; init; }

    public JsonElement Value { get; init; }

    /// <summary>It is being written.</summary>
    public bool? Focused { get; init; }
}

internal sealed record DiscordMember
{
    public DiscordUser? User { get; init; }
}
