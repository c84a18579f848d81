namespace Cluster.Core.Sessions;

/// <summary>What the engine knows of one MCP session that serves a session.</summary>
public sealed record McpSessionView
{
    public required string Id { get; init; }

    /// <summary>The order of the <c>initialize</c> calls within the session; the highest is the newest.</summary>
    public required long Generation { get; init; }

    /// <summary>Its latest open stream; null when none is open.</summary>
    public string? Stream { get; init; }

    /// <summary>When its last stream closed; null when it never had one or has one now.</summary>
    public DateTimeOffset? StreamClosedAt { get; init; }
}

/// <summary>
/// Which of several clients of one session gets its events. Only a newer MCP session supersedes an older one, and only once it
/// listens; a stream that reconnects never does. The older one is promoted when the newer has ended or stayed away.
/// </summary>
public static class AttachmentRules
{
    /// <summary>How long a newer client may be without a stream before the older one is promoted. A client whose stream breaks is
    /// back after about a second.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    /// <summary>Whether an MCP session says where its session works: the one that gets the events does, and while nobody listens the newest.</summary>
    public static bool HasWord(McpSessionView candidate, IEnumerable<McpSessionView> others, DateTimeOffset now)
    {
        return others.All(other => Rank(other).CompareTo(Rank(candidate)) < 0);

        (bool Listens, long Generation) Rank(McpSessionView one) => (one.Stream is not null || (one.StreamClosedAt is { } closed && now - closed < Grace), one.Generation);
    }

    /// <param name="candidate">The MCP session whose stream asks.</param>
    /// <param name="stream">The stream that asks.</param>
    /// <param name="justOpened">True on the stream's first try: the latest stream of an MCP session takes over from its earlier ones.</param>
    /// <param name="others">The session's other MCP sessions.</param>
    /// <param name="now">The engine's time.</param>
    public static bool MayAttach(McpSessionView candidate, string stream, bool justOpened, IEnumerable<McpSessionView> others, DateTimeOffset now)
    {
        if (!justOpened && candidate.Stream is not null && candidate.Stream != stream)
        {
            return false;
        }

        foreach (var other in others)
        {
            if (other.Generation > candidate.Generation
                && (other.Stream is not null || (other.StreamClosedAt is { } closed && now - closed < Grace)))
            {
                return false;
            }
        }

        return true;
    }
}
