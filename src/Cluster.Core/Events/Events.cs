using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Cluster.Core.Access;
using Cluster.Core.Sessions;

namespace Cluster.Core.Events;

/// <summary>What an event is.</summary>
public enum EventKind
{
    /// <summary>A person's message.</summary>
    Chat,

    /// <summary>A delivery of a webhook source.</summary>
    Webhook,

    /// <summary>The answer to a permission request.</summary>
    Verdict,

    /// <summary>What another session tells this one.</summary>
    Note,
}

/// <summary>Whose words an event carries, as Claude is told.</summary>
public static class Trust
{
    public const string Owner = "owner";
    public const string Member = "member";

    /// <summary>Written by somebody outside; their text was left out.</summary>
    public const string Stranger = "stranger";

    public const string System = "system";

    /// <summary>Written by another session's model.</summary>
    public const string Agent = "agent";
}

/// <summary>Something that asks to enter a session's mailbox.</summary>
public sealed record Submission
{
    public required SessionId Session { get; init; }
    public required Identity Sender { get; init; }

    /// <summary>The version of the allowlist that admitted the sender.</summary>
    public required long AccessVersion { get; init; }

    public required EventKind Kind { get; init; }

    /// <summary>The conversation that an answer goes to.</summary>
    public required string ChatId { get; init; }

    /// <summary>Which webhook event, such as <c>github.check_run</c>; empty for a chat message.</summary>
    public string Name { get; init; } = "";

    public required string Trust { get; init; }

    /// <summary>The text of a message or note as written, or a webhook's framed content.</summary>
    public required string Body { get; init; }

    /// <summary>A webhook's raw body, when its session may fetch parts of it.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Keys of which each enters once; see <see cref="DedupeKeys"/>.</summary>
    public IReadOnlyList<string> DedupeKeys { get; init; } = [];

    /// <summary>How long those keys are known from <see cref="At"/> on; some senders repeat themselves on purpose.</summary>
    public TimeSpan KeysKept { get; init; } = Events.DedupeKeys.Kept;

    /// <summary>How long the second of them is, where that is another time.</summary>
    public TimeSpan? SecondKeyKept { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>For a note: how many steps it has come from session to session, this one counted.</summary>
    public int? Hops { get; init; }

    /// <summary>The route that took a webhook's event; null where it goes to the source's own session.</summary>
    public string? Route { get; init; }

    /// <summary>Set when the event is recorded but not meant for the session: why.</summary>
    public string? FilterReason { get; init; }

    /// <summary>True when it goes before what else waits.</summary>
    public bool Urgent { get; init; }

    /// <summary>How long it waits for its session; null for as long as everything waits.</summary>
    public TimeSpan? KeepWaiting { get; init; }

    /// <summary>Set when it is not to be delivered at once.</summary>
    public Hold? Hold { get; init; }

    /// <summary>What it is about, as one key within its session, for a recovery that makes it needless; null where no sender says so.</summary>
    public string? Subject { get; init; }

    /// <summary>How far that had come: a recovery heals nothing that is further. 0 where nothing counts it.</summary>
    public long SubjectStep { get; init; }

    /// <summary>From when on the node looks after it beside its delivery: who else is told, and who comes next; null for never.</summary>
    public DateTimeOffset? WatchFrom { get; init; }

    /// <summary>How a webhook's sender was proved, for whoever asks later; null for what needs no proof of its own.</summary>
    public string? Verified { get; init; }
}

/// <summary>Keeps an event back in its mailbox.</summary>
public sealed record Hold
{
    /// <summary>Until then at least; each further event of its fold keeps it longer.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>Until then at most.</summary>
    public required DateTimeOffset Limit { get; init; }

    /// <summary>What has the same key in the same session becomes one message; null for nothing.</summary>
    public string? Fold { get; init; }

    /// <summary>True when it says that its subject is well again.</summary>
    public bool Recovers { get; init; }
}

/// <summary>What became of a <see cref="Submission"/>.</summary>
public abstract record AppendOutcome
{
    private AppendOutcome()
    {
    }

