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
        List<double> p99 = [], most = [], loud = [];
        for (var round = 0; round < settings.Pairs; round++)
        {
            var count = (int)(settings.Seconds * PerSecond);
            var calm = await SendAsync(http, senders.Sign(count), PerSecond);
            var (quiet, loudly) = (senders.Sign(count), senders.SignLoud(count * Overload));
            GC.Collect();
            var shouting = ShoutAsync(cluster.Ports[0], loudly, PerSecond * Overload);
            var beside = await SendAsync(http, quiet, PerSecond);
            var noisy = await shouting;
            p99.Add(Report.Percentile(calm.Times, 0.99));
            most.Add(calm.Times.Max());
            loud.Add(Report.Percentile(beside.Times, 0.99));
            Report.Line(
                $"round {round + 1}: p50 {Report.Percentile(calm.Times, 0.5):F1} ms   p99 {p99[^1]:F1} ms   max {most[^1]:F1} ms; beside {noisy.Rate:N0}/s of one source "
                + $"({noisy.Refused:P0} of them 503): p99 {loud[^1]:F1} ms, {beside.Refused:P0} refused");
            if (calm.Refused + beside.Refused > 0)
            {
                report.Promise("webhooks", "deliveries of quiet senders were refused", "none", kept: false);
            }
        }

        var (median, worst) = (Report.Percentile(p99, 0.5), most.Max());
        report.Promise("webhooks", $"p99 {median:F1} ms, max {worst:F1} ms", $"at most {PromisedP99:F0} and {PromisedMax:F0} ms", median <= PromisedP99 && worst <= PromisedMax);
        var (ratio, text) = Report.Ratio(loud, p99);
        report.Promise("webhooks overload", $"others' p99 {text} of calm", $"at most {PromisedRatio:P0}", ratio <= PromisedRatio);
    }

    // Each when its time has come, whatever became of the ones before.
    private static async Task<Sent> SendAsync(HttpClient http, IReadOnlyList<HttpRequestMessage> requests, int perSecond)
    {
        var times = new ConcurrentBag<double>();
        var refused = 0;
        var start = Stopwatch.GetTimestamp();
        var running = new List<Task>(requests.Count);
        for (var i = 0; i < requests.Count; i++)
        {
            var due = TimeSpan.FromSeconds(i / (double)perSecond) - Stopwatch.GetElapsedTime(start);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due);
            }

            running.Add(SendAsync(requests[i]));
        }

        await Task.WhenAll(running);
        return new Sent(times, refused / (double)requests.Count, requests.Count / Stopwatch.GetElapsedTime(start).TotalSeconds);

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
