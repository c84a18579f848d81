using System.Diagnostics;

namespace Cluster.Benchmarks.Clusters;

/// <summary>From POST at one node to the client's receipt at another, at 200 events a second.</summary>
internal static class CrossNodeBenchmark
{
    private const int Sessions = 20;
    private const int PerSecond = 200;
    private const double PromisedP50 = 8;  // milliseconds
    private const double PromisedP99 = 40; // milliseconds

    public static async Task RunAsync(Settings settings, Report report)
    {
        Report.Title($"across nodes: POST at one node to receipt at another, {PerSecond} events/s over {Sessions} sessions");
        await using var cluster = await BenchCluster.StartAsync(2);
        await cluster.AttachAsync(Sessions, node: 1);
        await cluster.ReadAsync(answerAt: 0);
        await SendAsync(cluster, 2);
        List<double> all = [], p50 = [], p99 = [];
        for (var round = 0; round < settings.Pairs; round++)
        {
            cluster.Sessions.ForEach(session => session.Latencies = []);
            await SendAsync(cluster, settings.Seconds);
            var times = cluster.Sessions.SelectMany(session => session.Latencies!).ToList();
            all.AddRange(times);
            p50.Add(Report.Percentile(times, 0.5));
            p99.Add(Report.Percentile(times, 0.99));
            Report.Line($"round {round + 1}: {times.Count} events   p50 {p50[^1]:F2} ms   p90 {Report.Percentile(times, 0.9):F2} ms   p99 {p99[^1]:F2} ms");
        }

        var (median50, median99) = (Report.Percentile(p50, 0.5), Report.Percentile(p99, 0.5));
        report.Promise(
            "across nodes", $"p50 {median50:F2} ms, p99 {median99:F2} ms", $"at most {PromisedP50:F0} ms and {PromisedP99:F0} ms",
            median50 <= PromisedP50 && median99 <= PromisedP99);
    }

    // Each when its time has come, whatever became of the ones before.
    public static async Task SendAsync(BenchCluster cluster, double seconds)
    {
        var receivedBefore = cluster.Sessions.Sum(session => session.Received);
        var connections = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => RawConnection.OpenAsync(cluster.Ports[0])));
        var start = Stopwatch.GetTimestamp();
        var count = (int)(seconds * PerSecond);
        await Task.WhenAll(connections.Select((connection, lane) => Task.Run(async () =>
        {
            for (var i = lane; i < count; i += connections.Length)
            {
                var due = TimeSpan.FromSeconds(i / (double)PerSecond) - Stopwatch.GetElapsedTime(start);
                if (due > TimeSpan.Zero)
                {
                    await Task.Delay(due);
                }

                await connection.ExchangeAsync(RawConnection.Post(
                    $"/api/sessions/admin/{cluster.Sessions[i % cluster.Sessions.Count].Name}/messages",
                    cluster.Token,
                    $$"""{"text":"sent={{Stopwatch.GetTimestamp()}} {{new string('x', 300)}}"}"""));
            }

            connection.Dispose();
        })));
        while (cluster.Sessions.Sum(session => session.Received) - receivedBefore < count)
        {
            await Task.Delay(5);
        }
    }
}
