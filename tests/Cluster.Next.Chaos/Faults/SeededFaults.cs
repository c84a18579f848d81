using Cluster.Chaos;
using Cluster.Chaos.History;
using Cluster.Chaos.Nodes;
using Cluster.Next.Chaos.Load;
using Cluster.Next.Chaos.Nodes;
using Cluster.Next.Chaos.Storms;
using Npgsql;

namespace Cluster.Next.Chaos.Faults;

/// <summary>Shows that the harness can see: each fault is built into nodes on purpose, and its violation must be found.</summary>
internal sealed class SeededFaults(ChaosPostgres postgres, Report report)
{
    private const double Rate = 40; // messages a second

    /// <summary>Every fault, and in the long form the same plays over the product as it is, in which nothing may be found.</summary>
    public async Task RunAsync(bool @long, CancellationToken ct)
    {
        await Task.WhenAll(
            CatchAsync(FaultyNode.AnswerBeforeAppend, KillAsync, [Violation.Lost, Violation.NoVisibleEnd], ct),
            CatchAsync(FaultyNode.NoClaim, KillAsync, [Violation.DeadClaim], ct),
            CatchAsync(FaultyNode.TwoInFlight, KillWhileHeldAsync, [Violation.Unrecorded], ct),
            CatchAsync(FaultyNode.UnfencedPush, PushLateAsync, [Violation.OldPush], ct));
        if (@long)
        {
            await CleanAsync("killed", null, KillAsync, ct);
            await CleanAsync("killed while appends are held", null, KillWhileHeldAsync, ct);
            await CleanAsync("pushes come late", FaultyNode.LatePush, PushLateAsync, ct);
        }
    }

    private async Task CatchAsync(string fault, Func<FireCluster, CancellationToken, Task> play, Violation[] expected, CancellationToken ct)
    {
        var start = RunClock.Now;
        try
        {
            var findings = await PlayAsync(fault, play, ct);
            var caught = expected.Sum(findings.Count);
            var seen = findings.Violations.Select(violation => $"{violation} x {findings.Count(violation)}");
            report.Verdict(
                $"fault {fault}", caught > 0, caught > 0 ? "caught" : "NOT CAUGHT",
                $"{string.Join(", ", seen)}{(caught > 0 ? $"; such as: {expected.SelectMany(findings.Of).First()}" : "")} [{(RunClock.Now - start).TotalSeconds:0} s]");
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            report.Verdict($"fault {fault}", false, "FAILED", Failure.Said(e));
        }
    }

    private async Task CleanAsync(string title, string? node, Func<FireCluster, CancellationToken, Task> play, CancellationToken ct)
    {
        var findings = await PlayAsync(node, play, ct);
        report.Verdict(
            "no fault", findings.Clean, findings.Clean ? "clean" : "BROKEN",
            $"{title}: accepted {findings.Accepted:N0}{string.Concat(findings.Violations.Select(v => $", {v} {findings.Count(v)}: {findings.Of(v)[0]}"))}");
    }

    private async Task<Findings> PlayAsync(string? fault, Func<FireCluster, CancellationToken, Task> play, CancellationToken ct)
    {
        // Streams and senders at the second node; the first one holds the sessions.
        var plan = new FirePlan { Nodes = 2, Sessions = 4, Fault = i => fault is FaultyNode.UnfencedPush or FaultyNode.LatePush && i == 0 ? null : fault, Serves = i => i == 1 };
        await using var cluster = await FireCluster.StartAsync(postgres, plan, ct);
        await using var talk = new Talk(cluster.Sender, cluster.Owner, [.. cluster.Sessions.Select(session => session.Name)], cluster.Talkers, Rate);
        talk.Start();
        await Stage.PassAsync(3, ct);
        await play(cluster, ct);
        await talk.StopAsync();
        await cluster.SettleAsync(talk, TimeSpan.FromSeconds(fault is null or FaultyNode.LatePush ? 30 : 5), ct);
        return (await cluster.CheckAsync(ct)).Findings;
    }

    private static async Task KillAsync(FireCluster cluster, CancellationToken ct)
    {
        await cluster.KillAsync(cluster.Nodes[0]);
        await TakenOverAsync(cluster, ct);
    }

    // Nothing becomes durable while the log is held; then the node that holds the sessions ends, and what it had sent to the store with it.
    private static async Task KillWhileHeldAsync(FireCluster cluster, CancellationToken ct)
    {
        await using (var connection = await cluster.Database.OpenConnectionAsync(ct))
        {
            await using var held = await connection.BeginTransactionAsync(ct);
            await using var hold = new NpgsqlCommand("LOCK TABLE log IN EXCLUSIVE MODE", connection, held);
            await hold.ExecuteNonQueryAsync(ct);
            await Stage.PassAsync(4, ct);
            await cluster.KillAsync(cluster.Nodes[0]);
            await using var end = new NpgsqlCommand(
                "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'cluster n1%'", connection, held);
            await end.ExecuteScalarAsync(ct);
            await held.RollbackAsync(ct);
        }

        await TakenOverAsync(cluster, ct);
    }

    private static async Task PushLateAsync(FireCluster cluster, CancellationToken ct)
    {
        var hold = Path.Combine(cluster.FolderOf(cluster.Nodes[1]), FaultyNode.HoldFile);
        await File.WriteAllTextAsync(hold, "", ct);
        await Stage.PassAsync(1, ct);
        await cluster.KillAsync(cluster.Nodes[0]);
        File.Delete(hold);
        var released = Path.Combine(Path.GetDirectoryName(hold)!, LatePushes.Released);
        for (var waited = 0; !File.Exists(released) && waited < 60; waited++)
        {
            await Stage.PassAsync(0.5, ct);
        }

        await Stage.PassAsync(2, ct);
    }

    // The other node has served for three seconds.
    private static async Task TakenOverAsync(FireCluster cluster, CancellationToken ct)
    {
        var fallen = RunClock.Now;
        while (RunClock.Now - fallen < TimeSpan.FromSeconds(30) && !cluster.Log.Tries.Any(one => one.Accepted && one.SubmittedAt > fallen))
        {
            await Stage.PassAsync(0.25, ct);
        }

        await Stage.PassAsync(3, ct);
    }
}
