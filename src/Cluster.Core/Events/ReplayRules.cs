using Cluster.Core.Access;

namespace Cluster.Core.Events;

/// <summary>An event that somebody wants to replay, and how far it came.</summary>
public sealed record ReplayWish
{
    public required long EventId { get; init; }
    public required EventKind Kind { get; init; }
    public required Identity Sender { get; init; }
    public required string ChatId { get; init; }
    public required string Trust { get; init; }
    public required string State { get; init; }
    public string? Reason { get; init; }

    /// <summary>The session that had it.</summary>
    public required AccessList From { get; init; }

    /// <summary>The session that shall have it.</summary>
    public required AccessList To { get; init; }

    /// <summary>Who replays it; known to own both.</summary>
    public required Identity By { get; init; }
}

/// <summary>As whose words a replay enters.</summary>
public sealed record ReplayAs(Identity Sender, string ChatId, string Trust);

/// <summary>
/// What may be said once more, and as whose words. In the same session an event stays its sender's, who must still be let in there. To
/// another session only a webhook goes, and it is the one who replays it who brings it there and is answered: its source has no route to that
/// session, and a message was not meant for it.
/// </summary>
public static class ReplayRules
{
    /// <returns>Why not, as a sentence; null when it may be replayed, as <paramref name="replay"/> says.</returns>
    public static string? Refuse(ReplayWish wish, out ReplayAs replay)
    {
        var same = wish.From.Session == wish.To.Session;
        replay = same ? new ReplayAs(wish.Sender, wish.ChatId, TrustIn(wish)) : new ReplayAs(wish.By, wish.By.Value, wish.Trust);
        if (wish.Kind == EventKind.Verdict)
        {
            return $"Event {wish.EventId} is a verdict. A permission request is answered once; a verdict is never replayed.";
        }

        if (!same && wish.Kind != EventKind.Webhook)
        {
            return $"Event {wish.EventId} is what {wish.Sender} said to {wish.From.Session}. Only webhooks can be replayed to another session.";
        }

        if (same && wish.State is "held" or "queued" or "sent")
        {
            return $"Event {wish.EventId} still waits for {wish.From.Session} and will be delivered. There is nothing to replay yet.";
        }

        if (wish.Kind != EventKind.Webhook && wish.Reason == DeliveryRules.Cancelled && wish.Sender != wish.By)
        {
            return $"Event {wish.EventId} was cancelled. What {wish.Sender} may have taken back is not said for them again.";
        }

        return wish.To.May(replay.Sender, Act.Talk)
            ? null
            : $"{replay.Sender} may not talk to {wish.To.Session} any more, so its event {wish.EventId} cannot be replayed there. See: cluster access {wish.To.Session.Name}.";
    }

    // Who was the owner then may be somebody with an entry now.
    private static string TrustIn(ReplayWish wish) =>
        wish.Kind != EventKind.Chat ? wish.Trust : wish.To.IsOwner(wish.Sender) ? Trust.Owner : Trust.Member;
}
