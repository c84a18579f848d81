using Cluster.Chaos;
using Cluster.Chaos.History;
using Cluster.Chaos.Scenarios;

namespace Cluster.Next.Chaos.Storms;

internal sealed class ColdStart : Storm
{
    public override string Id => "cold";

    public override string Title => "all nodes killed, one started";

    public override bool LongOnly => true;

    protected override async Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct)
    {
        var starts = new List<TimeSpan>();
        for (var i = 0; i < (stage.Long ? 5 : 1); i++)
        {
            await Stage.PassAsync(1, ct);
            await Task.WhenAll(stage.Cluster.Nodes.Select(stage.Cluster.KillAsync));
            starts.Add(RunClock.Now);
            stage.Cluster.Nodes[i % stage.Cluster.Nodes.Count].Launch();
            await ServedAsync(stage, starts[^1], ct);
            await stage.Cluster.HealAsync(ct);
        }

        return history =>
        {
            List<string> all = [.. stage.Cluster.Sessions.Select(session => session.Name)];
            stage.Verdict.Note($"{starts.Count} starts");
            stage.Verdict.AtMost("first message taken after", starts.Max(start => Measures.FirstSuccess(history.Tries, start)), 20);
            stage.Verdict.Note($"every session served after {starts.Max(start => Served(history, all, start)).TotalSeconds:0.0} s");
        };
    }

    // Claude Code gives a stream up for good after half a minute, so the others are not started before the first one serves.
    private static async Task ServedAsync(Stage stage, TimeSpan since, CancellationToken ct)
    {
        while (!stage.Cluster.Log.Tries.Any(one => one.Accepted && one.AnsweredAt > since) && RunClock.Now - since < TimeSpan.FromSeconds(40))
        {
            await Task.Delay(250, ct);
        }

        await Stage.PassAsync(3, ct);
    }
}
