using Cluster.Core.Logs;

namespace Cluster.Next.Grains.Logs;

/// <summary>One command that waits to be decided.</summary>
internal abstract class Command
{
    /// <summary>The keys that it brings; they enter once.</summary>
    public IReadOnlyList<(string Scope, string Key)> Keys { get; init; } = [];

    /// <summary>True when it only writes down what waits to go along.</summary>
    public bool Flushes { get; init; }

    /// <summary>True when it needs the claim though it may write nothing.</summary>
    public bool Claims { get; init; }

    public abstract Decided Decide();

    public abstract void Fail(Exception reason);
}

/// <summary>What a command has decided, with its answer ready to be given.</summary>
internal sealed class Decided
{
    public required IReadOnlyList<IRecord> Records { get; init; }

    public IReadOnlyList<(string Scope, string Key)> Keys { get; init; } = [];

    public IReadOnlyList<IndexRow> Puts { get; init; } = [];

    public IReadOnlyList<IndexEntry> Removes { get; init; } = [];

    public IReadOnlyList<AuditNote> Audits { get; init; } = [];

    public IReadOnlyList<Telling> Tells { get; init; } = [];

    /// <summary>A receipt that one of the records is to carry, once the position of the first is known.</summary>
    public Func<long, Receipt?>? Receipt { get; init; }

    /// <summary>Answers, once the records are durable; the argument is the position of the first.</summary>
    public required Action<long> Answer { get; init; }
}

internal sealed class Command<T>(Func<Decision<T>> decide) : Command
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Task => _done.Task;

    /// <summary>Makes the receipt that its records carry, from its answer; null where it answers no other grain.</summary>
    public Func<T, Receipt?>? Receipt { get; init; }

    public override Decided Decide()
    {
        var decision = decide();
        return new Decided
        {
            Records = decision.Records,
            Keys = decision.Keys,
            Puts = decision.Puts,
            Removes = decision.Removes,
            Audits = decision.Audits,
            Tells = decision.Tells,
            Receipt = Receipt is { } receipt ? position => receipt(decision.ResultAt(position)) : null,
            Answer = position => _done.TrySetResult(decision.ResultAt(position)),
        };
    }

    public override void Fail(Exception reason) => _done.TrySetException(reason);
}
