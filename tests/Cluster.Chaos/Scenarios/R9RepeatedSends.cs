using Cluster.Chaos.History;
using Cluster.Chaos.Load;
using Cluster.Chaos.Nodes;

namespace Cluster.Chaos.Scenarios;

internal sealed class R9RepeatedSends : Scenario
{
    private const int Times = 10;
    private const int AtOnce = 12; // events, each with all its sends

    public override string Id => "R9";

    public override string Title => "each event sent ten times over three nodes at once, half of the repeats under a new delivery id";

    protected override double Rate => 0;

    protected override async Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct)
    {
        var events = stage.Long ? 10_000 : 1_000;
        var start = RunClock.Now;
        await Parallel.ForAsync(0, events, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct }, async (i, inner) =>
            await SendTimesAsync(stage.Cluster, stage.Cluster.Targets[i % stage.Cluster.Targets.Count], Times, inner));
        var took = RunClock.Now - start;
        return history =>
        {
            var once = history.Entries.GroupBy(e => e.Number).Count(g => g.Count() == 1);
            stage.Verdict.Note($"{events * Times:N0} sends in {took.TotalSeconds:0.0} s ({events * Times / took.TotalSeconds:N0}/s)");
            stage.Verdict.Promise($"entered exactly once {once:N0} of {events:N0}", once == events);
            stage.Verdict.Note($"answers: {Measures.Statuses(history.Tries)}");
        };
    }

    /// <summary>Sends one event so often at once, over all nodes, each until it is accepted.</summary>
    public static async Task SendTimesAsync(ChaosCluster cluster, Target target, int times, CancellationToken ct)
    {
        var submission = new Submission(LoadGenerator.NextNumber(), target.Session);
        var delivery = Guid.NewGuid().ToString();
        cluster.Log.Submitted(submission);
        await Task.WhenAll(Enumerable.Range(0, times).Select(async i =>
        {
            var make = target.Webhook(submission.Number, i % 2 == 0 ? delivery : Guid.NewGuid().ToString(), cluster.Sender.Http);
            var node = cluster.Nodes[i % cluster.Nodes.Count];
            while (!(await cluster.Sender.TryAsync(submission.Number, inner => cluster.Sender.Http.SendAsync(make(node.Url), inner), ct)).Accepted)
            {
                await Task.Delay(250, ct);
            }
        }));
    }
}