    /// <summary>Committed.</summary>
    public sealed record Accepted(long EventId) : AppendOutcome;

    /// <summary>Entered before; noted in the first one's history.</summary>
    public sealed record Duplicate(long EventId) : AppendOutcome;

    /// <summary>The allowlist changed meanwhile: decide again.</summary>
    public sealed record Stale : AppendOutcome;

    /// <summary>The mailbox holds as many waiting deliveries as it may.</summary>
    public sealed record MailboxFull(int Limit) : AppendOutcome;
}

/// <summary>The keys by which a thing is known to have entered before.</summary>
public static class DedupeKeys
{
    /// <summary>Longer than the longest retry horizon of any sender.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(8);

    public static string Delivery(string source, string deliveryId) => Short($"delivery:{source}:{deliveryId}");

    /// <param name="source">The source.</param>
    /// <param name="hash">The verified HMAC of the raw body, or its SHA-256: a replay of the same body under the same secret has the same one.</param>
    public static string Body(string source, ReadOnlySpan<byte> hash) => Short($"body:{source}:{Convert.ToHexStringLower(hash)}");

    /// <param name="bot">The bot that was told.</param>
    /// <param name="key">The platform's id of the update.</param>
    public static string Update(string bot, string key) => Short($"update:{bot}:{key}");

    public static string Message(Identity sender, string clientId) => Short($"message:{sender}:{clientId}");

    // 128 bits of a hash: keys are many and kept long, so they are small and all of one size.
    private static string Short(string key) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16));
}

/// <summary>A submission with its body and payload as they will stand in the engine.</summary>
public sealed record PackedSubmission(Submission Submission, byte[] Body, byte[]? Payload);

/// <summary>The seam of the append path: one call commits everything that waited.</summary>
public interface IAppendStore
{
    /// <returns>One outcome for each submission, in their order.</returns>
    Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<PackedSubmission> submissions, CancellationToken ct);
}

/// <summary>One delivery on its way to a client.</summary>
public sealed record Delivery
{
    public required long EventId { get; init; }
    public required EventKind Kind { get; init; }
    public required Identity Sender { get; init; }
    public required string ChatId { get; init; }
    public required string Trust { get; init; }
    public required string Body { get; init; }
    public required DateTimeOffset At { get; init; }

    /// <summary>How often it was written to a client before.</summary>
    public required int Attempts { get; init; }

    public bool Redelivery => Attempts > 0;
}

/// <summary>What is sent together and confirmed together, by a ping whose id is <c>epoch.batch</c>.</summary>
public readonly record struct BatchId(long Epoch, long Batch)
{
    /// <summary>Unconfirmed deliveries of one stream at the most.</summary>
    public const int MaxDeliveries = 100;

    public override string ToString() => $"{Epoch}.{Batch}";

    /// <summary>The id of the ping that asks for this batch once more. MCP: a request's id is never used again in its session.</summary>
    public string Again(int time) => $"{this}.{time}";

    /// <summary>Reads <c>epoch.batch</c>, and the <c>epoch.batch.time</c> of a ping that asked again.</summary>
    public static bool TryParse(string? text, out BatchId id)
    {
        id = default;
        var dot = text?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        var end = dot < 0 ? -1 : text!.IndexOf('.', dot + 1);
        if (end > 0)
        {
            if (!int.TryParse(text.AsSpan(end + 1), System.Globalization.NumberStyles.None, null, out _))
            {
                return false;
            }

            text = text![..end];
        }

        if (dot < 1
            || !long.TryParse(text.AsSpan(0, dot), System.Globalization.NumberStyles.None, null, out var epoch)
            || !long.TryParse(text.AsSpan(dot + 1), System.Globalization.NumberStyles.None, null, out var batch))
        {
            return false;
        }

        id = new BatchId(epoch, batch);
        return true;
    }
}
