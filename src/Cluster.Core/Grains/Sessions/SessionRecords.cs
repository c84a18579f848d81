using System.Text.Json.Serialization;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Logs;

namespace Cluster.Core.Grains.Sessions;

/// <summary>The session has become known.</summary>
public sealed record SessionMade(string By, DateTimeOffset At) : IRecord;

/// <summary>An event has entered the mailbox; its position is its id.</summary>
public sealed record EventAccepted : ICarriesReceipt
{
    public required EventKind Kind { get; init; }
    public required Actor Sender { get; init; }
    public required string ChatId { get; init; }
    public string? Name { get; init; }
    public required string Trust { get; init; }

    /// <summary>The text as written, or a webhook's framed content.</summary>
    public required string Body { get; init; }

    public required DateTimeOffset At { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public required int Priority { get; init; }

    /// <summary>The batch in which it goes out at once, when a client listens and nothing is before it.</summary>
    public BatchId? Batch { get; init; }

    public Receipt? Receipt { get; init; }

    public IRecord With(Receipt receipt) => this with { Receipt = receipt };
}

/// <summary>Events were given to the attached client.</summary>
public sealed record BatchSent(BatchId Batch, IReadOnlyList<long> Events) : IRecord;

/// <summary>The client has proved that it read a batch.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="At">The store's time.</param>
/// <param name="Next">What goes out with the same breath; null when nothing waits.</param>
public sealed record BatchConfirmed(BatchId Batch, DateTimeOffset At, BatchSent? Next = null) : IRecord;

/// <summary>Events have waited too long.</summary>
public sealed record EventsExpired(IReadOnlyList<long> Events, DateTimeOffset At) : IRecord;

/// <summary>Events will not be delivered.</summary>
public sealed record EventsDied(IReadOnlyList<long> Events, string Reason, DateTimeOffset At) : IRecord;

/// <summary>Claude has said something.</summary>
public sealed record Replied : IRecord
{
    public required string ChatId { get; init; }
    public required string Text { get; init; }

    /// <summary>The event that it names.</summary>
    public long? ReplyTo { get; init; }

    /// <summary>The events that it answers.</summary>
    public required IReadOnlyList<long> Answers { get; init; }

    public required DoneCall Call { get; init; }
}

/// <summary>A client has begun an MCP session.</summary>
public sealed record McpSessionMade : IRecord
{
    public required string Hash { get; init; }
    public required long Generation { get; init; }
    public required string TokenId { get; init; }
    public required string Client { get; init; }
    public required DateTimeOffset At { get; init; }

    /// <summary>MCP sessions that end with it.</summary>
    public IReadOnlyList<string> Ends { get; init; } = [];
}

/// <summary>A client has said that it is ready.</summary>
public sealed record McpSessionInitialized(string Hash) : IRecord;

/// <summary>An MCP session has ended.</summary>
public sealed record McpSessionEnded(string Hash, string Reason) : IRecord;

/// <summary>A stream of a client is open.</summary>
/// <param name="Hash">The MCP session.</param>
/// <param name="Stream">The stream.</param>
/// <param name="AttachedAt">Since when it gets the session's events; null when it does not.</param>
public sealed record StreamOpened(string Hash, string Stream, DateTimeOffset? AttachedAt) : IRecord;

/// <summary>A stream of a client is closed, or lost.</summary>
public sealed record StreamClosed(string Hash, string Stream, DateTimeOffset At) : IRecord;

/// <summary>An identity may do something to the session.</summary>
public sealed record RoleGranted(Entry Entry) : IRecord;

/// <summary>An identity may do something no longer; <see cref="Role.None"/> takes everything.</summary>
/// <param name="Identity">The identity.</param>
/// <param name="Role">What it may do no longer.</param>
/// <param name="Died">What it had sent and was not delivered.</param>
public sealed record RoleRevoked(string Identity, Role Role, IReadOnlyList<long> Died) : IRecord;

/// <summary>An identity's standing was heard of; what waited under a lower one and is allowed no longer has ended.</summary>
public sealed record StandingHeard(string Identity, long Standing, IReadOnlyList<long> Died) : ICarriesReceipt
{
    public Receipt? Receipt { get; init; }

    public IRecord With(Receipt receipt) => this with { Receipt = receipt };
}

/// <summary>The records of a session's log.</summary>
public static class SessionRecords
{
    public static readonly RecordKinds Kinds = new RecordKinds()
        .Add("session-made", SessionJson.Default.SessionMade)
        .Add("event-accepted", SessionJson.Default.EventAccepted)
        .Add("batch-sent", SessionJson.Default.BatchSent)
        .Add("batch-confirmed", SessionJson.Default.BatchConfirmed)
        .Add("events-expired", SessionJson.Default.EventsExpired)
        .Add("events-died", SessionJson.Default.EventsDied)
        .Add("replied", SessionJson.Default.Replied)
        .Add("mcp-session-made", SessionJson.Default.McpSessionMade)
        .Add("mcp-session-initialized", SessionJson.Default.McpSessionInitialized)
        .Add("mcp-session-ended", SessionJson.Default.McpSessionEnded)
        .Add("stream-opened", SessionJson.Default.StreamOpened)
        .Add("stream-closed", SessionJson.Default.StreamClosed)
        .Add("role-granted", SessionJson.Default.RoleGranted)
        .Add("role-revoked", SessionJson.Default.RoleRevoked)
        .Add("standing-heard", SessionJson.Default.StandingHeard);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SessionMade))]
[JsonSerializable(typeof(EventAccepted))]
[JsonSerializable(typeof(BatchSent))]
[JsonSerializable(typeof(BatchConfirmed))]
[JsonSerializable(typeof(EventsExpired))]
[JsonSerializable(typeof(EventsDied))]
[JsonSerializable(typeof(Replied))]
[JsonSerializable(typeof(McpSessionMade))]
[JsonSerializable(typeof(McpSessionInitialized))]
[JsonSerializable(typeof(McpSessionEnded))]
[JsonSerializable(typeof(StreamOpened))]
[JsonSerializable(typeof(StreamClosed))]
[JsonSerializable(typeof(RoleGranted))]
[JsonSerializable(typeof(RoleRevoked))]
[JsonSerializable(typeof(StandingHeard))]
[JsonSerializable(typeof(SessionState))]
[JsonSerializable(typeof(SessionMessage))]
[JsonSerializable(typeof(StandingRaised))]
[JsonSerializable(typeof(MessageResult))]
public sealed partial class SessionJson : JsonSerializerContext;
