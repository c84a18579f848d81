using Cluster.Chaos.History;

namespace Cluster.Chaos.Scenarios;

internal sealed class R1KilledNodes : Scenario
{
    public override string Id => "R1";

    public override string Title => "kill -9 of a random node every 20 s, started again after 5 s";

    protected override double Repeats => 0.01;

    protected override async Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct)
    {
        var kills = stage.Long ? 90 : 2;
        for (var i = 0; i < kills; i++)
        {
            await Stage.PassAsync(10, ct);
            var node = stage.Cluster.Nodes[stage.Random.Next(stage.Cluster.Nodes.Count)];
            await node.KillAsync();
            await Stage.PassAsync(5, ct);
            node.Launch();
            await Stage.PassAsync(5, ct);
        }

        await Task.WhenAll(stage.Cluster.Nodes.Select(n => n.ReadyAsync(ct)));
        return history =>
        {
            stage.Verdict.Note($"{kills} kills");
            stage.Verdict.Note($"refusals: {Measures.Refusals(history.Tries)}");
        };
    }
}
