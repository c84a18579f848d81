using System.Diagnostics;
using Cluster.Benchmarks.Clusters;

namespace Cluster.Benchmarks.Next;

/// <summary>The house on Orleans beside the one that it replaces, in the same run: every second leg is the other's.</summary>
internal static class NextBenchmarks
{
    private const double PromisedShare = 0.9;
    private const double PromisedStart = 2.5;     // seconds
    private const double PromisedKilobytes = 45;  // of an attachment
    private const double PromisedIdle = 4;        // milliseconds
    private const double PromisedAcross = 6;      // milliseconds
    private const int Attachments = 10_000;
    private const double WarmUp = 12; // seconds: until what runs is compiled, and grains look for keys no longer

    public static async Task RunAsync(Settings settings, Report report)
    {
        bool Runs(string part) => settings.Only.Count == 0 || settings.Only.Contains(part);
        if (Runs("start"))
        {
            await StartAsync(settings, report);
        }

        if (Runs("append"))
        {
            await NextAppendBenchmark.RunAsync(settings, report);
        }

        if (Runs("deliver"))
        {
            await DeliverAsync(settings, report);
        }

        if (Runs("latency"))
        {
            await IdleAsync(settings, report);
            await AcrossAsync(settings, report);
        }

        if (Runs("wake"))
        {
            await NextWakeBenchmark.RunAsync(settings, report);
        }

        if (Runs("attachments"))
        {
            await AttachmentsAsync(report);
        }
    }

    private static string Load => $"load {File.ReadAllText("/proc/loadavg").Split(' ')[0]}";

    private static async Task DeliverAsync(Settings settings, Report report)
    {
        Report.Title("next, deliver: one node, PostgreSQL, 200 attachments, messages of 400 bytes; accepted to confirmed, events/s");
        await using var oldHouse = await DeliverBenchmark.StartAsync(House.Old);
        await using var newHouse = await DeliverBenchmark.StartAsync(House.New);
        await DeliverBenchmark.MeasureAsync(oldHouse, WarmUp);
        await DeliverBenchmark.MeasureAsync(newHouse, WarmUp);
        List<double> olds = [], news = [];
        for (var pair = 0; pair < settings.Pairs; pair++)
        {
            olds.Add(await DeliverBenchmark.MeasureAsync(oldHouse, settings.Seconds));
            news.Add(await DeliverBenchmark.MeasureAsync(newHouse, settings.Seconds));
            Report.Line($"pair {pair + 1}: old {olds[^1],7:N0} events/s   new {news[^1],7:N0} events/s   ({Load})");
        }

        await PrintRecordsAsync(newHouse.NumberAsync);
        var (share, text) = Report.Ratio(news, olds);
        report.Promise("next deliver", $"{Report.Percentile(news, 0.5):N0} events/s, {text} of the old", $"at least {PromisedShare:P0}", share >= PromisedShare);
    }

    /// <summary>What the log holds for each event that was accepted.</summary>
    public static async Task PrintRecordsAsync(Func<string, Task<long>> number)
    {
        var accepted = await number("SELECT COUNT(*) FROM log WHERE kind = 'event-accepted'");
        var parts = new List<string>();
        foreach (var kind in new[] { "sent", "acknowledged", "event-accepted", "batch-sent", "batch-confirmed", "received", "woken" })
        {
            parts.Add($"{kind} {await number($"SELECT COUNT(*) FROM log WHERE kind = '{kind}'") / (double)accepted:F2}");
        }

        var records = await number("SELECT COUNT(*) FROM log");
        Report.Line($"records per event: {records / (double)accepted:F2} ({string.Join(", ", parts)}), of {await number("SELECT AVG(length(body)) FROM log")} bytes");
    }

    private static async Task IdleAsync(Settings settings, Report report)
    {
        Report.Title($"next, latency: POST to receipt, one idle session, {settings.Events} events one by one");
        var p50 = 0.0;
        foreach (var house in new[] { House.Old, House.New, House.Old, House.New })
        {
            await using var cluster = await BenchCluster.StartAsync(house, 1);
            await cluster.AttachAsync(1, node: 0);
            await cluster.ReadAsync(answerAt: 0);
            await OneByOneAsync(cluster, 100);
            var times = await OneByOneAsync(cluster, settings.Events);
            p50 = Report.Percentile(times, 0.5);
            Report.Line($"{house}: p50 {p50:F2} ms   p90 {Report.Percentile(times, 0.9):F2} ms   p99 {Report.Percentile(times, 0.99):F2} ms   ({Load})");
        }

        report.Promise("next latency idle", $"p50 {p50:F2} ms", $"at most {PromisedIdle:F0} ms", p50 <= PromisedIdle);
    }

