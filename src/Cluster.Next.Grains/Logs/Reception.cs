using Cluster.Core.Logs;

namespace Cluster.Next.Grains.Logs;

/// <summary>What another grain says, read once.</summary>
/// <param name="Decide">Decides the answer, as JSON, given which of the keys are known.</param>
public sealed record Reception<TState>(Func<TState, IReadOnlyList<KnownKey>, Decision<string>> Decide)
{
    /// <summary>The keys that it brings, which enter once.</summary>
    public IReadOnlyList<(string Scope, string Key)> Keys { get; init; } = [];
}
