using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;

namespace Cluster.Server.Routing;

/// <summary>Messages that people send from the page and the command line, as <c>console:PRINCIPAL</c>.</summary>
public sealed class ConsoleMessages(Router router, Engine engine)
{
    /// <summary>UTF-16 code units of one message.</summary>
    public const int MaxLength = 16_000;

    public const int MaxClientIdLength = 64;

    /// <summary>What is wrong with a message, or null.</summary>
    public static string? Fault(string? text, string? clientId) =>
        string.IsNullOrWhiteSpace(text) ? "The message has no text."
        : text.Length > MaxLength ? $"The message has {text.Length} characters; {MaxLength} are the most. Send it in parts."
        : HostileText.Clean(text).Trim().Length == 0 ? "The message has no readable text."
        : clientId is { Length: > MaxClientIdLength } ? $"clientId has {clientId.Length} characters; {MaxClientIdLength} are the most."
        : null;

    public Task<SubmitOutcome> SendAsync(SessionId session, Identity sender, string text, string? clientId, CancellationToken ct) =>
        router.SubmitAsync(
            session,
            sender,
            access => new Submission
            {
                Session = session,
                Sender = sender,
                AccessVersion = access.Version,
                Kind = EventKind.Chat,
                ChatId = sender.Value,
                Trust = access.IsOwner(sender) ? Trust.Owner : Trust.Member,
                Body = text,
                At = engine.Clock.GetUtcNow(),
                DedupeKeys = clientId is null ? [] : [DedupeKeys.Message(sender, $"{session}:{clientId}")],
            },
            ct);
}
