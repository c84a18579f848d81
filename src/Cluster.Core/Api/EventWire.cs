using System.ComponentModel.DataAnnotations;

namespace Cluster.Core.Api;

/// <summary>GET /api/events/{id}: the life of one event, as far as it is stored.</summary>
public sealed record EventLife
{
    public required string Id { get; init; }
    public required string Kind { get; init; }

    /// <summary>Which kind of webhook event, such as <c>github.check_run</c>; empty for a message.</summary>
    public required string Name { get; init; }

    public required string Sender { get; init; }

    /// <summary>The conversation that an answer goes to.</summary>
    public required string ChatId { get; init; }

    public required string Trust { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How its sender was proved, and by which secret: for the owner of its session. Null also where it was not kept.</summary>
    public string? Verified { get; init; }

    /// <summary>The route that took a webhook's event; null where it went to the source's own session.</summary>
    public string? Route { get; init; }

    /// <summary>The event of which this is a replay.</summary>
    public string? ReplayOf { get; init; }

    /// <summary>The replays of this one.</summary>
    public required IReadOnlyList<string> Replays { get; init; }

    /// <summary>How often it came again and was dropped.</summary>
    public required int Duplicates { get; init; }

    public required IReadOnlyList<DeliveryLife> Deliveries { get; init; }

    /// <summary>What else happened to it, the oldest first, fifty lines at the most.</summary>
    public required IReadOnlyList<EventNote> History { get; init; }
}

/// <summary>One line of an event's history.</summary>
public sealed record EventNote
{
    public required DateTimeOffset At { get; init; }
    public required string Note { get; init; }
}

/// <summary>The way of an event to one session.</summary>
public sealed record DeliveryLife
{
    public required string Session { get; init; }
    public required string State { get; init; }

    /// <summary>Why it is <c>dead</c> or <c>filtered</c>, into what it is <c>folded</c>, or by what it is <c>healed</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>The state of the message that it goes with, where it is <c>folded</c>.</summary>
    public string? FoldedState { get; init; }

    /// <summary>Until when it is, or was to be, kept back; later where more of its fold came. Null when it was not.</summary>
    public DateTimeOffset? HeldUntil { get; init; }

    public required DateTimeOffset QueuedAt { get; init; }

    /// <summary>Until when it waits, or would have waited.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>How often it was written to a client; above 1 the later ones said that they were a repeat.</summary>
    public required int Attempts { get; init; }

    /// <summary>When it was written to a client last, and in which batch: <c>epoch.batch</c>.</summary>
    public DateTimeOffset? SentAt { get; init; }

    public string? Batch { get; init; }
    public DateTimeOffset? ReceivedAt { get; init; }
    public DateTimeOffset? AnsweredAt { get; init; }

    /// <summary>The id of the answer that marked it answered, or <c>ack</c>. Null also where it was not kept.</summary>
    public string? AnsweredBy { get; init; }

    /// <summary>All answers that name it.</summary>
    public required IReadOnlyList<EventAnswer> Answers { get; init; }

    /// <summary>Its messages in the chat where it came from.</summary>
    public required IReadOnlyList<ShownMessage> Shown { get; init; }
}

/// <summary>An answer that names the event.</summary>
public sealed record EventAnswer
{
    public required string Id { get; init; }
    public required DateTimeOffset At { get; init; }

    /// <summary>Why its platform did not take it; null when it is not known to have refused.</summary>
    public string? Refused { get; init; }
}

/// <summary>A message of a chat platform that an event came as.</summary>
public sealed record ShownMessage
{
    /// <summary>The platform's own id.</summary>
    public required string MessageId { get; init; }

    /// <summary>What people were shown under it last: a state, or nothing yet.</summary>
    public required string Shown { get; init; }
}

/// <summary>POST /api/events/{id}/replay.</summary>
public sealed record ReplayEvent
{
    /// <summary>The session that shall have it; null for the one that had it.</summary>
    public string? To { get; init; }
}

/// <summary>The event that a replay became.</summary>
public sealed record Replayed
{
    public required string EventId { get; init; }
    public required string ReplayOf { get; init; }
    public required string Session { get; init; }
}

/// <summary>POST /api/sessions/{owner}/{name}/redrive: replays what ended without reaching the session.</summary>
public sealed record RedriveEvents
{
    /// <summary><c>dead</c> or <c>expired</c>.</summary>
    [Required] public required string State { get; init; }

    /// <summary>Only what came in within so many hours; null for all.</summary>
    [Range(0.01, 24 * 366)] public double? SinceHours { get; init; }

    /// <summary>False to learn only how many there are.</summary>
    public bool Go { get; init; }
}

/// <summary>What would be, or was, replayed.</summary>
public sealed record Redriven
{
    /// <summary>Events that this is about, <see cref="Most"/> at the most in one call. What was cancelled or replayed before is not counted.</summary>
    public required int Found { get; init; }

    /// <summary>There are more than one call takes.</summary>
    public required bool More { get; init; }

    public required IReadOnlyList<Replayed> Replayed { get; init; }
    public required IReadOnlyList<RedriveRefusal> Refused { get; init; }

    /// <summary>Events of one call.</summary>
    public const int Most = 500;
}

/// <summary>An event that was not replayed.</summary>
public sealed record RedriveRefusal
{
    public required string EventId { get; init; }
    public required string Why { get; init; }
}
