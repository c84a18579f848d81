using Cluster.Chaos.History;
using Cluster.Chaos.Load;
using Cluster.Chaos.Nodes;

namespace Cluster.Chaos.Scenarios;

/// <summary>What a scenario plays on.</summary>
internal sealed record Stage
{
    public required ChaosPostgres Postgres { get; init; }
    public required ChaosCluster Cluster { get; init; }
    public required LoadGenerator Load { get; init; }
    public required Mark Mark { get; init; }
    public required Verdict Verdict { get; init; }
    public required Random Random { get; init; }
    public required bool Long { get; init; }

    /// <summary>What was logged since the scenario began.</summary>
    public async Task<RunHistory> HistoryAsync(CancellationToken ct) => (await Cluster.HistoryAsync(ct)).Since(Mark);

    /// <summary>Lets time pass while the load goes on.</summary>
    public static Task PassAsync(double seconds, CancellationToken ct) => Task.Delay(TimeSpan.FromSeconds(seconds), ct);
}
