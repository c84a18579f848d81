using Cluster.Chaos;
using Cluster.Chaos.History;
using Cluster.Chaos.Scenarios;

namespace Cluster.Next.Chaos.Storms;

internal sealed class KilledHolder : Storm
{
    public override string Id => "kill";

    public override string Title => "kill -9 of the node that holds most sessions";

    protected override async Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct)
    {
        var falls = new List<(TimeSpan At, int Held)>();
        for (var i = 0; i < (stage.Long ? 20 : 1); i++)
        {
            await Stage.PassAsync(2, ct);
            var holder = await stage.Cluster.HolderAsync(ct);
            var held = (await stage.Cluster.Table.HoldersAsync(ct)).Values.Count(node => node == holder.Name);
            falls.Add((RunClock.Now, held));
            await stage.Cluster.KillAsync(holder);
            await Stage.PassAsync(8, ct);
            await stage.Cluster.HealAsync(ct);
        }

        return history =>
        {
            List<string> all = [.. stage.Cluster.Sessions.Select(session => session.Name)];
            stage.Verdict.Note($"{falls.Count} kills");
            stage.Verdict.Promise($"sessions held {falls.Min(fall => fall.Held)} (at least 1)", falls.TrueForAll(fall => fall.Held > 0));
            stage.Verdict.AtMost("every session served elsewhere after", falls.Max(fall => Served(history, all, fall.At)), 8);
            stage.Verdict.Note($"refusals: {Measures.Refusals(history.Tries)}");
        };
    }
}
