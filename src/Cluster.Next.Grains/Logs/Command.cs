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

    /// <summary>Settles the answer on the state as it is before the records are taken in, given the position of the first.</summary>
    /// <returns>A receipt that one of the records is to carry; null where it answers no other grain.</returns>
    public required Func<long, Receipt?> Settle { get; init; }

    /// <summary>True when a receipt is wanted, whatever it will say.</summary>
    public bool AnswersSender { get; init; }

    /// <summary>Gives the answer, once the records are durable.</summary>
    public required Action Answer { get; init; }
}

internal sealed class Command<T>(Func<Decision<T>> decide) : Command
{
    // Who waits goes on at once, on the grain's own scheduler: the pass has nothing left to do that could be disturbed.
    private readonly TaskCompletionSource<T> _done = new();

    public Task<T> Task => _done.Task;

    /// <summary>Makes the receipt that its records carry, from its answer; null where it answers no other grain.</summary>
    public Func<T, Receipt?>? Receipt { get; init; }

    public override Decided Decide()
    {
        var decision = decide();
        T? result = default;
        return new Decided
        {
            Records = decision.Records,
            Keys = decision.Keys,
            Puts = decision.Puts,
            Removes = decision.Removes,
            Audits = decision.Audits,
            Tells = decision.Tells,
            AnswersSender = Receipt?.Invoke(decision.ResultAt(0)) is not null,
            Settle = position =>
            {
                result = decision.ResultAt(position);
                return Receipt?.Invoke(result);
            },
            Answer = () => _done.TrySetResult(result!),
        };
    }

    // Not at once: it may be failed while others are being decided.
    public override void Fail(Exception reason) => System.Threading.Tasks.Task.Run(() => _done.TrySetException(reason));
}
