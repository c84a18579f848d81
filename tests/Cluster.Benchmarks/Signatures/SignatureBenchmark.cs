using System.Diagnostics;
using Cluster.Core.Webhooks;

namespace Cluster.Benchmarks.Signatures;

/// <summary>Proving deliveries of 20 KB on one core, as they come in from the network: piece by piece.</summary>
internal static class SignatureBenchmark
{
    private const int BodyLength = 20_000;
    private const int Piece = 4_096;
    private const double Promised = 20_000;

    public static void Run(Settings settings, Report report)
    {
        Report.Title($"signatures: bodies of {BodyLength:N0} bytes, one core");
        var body = new byte[BodyLength];
        new Random(1).NextBytes(body);
        foreach (var kind in new[] { "github", "pagerduty", "standard-webhooks", "buildkite", "datadog" })
        {
            Measure(kind, body, TimeSpan.FromSeconds(0.5));
            var rate = Measure(kind, body, TimeSpan.FromSeconds(settings.Seconds));
            report.Promise($"signatures {kind}", $"{rate:N0}/s", $"at least {Promised:N0}/s", rate >= Promised);
        }
    }

    private static double Measure(string kind, byte[] body, TimeSpan length)
    {
        var scheme = WebhookSenders.Find(kind)!.Scheme(SourceSettings.None);
        var secret = scheme.NewSecret();
        byte[][] keys = [scheme.Key(secret)!];
        var now = DateTimeOffset.UtcNow;
        var signed = scheme.Sign(secret, "1", now, body);
        var headers = new WebhookHeaders(name => signed.TryGetValue(name, out var value) ? [value] : []);
        var count = 0;
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < length)
        {
            using var proof = scheme.Begin(headers, keys, now)!;
            for (var at = 0; at < body.Length; at += Piece)
            {
                proof.Append(body.AsSpan(at, Math.Min(Piece, body.Length - at)));
            }

            count += proof.Finish() is null ? throw new InvalidOperationException($"{kind} refused its own signature.") : 1;
        }

        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
