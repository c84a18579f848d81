using Cluster.Core.Access;

namespace Cluster.Core.Events;

/// <summary>What to do with a delivery that has waited, at the moment it would be sent.</summary>
public abstract record Judgement
{
    private Judgement()
    {
    }

    public sealed record Send : Judgement;

    public sealed record Expire : Judgement;

    public sealed record Kill(string Reason) : Judgement;
}

/// <summary>
/// The life of a delivery. It is <c>queued</c> in the mailbox; <c>sent</c> when written to a client under an epoch and batch;
/// <c>received</c> when the client process has proved to have read it; <c>answered</c> when a tool call named it. Other ends are
/// <c>expired</c> (it waited too long), <c>dead</c> with a reason (never to be delivered), <c>filtered</c> (recorded, not meant
/// for a session), <c>folded</c> (told by a message that tells several) and <c>healed</c> (well again before it was told). What is
/// kept back begins as <c>held</c>; the rules of holds say when it is let go.
/// </summary>
public static class DeliveryRules
{
    /// <summary>How long a message or webhook waits for its session.</summary>
    public static readonly TimeSpan KeepWaiting = TimeSpan.FromDays(7);

    /// <summary>How much later than its end the receipt of what was sent in time may still be confirmed.</summary>
    public static readonly TimeSpan ConfirmLate = TimeSpan.FromMinutes(2);

    /// <summary>The priority of what is urgent.</summary>
    public const int Urgent = 1;

    /// <summary>Kept back in the mailbox, where only the loop that lets it go looks at it.</summary>
    public const string Held = "held";

    public const string Revoked = "revoked";
    public const string Cancelled = "cancelled";
    public const string Superseded = "superseded";

    /// <summary>Not received in time; another session has it.</summary>
    public const string Escalated = "escalated";

    /// <summary>Verdicts go before everything else, since Claude stands still until it has one; then what the operator calls urgent. (Earlier versions
    /// write 1 for whatever is no verdict: while both run, that goes before what this one writes, as it mostly came before it.)</summary>
    public static int Priority(EventKind kind, bool urgent) => kind == EventKind.Verdict ? 0 : urgent ? Urgent : 2;

    /// <summary>The state in which a delivery begins.</summary>
    public static string First(Submission submission) =>
        submission.Hold is not null ? Held : submission.FilterReason is null ? "queued" : "filtered";

    /// <summary>What admitted a sender once is asked again when the delivery is sent.</summary>
    public static Judgement Judge(EventKind kind, Identity sender, DateTimeOffset expiresAt, AccessList access, DateTimeOffset now) =>
        now >= expiresAt ? new Judgement.Expire()
        : !access.May(sender, kind == EventKind.Verdict ? Act.Approve : Act.Talk) ? new Judgement.Kill(Revoked)
        : new Judgement.Send();

    /// <summary>The states, as everybody names them.</summary>
    public static readonly IReadOnlyList<string> States = ["held", "queued", "sent", "received", "answered", "expired", "dead", "filtered", "folded", "healed"];

    public static string Word(EventKind kind) => kind.ToString().ToLowerInvariant();
}
