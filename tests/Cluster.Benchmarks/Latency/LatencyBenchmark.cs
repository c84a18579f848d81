using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Cluster.Core.Api;

namespace Cluster.Benchmarks.Latency;

/// <summary>From POST to the client's receipt over one idle session: each event is sent after the one before was received and confirmed.</summary>
internal static class LatencyBenchmark
{
    private const double PromisedP50 = 5;  // milliseconds
    private const double PromisedP99 = 25; // milliseconds
    private const int WarmUps = 100;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(Settings settings, Report report)
    {
        Report.Title($"latency: POST to receipt, one idle session with its client attached, {settings.Events} events one by one");
        await using var node = await BenchNode.StartAsync();
        using var http = node.Api();
        await using var client = await StreamClient.AttachAsync(http, "api");
        using var api = node.Api();
        using var github = new HttpClient();

        await MeasureEmptyCallAsync(api, settings);
        await MeasureAsync("webhook", () => SendCheckRunAsync(github, node.Source), client, settings, report);
        await MeasureAsync("console message", () => SendMessageAsync(api), client, settings, report);
    }

    // What a call that does nothing takes here, after the same pause: the floor under the figures below.
    private static async Task MeasureEmptyCallAsync(HttpClient api, Settings settings)
    {
        var answered = new List<double>();
        for (var i = -WarmUps; i < settings.Events; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await api.GetStringAsync("/healthz");
            if (i >= 0)
            {
                answered.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }

            await Task.Delay(Pause);
        }

        Report.Line($"empty call: answered     {Text(answered)}");
    }

    private static async Task MeasureAsync(
        string kind, Func<Task<string>> send, StreamClient client, Settings settings, Report report)
    {
        var received = new List<double>();
        var answered = new List<double>();
        var confirmed = new List<double>();
        for (var i = -WarmUps; i < settings.Events; i++)
        {
            var start = Stopwatch.GetTimestamp();
            var mark = await send();
            var accepted = Stopwatch.GetTimestamp();
            var (content, at) = await client.NextAsync().WaitAsync(Patience);
            if (!content.Contains(mark, StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"Expected the event with {mark}, got: {content}");
            }

            await client.ConfirmedAsync().WaitAsync(Patience);
            if (i >= 0)
            {
                answered.Add(Stopwatch.GetElapsedTime(start, accepted).TotalMilliseconds);
                received.Add(Stopwatch.GetElapsedTime(start, at).TotalMilliseconds);
                confirmed.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }

            await Task.Delay(Pause);
        }

        Report.Line($"{kind}: answered 2xx   {Text(answered)}");
        Report.Line($"{kind}: received       {Text(received)}");
        Report.Line($"{kind}: confirmed      {Text(confirmed)}");
        double p50 = Report.Percentile(received, 0.5), p99 = Report.Percentile(received, 0.99);
        report.Promise(
            $"latency {kind}",
            $"p50 {p50:F2} ms, p99 {p99:F2} ms",
            $"at most {PromisedP50:F0} ms and {PromisedP99:F0} ms",
            p50 <= PromisedP50 && p99 <= PromisedP99);
    }

    private static string Text(List<double> times) =>
        $"p50 {Report.Percentile(times, 0.5):F2} ms   p90 {Report.Percentile(times, 0.9):F2} ms   p99 {Report.Percentile(times, 0.99):F2} ms   worst {times.Max():F2} ms";

    private static async Task<string> SendCheckRunAsync(HttpClient github, NewSource source)
    {
        var id = CheckRun.NextId();
        var payload = CheckRun.Sample.ToArray();
        CheckRun.WriteId(payload, id);
        using var body = new ByteArrayContent(payload);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        body.Headers.Add("X-GitHub-Event", "check_run");
        body.Headers.Add("X-GitHub-Delivery", Guid.NewGuid().ToString());
        body.Headers.Add("X-Hub-Signature-256", $"sha256={Convert.ToHexStringLower(CheckRun.Sign(payload, Encoding.UTF8.GetBytes(source.Secret!)))}");
        using var answer = await github.PostAsync(source.Url, body);
        answer.EnsureSuccessStatusCode();
        return $"\"check_run_id\":{id.ToString(CultureInfo.InvariantCulture)}";
    }

    private static async Task<string> SendMessageAsync(HttpClient api)
    {
        var text = $"Please look at run {CheckRun.NextId()} when you are free.";
        using var answer = await api.PostAsJsonAsync(
            "/api/sessions/admin/api/messages", new SendMessage { Text = text }, ApiJson.Default.SendMessage);
        answer.EnsureSuccessStatusCode();
        return text;
    }
}
