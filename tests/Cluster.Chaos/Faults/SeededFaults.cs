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
    private const string LateSend = "send-under-old-epoch";

    public static Task RunAsync(ChaosPostgres postgres, Evidence evidence, Report report, CancellationToken ct) =>
        Task.WhenAll(
            CatchAsync("R1", FaultyNode.AckBeforeCommit, Violation.Lost, sessions: 2, KillAsync, postgres, evidence, report, ct),
            CatchAsync("R2", FaultyNode.NoFencing, Violation.OldEpoch, sessions: 0, FreezeAsync, postgres, evidence, report, ct),
            CatchAsync("R9", FaultyNode.DedupeByIdOnly, Violation.EnteredTwice, sessions: 1, RepeatAsync, postgres, evidence, report, ct),
            CatchAsync("leases", FaultyNode.LeaseByNodeClock, Violation.TwoHolders, sessions: 0, UntilSeenAsync, postgres, evidence, report, ct),
            CatchAsync("R2", LateSend, Violation.OldEpoch, sessions: 0, SendLateAsync, postgres, evidence, report, ct));

    private static async Task CatchAsync(
        string scenario, string fault, Violation expected, int sessions, Func<ChaosCluster, CancellationToken, Task> play, ChaosPostgres postgres, Evidence evidence, Report report,
        CancellationToken ct)
    {
        var start = RunClock.Now;
        var plan = new ClusterPlan
        {
            Nodes = fault == LateSend ? 1 : 2,
            Sessions = sessions,
            Connectors = 0,
            Fault = i => fault == LateSend || (fault == FaultyNode.LeaseByNodeClock && i == 0) ? null : fault, // one node's clock is wrong
        };
        try
        {
            await using var cluster = await ChaosCluster.StartAsync(postgres, plan, ct);
            await play(cluster, ct);
            var history = await cluster.HistoryAsync(ct);
            var findings = Checker.Check(history);
            var caught = findings.Count(expected);
            var seen = caught > 0 ? $"such as: {findings.Of(expected)[0]}" : $"evidence in {evidence.Keep(fault, cluster, history, findings)}";
            report.Verdict(
                $"fault {fault}", caught > 0, caught > 0 ? "caught" : "NOT CAUGHT",
                $"as in {scenario}: {expected} x {caught}, {seen} [{(RunClock.Now - start).TotalSeconds:0} s]");
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

    // Frozen for longer than the lease lasts, the holder thaws as one of the past. What would tell it so waits for a round of
    // housekeeping, and that waits where the witness looks.
    private static async Task FreezeAsync(ChaosCluster cluster, CancellationToken ct)
    {
        var holder = await R2FrozenHolder.HolderAsync(cluster, ct);
        var before = (await cluster.Witness.HoldingsAsync(Lease, ct)).Count;
        await holder.FreezeAsync();
        await UntilTakenAsync(cluster, before, ct);
        await using var connection = await cluster.Database.OpenConnectionAsync(ct);
        await using var holdUp = await connection.BeginTransactionAsync(ct);
        await using var command = new NpgsqlCommand("LOCK TABLE lease IN ACCESS EXCLUSIVE MODE", connection, holdUp);
        await command.ExecuteNonQueryAsync(ct);
        await holder.ThawAsync();
        await Stage.PassAsync(6, ct);
        await holdUp.RollbackAsync(ct);
        await UntilSeenAsync(cluster, ct);
    }

    // No node can be brought to this by replacing a service, so it is done by hand.
    private static async Task SendLateAsync(ChaosCluster cluster, CancellationToken ct)
    {
        await using var command = cluster.Database.CreateCommand("""
            INSERT INTO session (id, owner, created_at, generation, epoch) VALUES ('chaos/late', 'chaos', 1, 1, 5);
            INSERT INTO delivery (session_id, event_id, chat_id, priority, state, attempts, queued_at, expires_at)
              VALUES ('chaos/late', 1, '', 1, 'queued', 0, 1, 1);
            UPDATE delivery SET state = 'sent', epoch = 4, batch = 1 WHERE session_id = 'chaos/late';
            """);
        await command.ExecuteNonQueryAsync(ct);
    }

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
