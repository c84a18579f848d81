using Cluster.Chaos.History;
using Cluster.Chaos.Load;
using Cluster.Chaos.Nodes;

namespace Cluster.Chaos.Scenarios;

/// <summary>Plays scenarios one after the other on one cluster, as life does; after one that broke something the next gets a new cluster.</summary>
internal sealed class Run(ChaosPostgres postgres, Settings settings, Evidence evidence, Report report) : IAsyncDisposable
{
    private ChaosCluster? _cluster;

    public async Task PlayAsync(Scenario scenario, CancellationToken ct)
    {
        var start = RunClock.Now;
        var kept = false;
        try
        {
            _cluster ??= await StartAsync(ct);
            var verdict = await scenario.RunAsync(postgres, _cluster, settings.Long, new Random(settings.Seed), evidence, ct);
            kept = verdict.Kept;
            report.Verdict(scenario.Id, kept, kept ? "kept" : "BROKEN", $"{scenario.Title}: {verdict.Figures} [{(RunClock.Now - start).TotalSeconds:0} s]");
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            report.Verdict(scenario.Id, false, "FAILED", $"{scenario.Title}: the scenario itself failed: {e}");
        }

        if (!kept)
        {
            await DisposeAsync();
        }
    }

    /// <summary>Checks once more all that one cluster went through: a scenario may hurt the ones before it.</summary>
    public async Task CheckWholeAsync(CancellationToken ct)
    {
        if (_cluster is not null)
        {
            var findings = Checker.Check(await _cluster.HistoryAsync(ct));
            report.Verdict(
                "whole history", findings.Clean, findings.Clean ? "kept" : "BROKEN",
                $"accepted {findings.Accepted:N0}, delivered {findings.Delivered:N0}, repeats {findings.Repeats:N0}"
                + string.Concat(findings.Violations.Select(v => $", {v} {findings.Count(v)}: {findings.Of(v)[0]}")));
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is { } cluster)
        {
            _cluster = null;
            await cluster.DisposeAsync();
        }
    }

    // What a node does for the first time takes it long; that is not what is measured here.
    private async Task<ChaosCluster> StartAsync(CancellationToken ct)
    {
        var cluster = await ChaosCluster.StartAsync(postgres, new ClusterPlan(), ct);
        await using var load = new LoadGenerator(cluster.Sender, cluster.Targets, 100);
        load.Start();
        await Stage.PassAsync(3, ct);
        await load.StopAsync();
        await cluster.SettleAsync(load, TimeSpan.FromSeconds(30), ct);
        return cluster;
    }
}
