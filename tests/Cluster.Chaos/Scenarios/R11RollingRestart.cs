using Cluster.Chaos.History;

namespace Cluster.Chaos.Scenarios;

internal sealed class R11RollingRestart : Scenario
{
    public override string Id => "R11";

    public override string Title => "rolling restart: each node asked to leave and started again, one after the other";

    protected override async Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct)
    {
        var rounds = stage.Long ? 5 : 1;
        await Stage.PassAsync(3, ct);
        var begun = RunClock.Now;
        var slowest = TimeSpan.Zero;
        for (var i = 0; i < rounds; i++)
        {
            foreach (var node in stage.Cluster.Nodes)
            {
                var asked = RunClock.Now;
                await node.StopAsync(ct);
                slowest = RunClock.Now - asked > slowest ? RunClock.Now - asked : slowest;
                node.Launch();
                await node.ReadyAsync(ct);
                await Stage.PassAsync(1, ct);
            }
        }

        await Stage.PassAsync(2, ct);
        var ended = RunClock.Now;
        return history =>
        {
            stage.Verdict.Note($"{rounds} round{(rounds > 1 ? "s" : "")}, a node leaves within {slowest.TotalSeconds:0.0} s");
            stage.Verdict.AtMost("gap in accepting", Measures.AcceptPause(history.Tries, begun, ended), 3);

            stage.Verdict.AtMost("longest gap of a session", Measures.Pauses(history.Arrivals, begun, ended).Values.Max(), 3);
            stage.Verdict.Note($"refusals: {Measures.Refusals(history.Tries)}");
        };
    }
}
