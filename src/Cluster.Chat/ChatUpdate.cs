using Cluster.Core.Access;

namespace Cluster.Chat;

/// <summary>Where people talk with a bot: a direct chat, a group, or a topic in one.</summary>
public sealed record ChatPlace
{
    /// <summary>The platform's id of the chat or channel.</summary>
    public required string Chat { get; init; }

    /// <summary>The platform's id of the topic inside the chat, where topics have ids of their own (Telegram forums).</summary>
    public string? Thread { get; init; }

    /// <summary>One person and the bot, nobody else.</summary>
    public required bool Private { get; init; }
}

/// <summary>Who wrote or pressed: a person whom the platform names by a number that never changes.</summary>
/// <param name="Identity">Such as <c>telegram:184…</c>.</param>
/// <param name="Name">Display text: anybody may bear any name.</param>
public sealed record ChatSender(Identity Identity, string Name);

/// <summary>A file that came with a message and stays at the platform until somebody asks for it.</summary>
public sealed record ChatFile
{
    /// <summary>What the platform wants to hear to hand it out.</summary>
    public required string Id { get; init; }

    /// <summary>Such as <c>photo</c>, <c>document</c>, <c>voice</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Written by its sender; empty where the platform tells none.</summary>
    public string Name { get; init; } = "";

    /// <summary>Bytes; null where the platform does not tell.</summary>
    public long? Size { get; init; }
}

/// <summary>Something that a person did and a bot was told of. What has no such person (forwards, channel posts, anonymous admins, bots)
/// never becomes one.</summary>
public abstract record ChatUpdate
{
    private ChatUpdate()
    {
    }

    /// <summary>The platform's id of this update, the same when it is told again.</summary>
    public required string Key { get; init; }

    public required ChatPlace Place { get; init; }

    public required ChatSender Sender { get; init; }

    /// <summary>The platform's id of the message that was written, or whose button was pressed; empty where there is none.</summary>
    public required string MessageId { get; init; }

    /// <summary>A message, or a new text of one.</summary>
    public sealed record Message : ChatUpdate
    {
        /// <summary>As written; a mention of the bot at its start is taken off.</summary>
        public required string Text { get; init; }

        /// <summary>Meant for the bot: in a direct chat, or it names the bot, or answers one of its messages.</summary>
        public required bool ForBot { get; init; }

        public bool Edited { get; init; }

        /// <summary>The platform's id of the message that this one answers.</summary>
        public string? ReplyTo { get; init; }

        /// <summary>The text of the message that this one answers; empty where nobody can say whose words they are.</summary>
        public string Quote { get; init; } = "";

        /// <summary>The person who wrote <see cref="Quote"/>.</summary>
        public Identity? QuoteOf { get; init; }

        /// <summary>The bot wrote <see cref="Quote"/>.</summary>
        public bool QuotesBot { get; init; }

        public IReadOnlyList<ChatFile> Files { get; init; } = [];
    }

    /// <summary>A press of a button under a message of the bot.</summary>
    public sealed record Press : ChatUpdate
    {
        /// <summary>What the platform wants to hear with the answer to this press.</summary>
        public required string PressId { get; init; }

        /// <summary>What the button was made with.</summary>
        public required string Data { get; init; }
    }

    /// <summary>A command that was chosen from the platform's menu.</summary>
    public sealed record Command : ChatUpdate
    {
        /// <summary>What the platform wants to hear with the answer.</summary>
        public required string PressId { get; init; }

        public required string Name { get; init; }

        /// <summary>What was filled in, by the argument's name; nobody vouches for any of it.</summary>
        public required IReadOnlyDictionary<string, string> Arguments { get; init; }
    }

    /// <summary>Somebody writes an argument of a command and may be shown what to write.</summary>
    public sealed record Complete : ChatUpdate
    {
        /// <summary>What the platform wants to hear with the suggestions.</summary>
        public required string PressId { get; init; }

        /// <summary>The command that it is an argument of.</summary>
        public required string CommandName { get; init; }

        /// <summary>As far as it is written.</summary>
        public required string Typed { get; init; }
    }
}
