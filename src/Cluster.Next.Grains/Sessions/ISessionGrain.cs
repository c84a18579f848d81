using Cluster.Core.Access;
using Cluster.Core.Events;
using Orleans.Concurrency;

namespace Cluster.Next.Grains.Sessions;

/// <summary>A session seen from outside, by whoever may.</summary>
[Alias("session-views")]
public interface ISessionViews : IGrainWithStringKey
{
    /// <summary>May this identity do this to the session? Asked before anything of it is read.</summary>
    [Alias("may")]
    Task<bool> MayAsync(Caller caller, Act act, CancellationToken ct);

    /// <summary>What the session is; null when the caller may not know of it.</summary>
    [Alias("view")]
    Task<SessionView?> ViewAsync(Caller caller, CancellationToken ct);

    /// <summary>Makes it known, for its owner.</summary>
    [Alias("make")]
    Task<bool> MakeAsync(Caller caller, CancellationToken ct);
}

/// <summary>Who may do what to a session.</summary>
[Alias("session-access")]
public interface ISessionAccess : IGrainWithStringKey
{
    [Alias("access")]
    Task<AccessView?> AccessAsync(Caller caller, CancellationToken ct);

    /// <returns>False when there is no such session of the caller's.</returns>
    [Alias("grant")]
    Task<bool> GrantAsync(Caller caller, string identity, Role role, CancellationToken ct);

    /// <returns>False when there is no such session of the caller's.</returns>
    [Alias("revoke")]
    Task<bool> RevokeAsync(Caller caller, string identity, Role role, CancellationToken ct);
}

/// <summary>The clients of a session, and their streams.</summary>
[Alias("session-attachments")]
public interface ISessionAttachments : IGrainWithStringKey
{
    [Alias("initialize")]
    Task InitializeAsync(ClientStart start, CancellationToken ct);

    /// <returns>False when this token has no such MCP session.</returns>
    [Alias("knows")]
    Task<bool> KnowsAsync(string hash, string tokenId, CancellationToken ct);

    [Alias("initialized")]
    Task InitializedAsync(string hash, CancellationToken ct);

    [Alias("end")]
    Task<bool> EndAsync(string hash, string tokenId, CancellationToken ct);

    /// <summary>Asks whether a stream gets the events. Its node asks every two seconds, and at once when anything changes.</summary>
    [Alias("attach")]
    Task<AttachAnswer> AttachAsync(AttachRequest request, CancellationToken ct);

    [Alias("close")]
    Task CloseAsync(string hash, string stream, CancellationToken ct);

    /// <summary>The client has read a batch.</summary>
    [Alias("confirm")]
    Task<bool> ConfirmAsync(string hash, long epoch, long batch, CancellationToken ct);
}

/// <summary>What Claude does by its tools.</summary>
[Alias("session-tools")]
public interface ISessionTools : IGrainWithStringKey
{
    [Alias("reply")]
    Task<ToolAnswer> ReplyAsync(ReplyCall call, CancellationToken ct);
}

/// <summary>A node that serves streams, as grains push to it.</summary>
[Alias("stream-node")]
public interface IStreamNode : IGrainObserver
{
    /// <summary>Writes a batch to a stream. One at a time for each session, which its grain sees to; calls to one object would otherwise wait for
    /// one another, and a reader that stands still would hold up every session of the node.</summary>
    [Alias("push"), AlwaysInterleave]
    Task<PushOutcome> PushAsync(Push push);
}

/// <summary>Who asks, as the node has proved it.</summary>
[GenerateSerializer, Immutable, Alias("caller")]
public sealed record Caller
{
    [Id(0)]
    public required string Identity { get; init; }

    [Id(1)]
    public required string Principal { get; init; }

    [Id(2)]
    public long Standing { get; init; }
}

[GenerateSerializer, Immutable, Alias("session-view")]
public sealed record SessionView
{
    /// <summary><c>owner</c>, or any of <c>talk</c>, <c>approve</c>, <c>watch</c>.</summary>
    [Id(0)]
    public required IReadOnlyList<string> Roles { get; init; }

    [Id(1)]
    public required bool Attached { get; init; }

    [Id(2)]
    public string? Client { get; init; }

    [Id(3)]
    public DateTimeOffset? AttachedAt { get; init; }

    [Id(4)]
    public DateTimeOffset? LastCallAt { get; init; }

    /// <summary>Deliveries that wait or are on their way: all of them for who may watch, one's own for others.</summary>
    [Id(5)]
    public required int Waiting { get; init; }

