namespace Cluster.Chat;

/// <summary>One message in the platform's own form, and the same without any form, for when the platform refuses the first.</summary>
public sealed record ChatPart(string Formatted, string Plain);

/// <summary>A button under a message.</summary>
/// <param name="Label">What people see.</param>
/// <param name="Data">What comes back with a press: 64 bytes at the most (Telegram Bot API: InlineKeyboardButton).</param>
public sealed record ChatButton(string Label, string Data);

/// <summary>One message that a bot shall send.</summary>
public sealed record ChatPost
{
    public required ChatPlace Place { get; init; }

    public required ChatPart Part { get; init; }

    /// <summary>The platform's id of the message that this one answers; when it is gone the message is sent all the same.</summary>
    public string? ReplyTo { get; init; }

    /// <summary>In one row, from left to right.</summary>
    public IReadOnlyList<ChatButton> Buttons { get; init; } = [];

    /// <summary>Each button in a row of its own instead, where the platform has room for so many rows.</summary>
    public bool Stacked { get; init; }

    /// <summary>Without sound.</summary>
    public bool Silent { get; init; }

    /// <summary>The same for every try of this message: a platform that knows such a thing sends it once.</summary>
    public required string Once { get; init; }
}

/// <summary>What became of something that a bot was to do. A platform that cannot be reached, or fails, is an exception
/// (<see cref="HttpRequestException"/>): try again.</summary>
public abstract record ChatOutcome
{
    private ChatOutcome()
    {
    }

    /// <param name="MessageId">The platform's id of the message.</param>
    public sealed record Done(string MessageId) : ChatOutcome
    {
        /// <summary>The ids of the others, where one post became several messages (an album).</summary>
        public IReadOnlyList<string> Others { get; init; } = [];
    }

    /// <summary>Not now: the platform's limits. Nothing was sent.</summary>
    public sealed record Later(TimeSpan Wait) : ChatOutcome
    {
        /// <summary>The platform said so itself (429), and not our own count of what it lets through.</summary>
        public bool Told { get; init; }
    }

    /// <summary>Never: blocked by the person, removed from the group, a message that is gone.</summary>
    /// <param name="Reason">The platform's words.</param>
    public sealed record Refused(string Reason) : ChatOutcome;
}
