namespace Cluster.Chat;

/// <summary>A command that people choose from a menu of the platform.</summary>
/// <param name="Name">Lower case, 32 characters at the most.</param>
/// <param name="Description">100 characters at the most.</param>
public sealed record MenuCommand(string Name, string Description)
{
    /// <summary>In the order in which they are written; required ones come first.</summary>
    public IReadOnlyList<MenuArgument> Arguments { get; init; } = [];
}

/// <summary>What people fill in behind a command.</summary>
/// <param name="Name">Lower case, 32 characters at the most.</param>
/// <param name="Description">100 characters at the most.</param>
public sealed record MenuArgument(string Name, string Description)
{
    public bool Required { get; init; }

    /// <summary>The bot is asked for suggestions while somebody writes (<see cref="ChatUpdate.Complete"/>).</summary>
    public bool Completes { get; init; }

    /// <summary>On or off instead of text; what is on comes back as its own name.</summary>
    public bool Switch { get; init; }
}

/// <summary>Something to choose while an argument is written.</summary>
/// <param name="Name">What people see: 1 to 100 characters.</param>
/// <param name="Value">What comes back when it is chosen: 1 to 100 characters.</param>
public sealed record MenuChoice(string Name, string Value)
{
    /// <summary>The most that people are shown at once.</summary>
    public const int Most = 25;

    /// <summary>Of a name and of a value.</summary>
    public const int Longest = 100;
}

/// <summary>A bot whose platform has a menu of commands, with completion. A command from it is answered by
/// <see cref="IChatBot.AnswerPressAsync"/>, like a press.</summary>
public interface ICanOfferCommands
{
    /// <summary>Makes these the bot's commands, and no others, where they are not so already.</summary>
    Task<ChatOutcome> OfferAsync(IReadOnlyList<MenuCommand> commands, CancellationToken ct);

    /// <summary>Suggests what to write on.</summary>
    Task<ChatOutcome> SuggestAsync(string pressId, IReadOnlyList<MenuChoice> choices, CancellationToken ct);
}

/// <summary>A bot that can open a thread, which is a place of its own.</summary>
public interface ICanOpenThreads
{
    /// <param name="place">Where; not a direct chat.</param>
    /// <param name="name">1 to 100 characters.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>With the platform's id of the thread, as <see cref="ChatPlace.Chat"/> of what is said in it.</returns>
    Task<ChatOutcome> OpenThreadAsync(ChatPlace place, string name, CancellationToken ct);
}
