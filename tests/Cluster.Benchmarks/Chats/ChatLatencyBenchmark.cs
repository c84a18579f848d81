using System.Diagnostics;
using System.Globalization;
using Cluster.Benchmarks.Latency;

namespace Cluster.Benchmarks.Chats;

/// <summary>From what somebody writes in a chat to the session's notification, at 100 messages a second over 200 chats.</summary>
internal static class ChatLatencyBenchmark
{
    private const int Chats = 200;
    private const int PerSecond = 100;
    private const double PromisedP50 = 10; // milliseconds
    private const double PromisedP99 = 50; // milliseconds

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(Settings settings, Report report)
    {
        foreach (var postgres in new[] { false, true })
        {
            var engine = postgres ? "PostgreSQL" : "SQLite";
            Report.Title($"chats: update in to notification out, {PerSecond} messages/s over {Chats} chats, {engine}");
            await using var node = await ChatNode.StartAsync(Chats, postgres);
            using var http = node.Host.Api();
            await using var client = await StreamClient.AttachAsync(http, "api");
            await RoundAsync(node, client, WarmUp.TotalSeconds);
            List<double> p50 = [], p99 = [];
            for (var round = 0; round < settings.Pairs; round++)
            {
                var times = await RoundAsync(node, client, settings.Seconds);
                p50.Add(Report.Percentile(times, 0.5));
                p99.Add(Report.Percentile(times, 0.99));
                Report.Line($"round {round + 1}: {times.Count} messages   p50 {p50[^1]:F2} ms   p90 {Report.Percentile(times, 0.9):F2} ms   p99 {p99[^1]:F2} ms");
            }

            var (median50, median99) = (Report.Percentile(p50, 0.5), Report.Percentile(p99, 0.5));
            report.Promise(
                $"chats {engine}", $"p50 {median50:F2} ms, p99 {median99:F2} ms", $"at most {PromisedP50:F0} ms and {PromisedP99:F0} ms",
                median50 <= PromisedP50 && median99 <= PromisedP99);
        }
    }

    // Each when its time has come, whatever became of the ones before; each says when it was written.
    private static async Task<List<double>> RoundAsync(ChatNode node, StreamClient client, double seconds)
    {
        var count = (int)(seconds * PerSecond);
        var reading = Task.Run(async () =>
        {
            var times = new List<double>(count);
            for (var i = 0; i < count; i++)
            {
                var (content, at) = await client.NextAsync().WaitAsync(TimeSpan.FromSeconds(30));
                var written = long.Parse(content[(content.LastIndexOf('=') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture);
                times.Add(Stopwatch.GetElapsedTime(written, at).TotalMilliseconds);
            }

            return times;
        });
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            var due = TimeSpan.FromSeconds(i / (double)PerSecond) - Stopwatch.GetElapsedTime(start);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due);
            }

            var person = node.People[i % node.People.Count];
            node.Telegram.SendText(person, person, $"Please look at it, written at={Stopwatch.GetTimestamp()}");
        }

        return await reading;
    }
}
