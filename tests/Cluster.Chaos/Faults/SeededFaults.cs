using Cluster.Chaos.History;
using Cluster.Chaos.Load;
using Cluster.Chaos.Nodes;
using Cluster.Chaos.Scenarios;
using Npgsql;

namespace Cluster.Chaos.Faults;

/// <summary>Shows that the harness can see: each fault is built into nodes on purpose, and its violation must be found.</summary>
internal static class SeededFaults
{
    private const string Lease = "housekeeping";

    public static Task RunAsync(ChaosPostgres postgres, Report report, CancellationToken ct) =>
        Task.WhenAll(
            CatchAsync("R1", FaultyNode.AckBeforeCommit, Violation.Lost, sessions: 2, KillAsync, postgres, report, ct),
            CatchAsync("R2", FaultyNode.NoFencing, Violation.OldEpoch, sessions: 0, FreezeAsync, postgres, report, ct),
            CatchAsync("R9", FaultyNode.DedupeByIdOnly, Violation.EnteredTwice, sessions: 1, RepeatAsync, postgres, report, ct),
            CatchAsync("leases", FaultyNode.LeaseByNodeClock, Violation.TwoHolders, sessions: 0, WaitAsync, postgres, report, ct));

    private static async Task CatchAsync(
        string scenario, string fault, Violation expected, int sessions, Func<ChaosCluster, CancellationToken, Task> play, ChaosPostgres postgres, Report report, CancellationToken ct)
    {
        var start = RunClock.Now;
        var plan = new ClusterPlan
        {
            Nodes = 2,
            Sessions = sessions,
            Connectors = 0,
            Fault = i => fault == FaultyNode.LeaseByNodeClock && i == 0 ? null : fault, // one node's clock is wrong
        };
        try
        {
            await using var cluster = await ChaosCluster.StartAsync(postgres, plan, ct);
            await play(cluster, ct);
            var findings = Checker.Check(await cluster.HistoryAsync(ct));
            var caught = findings.Count(expected);
            report.Verdict(
                $"fault {fault}", caught > 0, caught > 0 ? "caught" : "NOT CAUGHT",
                $"as in {scenario}: {expected} x {caught}{(caught > 0 ? $", such as: {findings.Of(expected)[0]}" : "")} [{(RunClock.Now - start).TotalSeconds:0} s]");
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            report.Verdict($"fault {fault}", false, "FAILED", $"as in {scenario}: {e}");
        }
    }

    private static async Task KillAsync(ChaosCluster cluster, CancellationToken ct)
    {
        await using var load = new LoadGenerator(cluster.Sender, cluster.Targets, 50);
        load.Start();
        await Stage.PassAsync(3, ct);
        await cluster.Nodes[0].KillAsync();
        await Stage.PassAsync(1, ct);
        await load.StopAsync();
        await cluster.SettleAsync(load, TimeSpan.FromSeconds(5), ct);
    }

    private static async Task RepeatAsync(ChaosCluster cluster, CancellationToken ct)
    {
        for (var i = 0; i < 20; i++)
        {
            await R9RepeatedSends.SendTimesAsync(cluster, cluster.Targets[0], 4, ct);
        }
    }

    // Frozen for longer than the lease lasts, the holder thaws as one of the past. What would tell it so is held up.
    private static async Task FreezeAsync(ChaosCluster cluster, CancellationToken ct)
    {
        var holder = await R2FrozenHolder.HolderAsync(cluster, ct);
        var before = (await cluster.Witness.HoldingsAsync(Lease, ct)).Count;
        await holder.FreezeAsync();
        await UntilTakenAsync(cluster, before, ct);
        await using var connection = await cluster.Database.OpenConnectionAsync(ct);
        await using var holdUp = await connection.BeginTransactionAsync(ct);
        await using var command = new NpgsqlCommand("SELECT 1 FROM lease FOR UPDATE", connection, holdUp);
        await command.ExecuteScalarAsync(ct);
        await holder.ThawAsync();
        await UntilSeenAsync(cluster, ct);
    }

    private static async Task WaitAsync(ChaosCluster cluster, CancellationToken ct) => await UntilSeenAsync(cluster, ct);

    private static async Task UntilTakenAsync(ChaosCluster cluster, int before, CancellationToken ct)
    {
        var start = RunClock.Now;
        while ((await cluster.Witness.HoldingsAsync(Lease, ct)).Count == before && RunClock.Now - start < TimeSpan.FromSeconds(20))
        {
            await Task.Delay(200, ct);
        }
    }

    private static async Task UntilSeenAsync(ChaosCluster cluster, CancellationToken ct)
    {
        var start = RunClock.Now;
        while ((await cluster.Witness.SightingsAsync(ct)).Count == 0 && RunClock.Now - start < TimeSpan.FromSeconds(20))
        {
            await Task.Delay(200, ct);
        }
    }
}