    private static async Task<List<double>> OneByOneAsync(BenchCluster cluster, int events)
    {
        using var connection = await RawConnection.OpenAsync(cluster.Ports[0]);
        var session = cluster.Sessions[0];
        session.Latencies = [];
        for (var i = 0; i < events; i++)
        {
            var before = session.Received;
            await connection.ExchangeAsync(RawConnection.Post(
                $"/api/sessions/admin/{session.Name}/messages", cluster.Token, $$"""{"text":"sent={{Stopwatch.GetTimestamp()}} {{new string('x', 300)}}"}"""));
            while (session.Received == before || !cluster.Progress.Confirmed)
            {
                await Task.Delay(1);
            }

            await Task.Delay(10);
        }

        return session.Latencies;
    }

    private static async Task AcrossAsync(Settings settings, Report report)
    {
        Report.Title("next, across nodes: POST at one node to receipt at another, 200 events/s over 20 sessions");
        await using var oldHouse = await BenchCluster.StartAsync(House.Old, 2);
        await using var newHouse = await BenchCluster.StartAsync(House.New, 2);
        List<double> news = [], olds = [];
        foreach (var cluster in new[] { oldHouse, newHouse })
        {
            await cluster.AttachAsync(20, node: 1);
            await cluster.ReadAsync(answerAt: 0);
            await CrossNodeBenchmark.SendAsync(cluster, 2);
        }

        for (var pair = 0; pair < settings.Pairs; pair++)
        {
            foreach (var (cluster, p50) in new[] { (oldHouse, olds), (newHouse, news) })
            {
                cluster.Sessions.ForEach(session => session.Latencies = []);
                await CrossNodeBenchmark.SendAsync(cluster, settings.Seconds);
                var times = cluster.Sessions.SelectMany(session => session.Latencies!).ToList();
                p50.Add(Report.Percentile(times, 0.5));
                Report.Line($"{cluster.House}: p50 {p50[^1]:F2} ms   p99 {Report.Percentile(times, 0.99):F2} ms   ({Load})");
            }
        }

        var median = Report.Percentile(news, 0.5);
        Report.Line($"old: median p50 {Report.Percentile(olds, 0.5):F2} ms");
        report.Promise("next latency across nodes", $"p50 {median:F2} ms", $"at most {PromisedAcross:F0} ms", median <= PromisedAcross);
    }

    private static async Task AttachmentsAsync(Report report)
    {
        Report.Title($"next, attachments: {Attachments:N0} on one node");
        await using var cluster = await BenchCluster.StartAsync(House.New, 1);
        await cluster.AttachAsync(200, node: 0);
        await OpenedAsync(cluster);
        var before = AttachmentsBenchmark.Resident(cluster.Process(0).Id);
        var start = Stopwatch.GetTimestamp();
        await cluster.AttachAsync(Attachments - 200, node: 0, 32);
        await OpenedAsync(cluster);
        Report.Line($"initialized and attached in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s ({Load})");
        await Task.Delay(TimeSpan.FromSeconds(20)); // some rounds of asking and keep-alives
        var each = (AttachmentsBenchmark.Resident(cluster.Process(0).Id) - before) / (double)(Attachments - 200);
        report.Promise("next memory of an attachment", $"{each:F1} KB", $"at most {PromisedKilobytes:F0} KB", each <= PromisedKilobytes);
    }

    private static async Task OpenedAsync(BenchCluster cluster)
    {
        while (await cluster.NumberAsync("SELECT COUNT(DISTINCT grain) FROM log WHERE kind = 'stream-opened'") < cluster.Sessions.Count)
        {
            await Task.Delay(200);
        }
    }

    private static async Task StartAsync(Settings settings, Report report)
    {
        Report.Title("next, start: from the process's start to its line that it is running, PostgreSQL, schema there");
        List<double> olds = [], news = [];
        foreach (var (house, times) in Enumerable.Range(0, settings.Pairs).SelectMany(_ => new[] { (House.Old, olds), (House.New, news) }))
        {
            await using var cluster = await BenchCluster.StartAsync(house, 0);
            var start = Stopwatch.GetTimestamp();
            await cluster.AddNodeAsync();
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            Report.Line($"{house}: {times[^1]:F2} s ({Load})");
        }

        var median = Report.Percentile(news, 0.5);
        report.Promise("next start", $"{median:F2} s (old {Report.Percentile(olds, 0.5):F2} s)", $"at most {PromisedStart:F1} s", median <= PromisedStart);
    }
}
