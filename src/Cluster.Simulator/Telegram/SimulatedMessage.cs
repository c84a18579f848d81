namespace Cluster.Simulator.Telegram;

/// <summary>A button as people see it.</summary>
public sealed record SimulatedButton(string Label, string Data);

/// <summary>A message of the bot as people see it now.</summary>
public sealed record SimulatedMessage
{
    public required long Id { get; init; }

    public required long ChatId { get; init; }

    public long? ThreadId { get; init; }

    /// <summary>Without tags.</summary>
    public required string Text { get; init; }

    /// <summary>As the bot sent it.</summary>
    public required string Source { get; init; }

    /// <summary>HTML, or null for plain text.</summary>
    public string? ParseMode { get; init; }

    public IReadOnlyList<SimulatedButton> Buttons { get; init; } = [];

    /// <summary>The message that it answers, where that one exists.</summary>
    public long? ReplyTo { get; init; }

    public bool Silent { get; init; }

    public IReadOnlyList<SimulatedFile> Files { get; init; } = [];

    /// <summary>The same for all messages of an album.</summary>
    public string? Album { get; init; }

    public bool Edited { get; init; }
}

/// <summary>The bot's reaction under a message; null when it took its reaction away.</summary>
public sealed record SimulatedReaction(long MessageId, string? Emoji);

/// <summary>What whoever pressed a button was told.</summary>
public sealed record SimulatedPressAnswer(string Text, bool Alert);
