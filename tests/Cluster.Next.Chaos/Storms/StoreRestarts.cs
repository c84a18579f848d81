using Cluster.Chaos;
using Cluster.Chaos.History;
using Cluster.Chaos.Nodes;
using Cluster.Chaos.Scenarios;

namespace Cluster.Next.Chaos.Storms;

/// <summary>The log's server falls and comes back while the node that holds the sessions is killed, or stands still.</summary>
internal sealed class StoreRestarts(bool freezes) : Storm
{
    private const double Away = 3; // seconds

    public override string Id => freezes ? "store-freeze" : "store-kill";

    public override bool LongOnly => freezes;

    public override string Title =>
        $"PostgreSQL stopped with -m immediate and started again, the node that holds most sessions {(freezes ? "frozen for 20 s" : "killed")} meanwhile";

    protected override async Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct)
    {
        var falls = new List<TimeSpan>();
        for (var i = 0; i < (stage.Long ? 10 : 1); i++)
        {
            await Stage.PassAsync(2, ct);
            var holder = await stage.Cluster.HolderAsync(ct);
            var end = RunClock.Now + TimeSpan.FromSeconds(20);
            if (freezes)
            {
                await holder.FreezeAsync(); // with its statements under way
            }

            await stage.Postgres.StopImmediatelyAsync(ct);
            if (!freezes)
            {
                await stage.Cluster.KillAsync(holder);
            }

            await Stage.PassAsync(Away, ct);
            await stage.Postgres.StartAgainAsync(ct);
            falls.Add(RunClock.Now);
            await (freezes ? ThawAsync(stage, holder, end, ct) : Stage.PassAsync(8, ct));
            await stage.Cluster.HealAsync(ct);
        }

        return history =>
        {
            List<string> all = [.. stage.Cluster.Sessions.Select(session => session.Name)];
            stage.Verdict.Note($"{falls.Count} times, away for {Away:0} s");
            stage.Verdict.Note($"first message taken after the store's return {falls.Max(fall => Measures.FirstSuccess(history.Tries, fall)).TotalSeconds:0.0} s");
            stage.Verdict.Note($"every session served {falls.Max(fall => Served(history, all, fall)).TotalSeconds:0.0} s after it");
            stage.Verdict.Note($"refusals: {Measures.Refusals(history.Tries)}");
        };
    }

    private static async Task ThawAsync(Stage stage, ChaosNode node, TimeSpan at, CancellationToken ct)
    {
        if (at > RunClock.Now)
        {
            await Task.Delay(at - RunClock.Now, ct);
        }

        // While the store is away nobody can be declared dead, so it may be taken back, or learn of its end later.
        await node.ThawAsync();
        var thawed = RunClock.Now;
        while (node.Runs && RunClock.Now - thawed < TimeSpan.FromSeconds(15))
        {
            await Task.Delay(50, ct);
        }

        if (!node.Runs)
        {
            stage.Cluster.Died(node);
        }
    }
}
