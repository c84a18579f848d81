using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Cluster.Cli.Nodes;

namespace Cluster.Cli.Connect;

/// <summary>Who the connector speaks for: the client as it introduced itself.</summary>
internal sealed record ClientIntroduction(JsonElement? ClientInfo, JsonElement? Capabilities);

/// <summary>The connector's own MCP session at a node. What is known by an id here means nothing in the next one.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer has nothing to release.")]
internal sealed class McpSession(string id, NodeAddress node, string serves)
{
    // A client that answers nothing must not make this grow for ever.
    private const int MaxAsked = 10_000;

    private readonly ConcurrentDictionary<string, string?> _asked = new();

    private readonly CancellationTokenSource _ended = new();

    public string Id => id;

    /// <summary>Set when the node has forgotten it: whoever still listens in it hears nothing more.</summary>
    public CancellationToken Ended => _ended.Token;

    public void End() => _ended.Cancel();

    public NodeAddress Node => node;

    /// <summary>The session that the node has given it.</summary>
    public string Serves => serves;

    /// <summary>The id of the last SSE event that the client has proved to have read, by answering the request in it. What was only
    /// written into its pipe may never be read.</summary>
    public string? LastEventId { get; private set; }

    /// <summary>Notes a request of the node, so that its answer goes back here and nowhere else.</summary>
    public void Asked(string requestId, string? eventId)
    {
        if (_asked.Count >= MaxAsked)
        {
            _asked.Clear();
        }

        _asked[requestId] = eventId;
    }

    public bool Answers(string requestId)
    {
        if (!_asked.TryRemove(requestId, out var eventId))
        {
            return false;
        }

        LastEventId = eventId ?? LastEventId;
        return true;
    }
}

/// <summary>What came of one try to open an MCP session, to send a message, or to listen.</summary>
internal abstract record LinkOutcome
{
    private LinkOutcome()
    {
    }

    /// <summary>There is an MCP session.</summary>
    public sealed record Open(McpSession Session) : LinkOutcome;

    /// <summary>The message got this answer.</summary>
    public sealed record Answered(ReadOnlyMemory<byte> Message) : LinkOutcome;

    /// <summary>The message arrived and has no answer; or the stream ended.</summary>
    public sealed record Done : LinkOutcome;

    /// <summary>The node does not know this MCP session, or no longer takes its token.</summary>
    public sealed record Forgotten : LinkOutcome;

    /// <summary>Try again later.</summary>
    /// <param name="Why">In words for a person.</param>
    /// <param name="MayBeDone">True unless the message surely never reached a node.</param>
    /// <param name="RetryAfter">What the node asks for.</param>
    public sealed record Away(string Why, bool MayBeDone, TimeSpan? RetryAfter = null) : LinkOutcome;

    /// <summary>The node is there and says no; somebody has to change something first.</summary>
    public sealed record Refused(string Why) : LinkOutcome;
}
