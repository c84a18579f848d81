namespace Cluster.Chat;

/// <summary>The account behind a bot's token.</summary>
/// <param name="Id">The platform's id.</param>
/// <param name="Name">The name by which people mention it, without @.</param>
/// <param name="PairingLink">A link that opens a chat with it; a pairing code is put at its end. Null where there is no such thing.</param>
public sealed record ChatAccount(string Id, string Name, string? PairingLink);

/// <summary>The platform does not let this bot work, and trying again will not help until somebody acts: a wrong or revoked token, a missing
/// intent, another program that polls with the same token. The message says which, in plain words, and what to do.</summary>
public sealed class ChatRefusedException(string message) : Exception(message);

/// <summary>Where a bot puts what it hears.</summary>
public interface IChatInbox
{
    /// <summary>Returns after the commit; before that the platform must not be told that they were taken.</summary>
    /// <returns>The keys of those that came from people whom the cluster knows.</returns>
    Task<IReadOnlySet<string>> TakeAsync(IReadOnlyList<ChatUpdate> updates, CancellationToken ct);

    /// <summary>The platform has answered: the bot hears.</summary>
    void Heard();

    /// <summary>So much was said in a chat while nobody heard that the newest of it was not asked for.</summary>
    /// <param name="chat">The platform's id of the chat.</param>
    void GaveUp(string chat);

    /// <summary>Where the receiver was when it saved last, in its own words; null at the first time.</summary>
    Task<string?> RecallAsync(CancellationToken ct);

    /// <summary>Keeps where the receiver is, for whoever receives next, on whatever node.</summary>
    Task RememberAsync(string where, CancellationToken ct);
}

/// <summary>One bot of one platform. Only the holder of its lease receives and sends, so its limits are kept in one place. Every call throws
/// <see cref="ChatRefusedException"/> when the platform does not know the token any more.</summary>
public interface IChatBot : IAsyncDisposable
{
    /// <summary>Asks the platform who this is, and whether it may do what it must.</summary>
    /// <exception cref="ChatRefusedException">The token or its rights will not do.</exception>
    Task<ChatAccount> CheckAsync(CancellationToken ct);

    /// <summary>Receives until it is cancelled, coming back by itself after failures.</summary>
    /// <exception cref="ChatRefusedException">Somebody must act first.</exception>
    Task ReceiveAsync(IChatInbox inbox, CancellationToken ct);

    /// <summary>Text of any length, as Claude writes it (Markdown), in messages that the platform takes.</summary>
    /// <returns>At least one part.</returns>
    IReadOnlyList<ChatPart> Split(string markdown);

    Task<ChatOutcome> PostAsync(ChatPost post, CancellationToken ct);

    /// <summary>Gives a message of the bot another text and other buttons.</summary>
    Task<ChatOutcome> EditAsync(ChatPlace place, string messageId, ChatPart part, IReadOnlyList<ChatButton> buttons, CancellationToken ct);

    /// <summary>Tells whoever pressed a button or chose a command, and nobody else, what came of it.</summary>
    Task<ChatOutcome> AnswerPressAsync(string pressId, string text, CancellationToken ct);
}

/// <summary>A bot that can put an emoji under a message.</summary>
public interface ICanReact
{
    /// <param name="place">Where the message is.</param>
    /// <param name="messageId">The platform's id of the message.</param>
    /// <param name="emoji">Replaces the bot's own earlier ones; null takes them away.</param>
    /// <param name="ct">Cancels.</param>
    Task<ChatOutcome> ReactAsync(ChatPlace place, string messageId, string? emoji, CancellationToken ct);
}

/// <summary>A bot that can show that it is writing; it shows for a few seconds.</summary>
public interface ICanShowTyping
{
    /// <summary>How long people see it after one call.</summary>
    TimeSpan TypingLasts { get; }

    Task<ChatOutcome> ShowTypingAsync(ChatPlace place, CancellationToken ct);
}
