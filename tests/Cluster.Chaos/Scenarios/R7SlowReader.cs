using Cluster.Chaos.Clients;
using Cluster.Chaos.History;

namespace Cluster.Chaos.Scenarios;

internal sealed class R7SlowReader : Scenario
{
    private const long MostGrowth = 50 * 1024 * 1024; // bytes

    // Below these, twice as much is noise: what the product promises of its latency anyway, and in the short form what two busy
    // processors do to a few hundred events.
    private static readonly TimeSpan Promised = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan ShortNoise = TimeSpan.FromMilliseconds(100);

    public override string Id => "R7";

    public override string Title => "one session stops reading at 20 events/s to it";

    // Every fifth goes to the first session; the others share the rest.
    protected override int Choose(long n, int targets) => n % 5 == 0 ? 0 : 1 + (int)((n - (n / 5) - 1) % (targets - 1));

    protected override async Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct)
    {
        var seconds = stage.Long ? 600 : 20;
        await Stage.PassAsync(3, ct);
        var calm = RunClock.Now;
        await Stage.PassAsync(stage.Long ? 60 : 8, ct);
        var stalled = RunClock.Now;
        var slow = (HttpSession)stage.Cluster.Sessions[0];
        slow.Stall();
        var growth = await GrowthAsync(stage, seconds, ct);
        var ended = RunClock.Now;
        slow.Resume();
        return history =>
        {
            var before = Latencies(history, slow.Name, calm, stalled);
            var during = Latencies(history, slow.Name, stalled, ended);
            var (calmP99, slowP99) = (P99(before.Values.SelectMany(v => v)), P99(during.Values.SelectMany(v => v)));
            var most = Math.Max(2 * calmP99, (stage.Long ? Promised : ShortNoise).TotalMilliseconds);
            stage.Verdict.Note($"stalled {seconds} s");
            stage.Verdict.Promise($"memory of a node grew by {growth / 1048576.0:0.0} MB (at most 50 MB)", growth <= MostGrowth);
            stage.Verdict.Promise($"others' p99 {calmP99:0.0} ms before, {slowP99:0.0} ms during (at most {most:0.0} ms)", slowP99 <= most);
            stage.Verdict.Note($"worst session's p99 {before.Values.Max(P99):0.0} ms before, {during.Values.Max(P99):0.0} ms during");
        };
    }

    private static double P99(IEnumerable<TimeSpan> latencies) => Measures.Percentile(latencies, 0.99).TotalMilliseconds;

    /// <returns>The most by which one node's resident memory rose above where it began, in bytes.</returns>
    private static async Task<long> GrowthAsync(Stage stage, int seconds, CancellationToken ct)
    {
        var start = stage.Cluster.Nodes.Select(n => n.Resident()).ToList();
        var most = 0L;
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        for (var i = 0; i < seconds; i++)
        {
            await timer.WaitForNextTickAsync(ct);
            most = Math.Max(most, stage.Cluster.Nodes.Select((n, k) => n.Resident() - start[k]).Max());
        }

        return most;
    }

    // From submission to receipt, by session; the slow one left out.
    private static Dictionary<string, List<TimeSpan>> Latencies(RunHistory history, string slow, TimeSpan from, TimeSpan to)
    {
        var submitted = history.Tries.Where(t => t.SubmittedAt >= from && t.SubmittedAt < to)
            .GroupBy(t => t.Number).ToDictionary(g => g.Key, g => g.Min(t => t.SubmittedAt));
        return history.Arrivals
            .Where(a => a.Session != slow && !a.Redelivery && a.Number is { } n && submitted.ContainsKey(n))
            .GroupBy(a => a.Session)
            .ToDictionary(g => g.Key, g => g.Select(a => a.At - submitted[a.Number!.Value]).ToList());
    }
}
