namespace Cluster.Core.Api;

/// <summary>Somebody who is listed on a source.</summary>
public sealed record SourceOwner
{
    public required string Principal { get; init; }
    public required DateTimeOffset InvitedAt { get; init; }

    /// <summary>Null while they have not accepted; then they do not count.</summary>
    public DateTimeOffset? AcceptedAt { get; init; }
}

/// <summary>GET /api/sources/listed: somebody else's source on which the caller is listed.</summary>
public sealed record SourceListing
{
    public required string Source { get; init; }
    public required string Kind { get; init; }
    public required string Owner { get; init; }
    public required DateTimeOffset InvitedAt { get; init; }
    public DateTimeOffset? AcceptedAt { get; init; }
}

/// <summary>One secret of a source.</summary>
public sealed record SecretInfo
{
    /// <summary>Its last four characters.</summary>
    public required string End { get; init; }

    /// <summary>Null for the present one.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>For an old one: when the sender used it last, to the minute.</summary>
    public DateTimeOffset? UsedAt { get; init; }
}