    /// <summary>The position of its last record: whoever saw this one has seen everything.</summary>
    [Id(6)]
    public required long Position { get; init; }
}

[GenerateSerializer, Immutable, Alias("access-view")]
public sealed record AccessView
{
    [Id(0)]
    public required long Version { get; init; }

    [Id(1)]
    public required IReadOnlyList<AccessEntryView> Entries { get; init; }
}

[GenerateSerializer, Immutable, Alias("access-entry-view")]
public sealed record AccessEntryView
{
    [Id(0)]
    public required string Identity { get; init; }

    [Id(1)]
    public required Role Role { get; init; }

    [Id(2)]
    public required string By { get; init; }

    [Id(3)]
    public required DateTimeOffset At { get; init; }
}

[GenerateSerializer, Immutable, Alias("client-start")]
public sealed record ClientStart
{
    /// <summary>SHA-256 of the MCP session's id.</summary>
    [Id(0)]
    public required string Hash { get; init; }

    [Id(1)]
    public required string TokenId { get; init; }

    [Id(2)]
    public required string Client { get; init; }
}

[GenerateSerializer, Immutable, Alias("attach-request")]
public sealed record AttachRequest
{
    [Id(0)]
    public required string Hash { get; init; }

    [Id(1)]
    public required string TokenId { get; init; }

    [Id(2)]
    public required string Stream { get; init; }

    /// <summary>True on the stream's first try: the latest stream of an MCP session takes over from its earlier ones.</summary>
    [Id(3)]
    public required bool JustOpened { get; init; }

    /// <summary>Where batches for it are pushed.</summary>
    [Id(4)]
    public required IStreamNode Node { get; init; }
}

[GenerateSerializer, Immutable, Alias("attach-answer")]
public sealed record AttachAnswer
{
    [Id(0)]
    public required AttachStanding State { get; init; }

    [Id(1)]
    public required long Epoch { get; init; }

    /// <summary>The claim of the activation that answers.</summary>
    [Id(2)]
    public required long Claim { get; init; }
}

[GenerateSerializer]
public enum AttachStanding
{
    Attached,
    Superseded,
    Ended,

    /// <summary>It did not confirm what it was sent: it is to be cut, and its client comes back.</summary>
    Lost,
}

[GenerateSerializer, Immutable, Alias("push")]
public sealed record Push
{
    [Id(0)]
    public required string Session { get; init; }

    [Id(1)]
    public required string Stream { get; init; }

    /// <summary>The claim of the activation that pushes: a node takes none below the highest that it has seen of a session.</summary>
    [Id(2)]
    public required long Claim { get; init; }

    [Id(3)]
    public required long Epoch { get; init; }

    [Id(4)]
    public required long Batch { get; init; }

    [Id(5)]
    public required IReadOnlyList<PushedEvent> Events { get; init; }
}

[GenerateSerializer, Immutable, Alias("pushed-event")]
public sealed record PushedEvent
{
    [Id(0)]
    public required long Id { get; init; }

    [Id(1)]
    public required EventKind Kind { get; init; }

    [Id(2)]
    public required string Sender { get; init; }

    [Id(3)]
    public required string ChatId { get; init; }

    [Id(4)]
    public required string Trust { get; init; }

    [Id(5)]
    public required string Body { get; init; }

    [Id(6)]
    public required DateTimeOffset At { get; init; }

    [Id(7)]
    public required bool Redelivery { get; init; }
}

[GenerateSerializer]
public enum PushOutcome
{
    /// <summary>Written.</summary>
    Taken,

    /// <summary>The node has no such stream, or it broke: it is to be closed.</summary>
    Gone,

    /// <summary>A newer activation has pushed: this one is not the session any more.</summary>
    Stale,
}

[GenerateSerializer, Immutable, Alias("reply-call")]
public sealed record ReplyCall
{
    [Id(0)]
    public required string Hash { get; init; }

    [Id(1)]
    public required string RequestId { get; init; }

    [Id(2)]
    public required string ArgumentsHash { get; init; }

    [Id(3)]
    public required string ChatId { get; init; }

    [Id(4)]
    public required string Text { get; init; }

    [Id(5)]
    public long? ReplyTo { get; init; }
}

[GenerateSerializer, Immutable, Alias("tool-answer")]
public sealed record ToolAnswer
{
    [Id(0)]
    public required bool Refused { get; init; }

    [Id(1)]
    public required string Text { get; init; }
}
