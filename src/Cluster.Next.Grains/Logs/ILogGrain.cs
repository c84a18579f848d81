namespace Cluster.Next.Grains.Logs;

/// <summary>What every grain with a log answers: other grains, and the sweep.</summary>
[Alias("log-grain")]
public interface ILogGrain : IGrainWithStringKey
{
    /// <summary>Takes what another grain's outbox says. Answered when it is durable.</summary>
    [Alias("receive")]
    Task<Receiving> ReceiveAsync(Envelope envelope, CancellationToken ct);

    /// <summary>Does what is due, and claims the grain so that it goes on with what it has to send. Doing it twice changes nothing.</summary>
    [Alias("due")]
    Task DueAsync(CancellationToken ct);
}

/// <summary>An outbox entry on its way.</summary>
[GenerateSerializer, Immutable, Alias("envelope")]
public sealed record Envelope
{
    /// <summary>The sender's log.</summary>
    [Id(0)]
    public required string From { get; init; }

    /// <summary>The position of the claim under which the sender sends it.</summary>
    [Id(1)]
    public required long Claim { get; init; }

    /// <summary>Its place among all that this sender ever told this receiver.</summary>
    [Id(2)]
    public required long Number { get; init; }

    [Id(3)]
    public required string Kind { get; init; }

    /// <summary>JSON.</summary>
    [Id(4)]
    public required string Body { get; init; }
}

/// <summary>What became of an envelope.</summary>
[GenerateSerializer, Immutable, Alias("receiving")]
public sealed record Receiving
{
    [Id(0)]
    public required ReceivingState State { get; init; }

    /// <summary>The receiver's answer where it was received, now or before; JSON.</summary>
    [Id(1)]
    public string Result { get; init; } = "";
}

/// <summary>How an envelope was met.</summary>
[GenerateSerializer]
public enum ReceivingState
{
    /// <summary>Received, now or before.</summary>
    Received,

    /// <summary>A newer activation of the sender has sent something: this one is not the grain any more.</summary>
    Stale,

    /// <summary>An entry before it has not come yet.</summary>
    Early,
}

/// <summary>The grain cannot do it now: it does not know its state, or has just lost it to another activation. Nothing was answered;
/// whoever asks again, with the same operation, meets a grain that knows.</summary>
[GenerateSerializer, Alias("try-again")]
public sealed class TryAgainException(string message) : Exception(message);

/// <summary>The grain's log holds what this release cannot read. It refuses everything until a release comes that can.</summary>
[GenerateSerializer, Alias("unreadable-log")]
public sealed class UnreadableLogException(string message) : Exception(message);
