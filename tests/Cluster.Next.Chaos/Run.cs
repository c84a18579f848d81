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
        for (var again = !@long; ; again = false)
        {
            var start = RunClock.Now;
            var (kept, late, figures) = await TryAsync(storm, ct);
            if (!kept)
            {
                KeepLogs(storm.Id);
                await DisposeAsync();
            }

            // Beside other tests a machine may be too busy for a limit of seconds: that is measured twice. What is wrong is wrong at once.
            if (late && again)
            {
                report.Line($"late  {storm.Id,-16}: {figures}; played once more");
                continue;
            }

            report.Verdict(storm.Id, kept, kept ? "kept" : late ? "LATE" : "BROKEN", $"{figures} [{(RunClock.Now - start).TotalSeconds:0} s]");
            return;
        }
    }

    private async Task<(bool Kept, bool Late, string Figures)> TryAsync(Storm storm, CancellationToken ct)
    {
        try
        {
            _cluster ??= await StartAsync(ct);
            var verdict = await storm.RunAsync(postgres, _cluster, @long, ct);
            return (verdict.Kept, !verdict.Kept && verdict.IsRight, $"{storm.Title}: {verdict.Figures}");
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            return (false, _cluster is null, $"{storm.Title}: the storm itself failed: {Failure.Said(e)}"); // late where the nodes did not start in time
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
