using Cluster.Chaos.History;
using Cluster.Chaos.Scenarios;

namespace Cluster.Next.Chaos.Storms;

internal sealed class ShortFreezes : Storm
{
    public override string Id => "short";

    public override string Title => "a node frozen for 2 s, each in turn";

    protected override async Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct)
    {
        var times = stage.Long ? 20 : 2;
        var dead = new List<string>();
        await Stage.PassAsync(1, ct);
        for (var i = 0; i < times; i++)
        {
            var node = stage.Cluster.Nodes[i % stage.Cluster.Nodes.Count];
            await node.FreezeAsync();
            await Stage.PassAsync(2, ct);
            await node.ThawAsync();
            await Stage.PassAsync(2, ct);
            if (!node.Runs)
            {
                dead.Add(node.Name); // whoever was taken for dead ends
                stage.Cluster.Died(node);
                await stage.Cluster.HealAsync(ct);
            }
        }

        return history =>
        {
            stage.Verdict.Promise($"{times} freezes, taken for death {dead.Count}", dead.Count == 0);
            var (from, to) = (history.Tries.Min(one => one.AnsweredAt), history.Tries.Max(one => one.AnsweredAt));
            stage.Verdict.Note($"longest without a message taken {Measures.AcceptPause(history.Tries, from, to).TotalSeconds:0.0} s");
        };
    }
}
