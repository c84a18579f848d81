using Cluster.Core.Sessions;

namespace Cluster.Core.Grains.Sessions;

/// <summary>A client's MCP session with a session.</summary>
public sealed class McpSession
{
    /// <summary>SHA-256 of its id; the id itself is the client's alone.</summary>
    public required string Hash { get; init; }

    /// <summary>The order of the <c>initialize</c> calls; the highest is the newest.</summary>
    public required long Generation { get; init; }

    /// <summary>The token that made it; any other is told that there is none.</summary>
    public required string TokenId { get; init; }

    /// <summary>The client's own name and version.</summary>
    public required string Client { get; init; }

    public required DateTimeOffset MadeAt { get; init; }

    public bool Initialized { get; set; }

    /// <summary>Its latest open stream; null when none is open.</summary>
    public string? Stream { get; set; }

    public DateTimeOffset? StreamClosedAt { get; set; }
}

/// <summary>The clients of one session, and which of them gets its events.</summary>
public sealed class Attachments
{
    /// <summary>A client has so long to say that it is initialized.</summary>
    public static readonly TimeSpan InitializeWithin = TimeSpan.FromSeconds(60);

    private const int MaxMcpSessions = 20;

    /// <summary>By <see cref="McpSession.Hash"/>.</summary>
    public Dictionary<string, McpSession> McpSessions { get; init; } = [];

    public long LastGeneration { get; set; }

    /// <summary>Grows with every attachment.</summary>
    public long Epoch { get; set; }

    /// <summary>Batches of this epoch.</summary>
    public long Batch { get; set; }

    /// <summary>The hash of the MCP session that is attached; null while nobody is.</summary>
    public string? Attached { get; set; }

    /// <summary>Its stream.</summary>
    public string? AttachedStream { get; set; }

    public DateTimeOffset? AttachedAt { get; set; }

    /// <summary>The client that is attached.</summary>
    public string? Client => Attached is { } hash && McpSessions.TryGetValue(hash, out var session) ? session.Client : null;

    /// <summary>The MCP session with this id, if this token made it.</summary>
    public McpSession? Find(string hash, string tokenId) =>
        McpSessions.TryGetValue(hash, out var session) && session.TokenId == tokenId ? session : null;

    public bool MayAttach(McpSession candidate, string stream, bool justOpened, DateTimeOffset now) =>
        AttachmentRules.MayAttach(View(candidate), stream, justOpened, McpSessions.Values.Where(other => other != candidate).Select(View), now);

    /// <summary>Whose place is taken when there are too many, or never said a word.</summary>
    public List<string> Stale(DateTimeOffset now) =>
    [
        .. McpSessions.Values
            .Where(session => session.Stream is null && !session.Initialized && now - session.MadeAt > InitializeWithin)
            .Concat(McpSessions.Values.Where(session => session.Stream is null).OrderByDescending(session => session.Generation).Skip(MaxMcpSessions - 1))
            .Select(session => session.Hash)
            .Distinct(),
    ];

    internal void Make(McpSession session)
    {
        McpSessions[session.Hash] = session;
        LastGeneration = session.Generation;
    }

    internal void End(string hash)
    {
        McpSessions.Remove(hash);
        if (Attached == hash)
        {
            (Attached, AttachedStream, AttachedAt) = (null, null, null);
        }
    }

    internal void Open(string hash, string stream, DateTimeOffset? attachedAt)
    {
        if (McpSessions.TryGetValue(hash, out var session))
        {
            (session.Stream, session.StreamClosedAt) = (stream, null);
        }

        if (attachedAt is not null)
        {
            (Attached, AttachedStream, AttachedAt) = (hash, stream, attachedAt);
            Epoch++;
            Batch = 0;
        }
    }

    internal void Close(string hash, string stream, DateTimeOffset at)
    {
        if (McpSessions.TryGetValue(hash, out var session) && session.Stream == stream)
        {
            (session.Stream, session.StreamClosedAt) = (null, at);
        }

        if (Attached == hash && AttachedStream == stream)
        {
            (Attached, AttachedStream, AttachedAt) = (null, null, null);
        }
    }

    private static McpSessionView View(McpSession session) => new()
    {
        Id = session.Hash,
        Generation = session.Generation,
        Stream = session.Stream,
        StreamClosedAt = session.StreamClosedAt,
    };
}
