using Cluster.Core.Chats;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Chats;

/// <summary>What has become, until now, of everything that one tool call wanted to be sent.</summary>
public sealed record CallOutcome
{
    /// <summary>How much of it still waits.</summary>
    public required int Waiting { get; init; }

    /// <summary>How much of it was sent.</summary>
    public required int Sent { get; init; }

    /// <summary>Why the rest was refused, in the platform's words or ours.</summary>
    public required IReadOnlyList<string> Refusals { get; init; }

    /// <summary>The messages that came of it, as their platforms number them.</summary>
    public required IReadOnlyList<(ConversationId Conversation, string Id)> Messages { get; init; }
}

/// <summary>Tells whoever made a tool call what became of it at the platforms.</summary>
public sealed class CallOutcomes(Engine engine)
{
    public Task<CallOutcome> FindAsync(long callId, CancellationToken ct) =>
        engine.ReadAsync(
            async db =>
            {
                var call = ("@call", (object?)callId);
                var items = await db.RowsAsync(
                    "SELECT state, reason FROM outbox WHERE call_id = @call ORDER BY id", r => (State: r.GetString(0), Reason: r.TextOrNull(1)), call);
                return new CallOutcome
                {
                    Waiting = items.Count(item => item.State == "queued"),
                    Sent = items.Count(item => item.State == "sent"),
                    Refusals = [.. items.Where(item => item.State == "refused").Select(item => item.Reason ?? "").Distinct()],
                    Messages = await db.RowsAsync(
                        """
                        SELECT conversation, message_id FROM chat_message
                        WHERE conversation IN (SELECT conversation FROM outbox WHERE call_id = @call) AND reply_id = @call
                        ORDER BY at, conversation, LENGTH(message_id), message_id
                        """,
                        r => (ConversationId.Parse(r.GetString(0)), r.GetString(1)),
                        call),
                };
            },
            ct);

    /// <summary>What is raised when something of a call was sent or refused.</summary>
    public static string TopicOf(long callId) => $"call:{callId}";

    internal static void Wake(Turn turn, OutboxItem item)
    {
        if (item.CallId is { } call)
        {
            turn.Wake(TopicOf(call));
        }
    }
}
