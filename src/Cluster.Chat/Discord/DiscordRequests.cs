namespace Cluster.Chat.Discord;

/// <summary>Discord: Message, create message.</summary>
internal sealed record CreateMessage
{
    public const int SuppressEmbeds = 1 << 2;
    public const int SuppressNotifications = 1 << 12;

    /// <summary>Null where there are only files.</summary>
    public string? Content { get; init; }

    public required int Flags { get; init; }

    public IReadOnlyList<ActionRow> Components { get; init; } = [];

    /// <summary>The files that come with the same form.</summary>
    public IReadOnlyList<SentAttachment>? Attachments { get; init; }

    public AllowedMentions AllowedMentions { get; init; } = AllowedMentions.None;

    public RepliedTo? MessageReference { get; init; }

    /// <summary>At most 25 characters.</summary>
    public required string Nonce { get; init; }

    /// <summary>The same nonce again, within some minutes, gives the message that was made first.</summary>
    public bool EnforceNonce { get; } = true;
}

/// <summary>Discord: API Reference, uploading files: an attachment's id is the <c>n</c> of its <c>files[n]</c>.</summary>
internal sealed record SentAttachment(int Id, string Filename);

/// <summary>Discord: Message, edit message. Without allowed mentions the new text would notify.</summary>
internal sealed record EditMessage
{
    public required string Content { get; init; }

    public int Flags { get; } = CreateMessage.SuppressEmbeds;

    public required IReadOnlyList<ActionRow> Components { get; init; }

    public AllowedMentions AllowedMentions { get; init; } = AllowedMentions.None;
}

/// <summary>Discord: Interactions, create interaction response.</summary>
internal sealed record InteractionResponse(InteractionAnswer Data)
{
    /// <summary>A message with source.</summary>
    public int Type { get; } = 4;
}

/// <summary>A message that only the person sees who pressed.</summary>
internal sealed record InteractionAnswer(string Content)
{
    private const int Ephemeral = 1 << 6;

    public int Flags { get; } = Ephemeral | CreateMessage.SuppressEmbeds;

    public AllowedMentions AllowedMentions { get; init; } = AllowedMentions.None;
}

/// <summary>Discord: Message, allowed mentions.</summary>
internal sealed record AllowedMentions(IReadOnlyList<string> Parse)
{
    /// <summary>Whatever the text holds notifies nobody.</summary>
    public static AllowedMentions None { get; } = new([]);
}

/// <summary>Discord: Message, message reference structure.</summary>
internal sealed record RepliedTo(string MessageId)
{
    public bool FailIfNotExists { get; }
}

/// <summary>Discord: Component Reference, action row: at most 5 buttons.</summary>
internal sealed record ActionRow(IReadOnlyList<Button> Components)
{
    public const int Widest = 5;

    public int Type { get; } = 1;
}

/// <summary>Discord: Component Reference, button.</summary>
/// <param name="Label">At most 80 characters.</param>
/// <param name="CustomId">At most 100 characters.</param>
internal sealed record Button(string Label, string CustomId)
{
    public const int LongestLabel = 80;

    public int Type { get; } = 2;

    /// <summary>Grey: the outcome of none is better.</summary>
    public int Style { get; } = 2;
}

/// <summary>Discord: Application, application structure.</summary>
internal sealed record DiscordApplication
{
    /// <summary>Bits 18 and 19: the message content intent is on, for big and for small bots.</summary>
    private const long MessageContent = (1 << 18) | (1 << 19);

    public string? Id { get; init; }

    public long? Flags { get; init; }

    public bool MayReadMessages => (Flags & MessageContent) > 0;
}

/// <summary>Discord: Gateway, get gateway bot.</summary>
internal sealed record GatewayInfo
{
    public string? Url { get; init; }

    /// <summary>How many connections Discord recommends.</summary>
    public int? Shards { get; init; }

    public SessionStarts? SessionStartLimit { get; init; }
}

/// <summary>Discord: Gateway, session start limit structure.</summary>
internal sealed record SessionStarts
{
    public int? Remaining { get; init; }

    /// <summary>Milliseconds.</summary>
    public long? ResetAfter { get; init; }

    /// <summary>How many may begin a session within 5 s.</summary>
    public int? MaxConcurrency { get; init; }
}

/// <summary>Discord: API Reference, error messages; and Rate Limits, rate limit response structure.</summary>
internal sealed record DiscordError
{
    public string? Message { get; init; }

    public int? Code { get; init; }

    /// <summary>Seconds.</summary>
    public double? RetryAfter { get; init; }

    public bool? Global { get; init; }
}
