using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using Cluster.Benchmarks.Accept;
using Cluster.Benchmarks.Clusters;

namespace Cluster.Benchmarks.Webhooks;

/// <summary>POST to 2xx for deliveries of all kinds of senders at a steady rate, on one node over PostgreSQL; and the same while one more source
/// sends ten times as much as it may.</summary>
internal static class WebhookBenchmark
{
    private const int PerSecond = 200; // of all of them, and what one source may
    private const int Overload = 10;
    private const int Burst = 10 * PerSecond; // what a source may send at once
    private const int Loud = 32; // connections
    private const double PromisedP99 = 50;   // milliseconds
    private const double PromisedMax = 800;  // milliseconds
    private const double PromisedRatio = 2;

    public static async Task RunAsync(Settings settings, Report report)
    {
        await using var cluster = await BenchCluster.StartAsync(1, $"--Cluster:Limits:WebhooksPerSecond={PerSecond}");
        var senders = new MixedSenders($"http://127.0.0.1:{cluster.Ports[0]}", cluster.Token);
        await senders.AddAllAsync();
        Report.Title($"webhooks: {senders.Count} payloads of all senders in turn, {PerSecond}/s, one node over PostgreSQL");
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64 });
        await SendAsync(http, senders.Sign(5 * PerSecond), PerSecond);
        List<double> p99 = [], most = [], loud = [], allowed = [];
        for (var round = 0; round < settings.Pairs; round++)
        {
            var count = (int)(settings.Seconds * PerSecond);
            var calm = await SendAsync(http, senders.Sign(count), PerSecond);

            // First all that it may send in a burst, as fast as it is taken; what comes then is too much.
            var (burst, shouting) = await BesideAsync(Burst, int.MaxValue);
            var (within, _) = await BesideAsync(count, PerSecond);
            var (beside, noisy) = await BesideAsync(count * Overload, PerSecond * Overload);
            p99.Add(Report.Percentile(calm.Times, 0.99));
            most.Add(calm.Times.Max());
            loud.Add(Report.Percentile(beside.Times, 0.99));
            allowed.Add(Report.Percentile(within.Times, 0.99));
            Report.Line($"round {round + 1}: calm {Text(calm)}   max {most[^1]:F1} ms");
            Report.Line($"         beside a burst of one source, {shouting.Rate:N0}/s: {Text(burst)}");
            Report.Line($"         beside {PerSecond}/s of it, as much as it may: {Text(within)}");
            Report.Line($"         beside {noisy.Rate:N0}/s of it, {noisy.Refused:P0} of them 503: {Text(beside)}");
            if (calm.Refused + burst.Refused + within.Refused + beside.Refused > 0)
            {
                report.Promise("webhooks", "deliveries of quiet senders were refused", "none", kept: false);
            }

            async Task<(Sent Quiet, Sent Loud)> BesideAsync(int shouts, int perSecond)
            {
                var (quiet, loudly) = (senders.Sign(count), senders.SignLoud(shouts));
                GC.Collect();
                var shouting = ShoutAsync(cluster.Ports[0], loudly, perSecond);
                var beside = SendAsync(http, quiet, PerSecond, until: shouting);
                return (await beside, await shouting);
            }
        }

        var (median, worst) = (Report.Percentile(p99, 0.5), most.Max());
        report.Promise("webhooks", $"p99 {median:F1} ms, max {worst:F1} ms", $"at most {PromisedP99:F0} and {PromisedMax:F0} ms", median <= PromisedP99 && worst <= PromisedMax);
        foreach (var (name, against) in new[] { ("of that beside as much as it may send", allowed), ("of that without it", p99) })
        {
            var (ratio, text) = Report.Ratio(loud, against);
            report.Promise("webhooks overload", $"others' p99 {text} {name}", $"at most {PromisedRatio:P0}", ratio <= PromisedRatio);
        }
    }

    private static string Text(Sent sent) => $"p50 {Report.Percentile(sent.Times, 0.5):F1} ms   p99 {Report.Percentile(sent.Times, 0.99):F1} ms";

    // Each when its time has come, whatever became of the ones before.
    private static async Task<Sent> SendAsync(HttpClient http, IReadOnlyList<HttpRequestMessage> requests, int perSecond, Task? until = null)
    {
        var times = new ConcurrentBag<double>();
        var refused = 0;
        var start = Stopwatch.GetTimestamp();
        var running = new List<Task>(requests.Count);
        for (var i = 0; i < requests.Count && until is not { IsCompleted: true }; i++)
        {
            var due = TimeSpan.FromSeconds(i / (double)perSecond) - Stopwatch.GetElapsedTime(start);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due);
            }

            running.Add(SendAsync(requests[i]));
        }

        await Task.WhenAll(running);
        return new Sent(times, refused / (double)running.Count, running.Count / Stopwatch.GetElapsedTime(start).TotalSeconds);

        async Task SendAsync(HttpRequestMessage request)
        {
            var from = Stopwatch.GetTimestamp();
            using var answer = await http.SendAsync(request);
            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                Interlocked.Increment(ref refused);
                return;
            }

            if (answer.StatusCode != HttpStatusCode.Accepted)
            {
                throw new InvalidOperationException($"{request.RequestUri} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            }

            times.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
        }
    }

    private static async Task<Sent> ShoutAsync(int port, SignedRequests requests, int perSecond)
    {
        var refused = 0;
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Loud).Select(lane => Task.Run(async () =>
        {
            using var connection = await RawConnection.OpenAsync(port);
            var request = requests.NewBuffer();
            for (var i = lane; i < requests.Count; i += Loud)
            {
                var due = TimeSpan.FromSeconds(i / (double)perSecond) - Stopwatch.GetElapsedTime(start);
                if (due > TimeSpan.Zero)
                {
                    await Task.Delay(due);
                }

                requests.Fill(request, i);
                var answer = await connection.TryExchangeAsync(request);
                if (answer.Span.StartsWith("HTTP/1.1 503"u8))
                {
                    Interlocked.Increment(ref refused);
                }
                else if (!answer.Span.StartsWith("HTTP/1.1 202"u8))
                {
                    throw new InvalidOperationException($"Expected 202 or 503, got: {Encoding.UTF8.GetString(answer.Span)}");
                }
            }
        })));
        return new Sent([], refused / (double)requests.Count, requests.Count / Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <param name="Times">Milliseconds from POST to 202.</param>
    /// <param name="Refused">The share that was answered 503.</param>
    /// <param name="Rate">Sent per second.</param>
    private sealed record Sent(IReadOnlyCollection<double> Times, double Refused, double Rate);
}
