using Cluster.Chaos.Nodes;

namespace Cluster.Chaos.Scenarios;

/// <summary>What a scenario plays on.</summary>
internal sealed record Stage
{
    public required ChaosPostgres Postgres { get; init; }
    public required ChaosCluster Cluster { get; init; }
    public required Verdict Verdict { get; init; }
    public required Random Random { get; init; }
    public required bool Long { get; init; }

    /// <summary>Lets time pass while the load goes on.</summary>
    public static Task PassAsync(double seconds, CancellationToken ct) => Task.Delay(TimeSpan.FromSeconds(seconds), ct);
}
