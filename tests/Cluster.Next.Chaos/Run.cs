using Cluster.Chaos;
using Cluster.Chaos.Nodes;
using Cluster.Next.Chaos.Load;
using Cluster.Next.Chaos.Nodes;
using Cluster.Next.Chaos.Storms;

namespace Cluster.Next.Chaos;

/// <summary>Plays storms one after the other over one cluster, as life does; after one that broke something the next gets a new cluster.</summary>
internal sealed class Run(ChaosPostgres postgres, bool @long, Report report) : IAsyncDisposable
{
    private FireCluster? _cluster;

    public async Task PlayAsync(Storm storm, CancellationToken ct)
    {
        var start = RunClock.Now;
        var kept = false;
        try
        {
            _cluster ??= await StartAsync(ct);
            var verdict = await storm.RunAsync(postgres, _cluster, @long, ct);
            kept = verdict.Kept;
            report.Verdict(storm.Id, kept, kept ? "kept" : "BROKEN", $"{storm.Title}: {verdict.Figures} [{(RunClock.Now - start).TotalSeconds:0} s]");
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            report.Verdict(storm.Id, false, "FAILED", $"{storm.Title}: the storm itself failed: {Failure.Said(e)}");
        }

        if (!kept)
        {
            KeepLogs(storm.Id);
            await DisposeAsync();
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
    private async Task<FireCluster> StartAsync(CancellationToken ct)
    {
        var cluster = await FireCluster.StartAsync(postgres, new FirePlan(), ct);
        await using var talk = new Talk(cluster.Sender, cluster.Owner, [.. cluster.Sessions.Select(session => session.Name)], cluster.Talkers, Storm.Rate);
        talk.Start();
        await Stage.PassAsync(3, ct);
        await talk.StopAsync();
        await cluster.SettleAsync(talk, TimeSpan.FromSeconds(30), ct);
        return cluster;
    }

    private void KeepLogs(string storm)
    {
        if (_cluster is { } cluster)
        {
            var folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"cluster-fire-evidence-{Environment.ProcessId}", storm)).FullName;
            foreach (var node in cluster.Nodes.Where(node => File.Exists(node.LogFile)))
            {
                File.Copy(node.LogFile, Path.Combine(folder, Path.GetFileName(node.LogFile)), overwrite: true);
            }

            report.Line($"      the nodes' logs are in {folder}");
        }
    }
}
