using System.Diagnostics;
using System.Globalization;

namespace Cluster.Benchmarks.Clusters;

/// <summary>10,000 attachments on one node: what each takes of its memory, and how soon all are back at another node when it dies.</summary>
internal static class AttachmentsBenchmark
{
    private const int Attachments = 10_000;
    private const double PromisedKilobytes = 45;
    private const double PromisedSeconds = 30;
    private const int AtOnce = 64;

    public static async Task RunAsync(Report report)
    {
        Report.Title($"attachments: {Attachments:N0} on one node");
        await using var cluster = await BenchCluster.StartAsync(2);
        await cluster.AttachAsync(200, node: 0);
        await UntilAttachedAsync(cluster, 0);
        var before = Resident(cluster.Process(0).Id);
        var start = Stopwatch.GetTimestamp();
        await cluster.AttachAsync(Attachments - 200, node: 0, AtOnce);
        Report.Line($"initialized and attached in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
        await UntilAttachedAsync(cluster, 0);
        await Task.Delay(TimeSpan.FromSeconds(20)); // some rounds of polls and keep-alives
        var each = (Resident(cluster.Process(0).Id) - before) / (double)(Attachments - 200);
        report.Promise("memory of an attachment", $"{each:F1} KB", $"at most {PromisedKilobytes:F0} KB", each <= PromisedKilobytes);

        start = Stopwatch.GetTimestamp();
        await cluster.Process(0).KillAsync();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var i && i < cluster.Sessions.Count)
            {
                await cluster.Sessions[i].OpenAsync(cluster.Ports[1]);
            }
        }));
        await UntilAttachedAsync(cluster, 1);
        var back = Stopwatch.GetElapsedTime(start).TotalSeconds;
        report.Promise("attachments back after a node's death", $"{back:F1} s", $"at most {PromisedSeconds:F0} s", back <= PromisedSeconds);
    }

    private static async Task UntilAttachedAsync(BenchCluster cluster, int node)
    {
        var name = $"node-{node + 1}";
        while (await cluster.NumberAsync(
            $"""
            SELECT COUNT(*) FROM session s JOIN attachment a ON a.session_id = s.id AND a.epoch = s.epoch
            JOIN mcp_session m ON m.id = a.mcp_session AND m.stream = a.stream JOIN node n ON n.id = m.node WHERE n.name = '{name}'
            """) < cluster.Sessions.Count)
        {
            await Task.Delay(100);
        }
    }

    // Linux: proc(5), VmRSS, in kilobytes.
    public static long Resident(int process) =>
        long.Parse(
            File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(':')[1].Replace("kB", "").Trim(),
            CultureInfo.InvariantCulture);
}
