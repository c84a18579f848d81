namespace Cluster.Benchmarks.Accept;

/// <summary>A signed check_run, POST to 2xx: the node, which answers after its commit, against an endpoint that only reads and verifies.</summary>
internal static class AcceptBenchmark
{
    private const double Promised = 0.15;
    private const int WarmUpRequests = 5_000;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    public static async Task RunAsync(Settings settings, Report report)
    {
        Report.Title($"accept: a signed check_run of {CheckRun.Sample.Length:N0} bytes, 64 connections, to a session with no client attached");
        await using var bareEndpoint = await BareEndpoint.StartAsync();
        await using var realNode = await BenchNode.StartAsync();
        await using var emptyNode = await BenchNode.StartAsync(new NothingStore());
        var bare = await Leg.WarmUpAsync(bareEndpoint.Target);
        var node = await Leg.WarmUpAsync(new Target(new Uri(realNode.Source.Url), realNode.Source.Secret!));
        var nothing = await Leg.WarmUpAsync(new Target(new Uri(emptyNode.Source.Url), emptyNode.Source.Secret!));

        var length = TimeSpan.FromSeconds(settings.Seconds);
        for (var pair = 0; pair < settings.Pairs; pair++)
        {
            // Every other time backwards: what drifts, drifts for all.
            Leg[] legs = pair % 2 == 0 ? [bare, node, nothing] : [nothing, node, bare];
            foreach (var leg in legs)
            {
                await leg.RunAsync(length);
            }

            Report.Line($"pair {pair + 1}: bare {bare.Rates[^1],7:N0}/s   node {node.Rates[^1],7:N0}/s   node without commits {nothing.Rates[^1],7:N0}/s");
        }

        var (ratio, text) = Report.Ratio(node.Rates, bare.Rates);
        Report.Line($"node over bare:                  {text}");
        Report.Line($"node without commits over bare:  {Report.Ratio(nothing.Rates, bare.Rates).Text}");
        Report.Line($"node over node without commits:  {Report.Ratio(node.Rates, nothing.Rates).Text}");
        Report.Line(
            $"processor time of one request, client included: bare {bare.Processor:N0} us, node {node.Processor:N0} us, "
            + $"node without commits {nothing.Processor:N0} us");
        report.Promise("accept", $"{ratio:P1} of bare", $"at least {Promised:P0}", ratio >= Promised);
    }

    private sealed class Leg(Target target)
    {
        private readonly List<double> _processor = [];
        private double _lastRate;

        public List<double> Rates { get; } = [];

        /// <summary>Microseconds; steadier than the rates when others use the machine.</summary>
        public double Processor => Report.Percentile(_processor, 0.5);

        public static async Task<Leg> WarmUpAsync(Target target)
        {
            var leg = new Leg(target);
            for (var i = 0; i < 2; i++)
            {
                leg._lastRate = (await LoadClient.RunAsync(target, SignedRequests.Sign(target, WarmUpRequests), WarmUp)).Rate;
            }

            return leg;
        }

        // Signs for a good deal more than the last leg used, so that the time ends it and not the supply.
        public async Task RunAsync(TimeSpan length)
        {
            var requests = SignedRequests.Sign(target, (int)(1.5 * _lastRate * length.TotalSeconds) + WarmUpRequests);
            GC.Collect();
            var load = await LoadClient.RunAsync(target, requests, length);
            _lastRate = load.Rate;
            Rates.Add(load.Rate);
            _processor.Add(load.Processor);
        }
    }
}
