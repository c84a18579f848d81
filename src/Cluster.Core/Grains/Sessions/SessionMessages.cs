namespace Cluster.Core.Grains.Sessions;

/// <summary>What a user grain tells a session: somebody's words.</summary>
public sealed record SessionMessage
{
    /// <summary>The kind of envelope that it travels in.</summary>
    public const string Kind = "message";

    public required Actor Sender { get; init; }
    public required string Text { get; init; }
    public required string ChatId { get; init; }

    /// <summary>The sender's own id of it: a repeat enters once.</summary>
    public string? ClientId { get; init; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>What a user grain tells every session in its reach: acts under a lower standing count no longer.</summary>
public sealed record StandingRaised(string Identity, long Standing)
{
    /// <summary>The kind of envelope that it travels in.</summary>
    public const string Kind = "standing";
}

/// <summary>What became of a message.</summary>
/// <param name="State"><c>accepted</c>, <c>duplicate</c>, <c>unknown</c> (not to be known of), <c>not-allowed</c>, <c>full</c>, or <c>not-met</c>: the
/// sender is to tell it by the outbox.</param>
/// <param name="EventId">Its event; 0 where there is none.</param>
/// <param name="Limit">For <c>full</c>: how many may wait.</param>
public sealed record MessageResult(string State, long EventId = 0, int Limit = 0)
{
    public const string Accepted = "accepted";
    public const string Duplicate = "duplicate";
    public const string Unknown = "unknown";
    public const string NotAllowed = "not-allowed";
    public const string Full = "full";
    public const string NotMet = "not-met";
}
