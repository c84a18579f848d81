using Cluster.Chaos;
using Cluster.Chaos.Clients;
using Cluster.Chaos.History;
using Cluster.Chaos.Nodes;
using Cluster.Chaos.Scenarios;

namespace Cluster.Next.Chaos.Storms;

/// <summary>A node stands still and comes back as one of the past. Half of the clients hear soon that their stream is silent, as the connector does;
/// the others have Claude Code's own patience, so the node thaws with streams of the past.</summary>
internal sealed class FrozenHolder : Storm
{
    private const int KeepAlive = 2; // seconds

    private static readonly TimeSpan Frozen = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Hasty = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(8);

    public override string Id => "freeze";

    public override string Title => "SIGSTOP for 20 s and SIGCONT of the node that holds most sessions";

    protected override async Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct)
    {
        foreach (var session in stage.Cluster.Sessions.Where((_, i) => i % 2 == 0))
        {
            (session.Patience, session.KeepAlive) = (Hasty, KeepAlive);
        }

        var freezes = new List<Freeze>();
        for (var i = 0; i < (stage.Long ? 10 : 1); i++)
        {
            await Stage.PassAsync(2, ct);
            freezes.Add(await FreezeAsync(stage, ct));
            await Stage.PassAsync(2, ct);
            await stage.Cluster.HealAsync(ct);
        }

        return history =>
        {
            stage.Verdict.Note($"{freezes.Count} freezes");
            stage.Verdict.Promise($"sessions held {freezes.Min(freeze => freeze.Held)} (at least 1)", freezes.TrueForAll(freeze => freeze.Held > 0));
            stage.Verdict.AtMost("every session that heard of it served elsewhere after", freezes.Max(freeze => Served(history, freeze.Elsewhere, freeze.At)), 10);
            stage.Verdict.AtMost("the thawed node ended itself after", freezes.Max(freeze => freeze.Ended), EndsWithin.TotalSeconds);
            stage.Verdict.AtMost("clients with Claude Code's patience served after the thaw", freezes.Max(freeze => Served(history, freeze.Patient, freeze.At + Frozen)), 8);
            stage.Verdict.Note($"refusals: {Measures.Refusals(history.Tries)}");
        };
    }

    private static async Task<Freeze> FreezeAsync(Stage stage, CancellationToken ct)
    {
        var holder = await stage.Cluster.HolderAsync(ct);
        var held = (await stage.Cluster.Table.HoldersAsync(ct)).Values.Count(node => node == holder.Name);
        bool StaysOn(HttpSession session) => session.Node == holder && session.KeepAlive is null;
        List<string> patient = [.. stage.Cluster.Sessions.Where(StaysOn).Select(session => session.Name)];
        List<string> elsewhere = [.. stage.Cluster.Sessions.Where(session => !StaysOn(session)).Select(session => session.Name)];
        var at = RunClock.Now;
        await holder.FreezeAsync();
        await Task.Delay(Frozen, ct);
        await holder.ThawAsync();
        return new Freeze(at, held, elsewhere, patient, await EndAsync(stage, holder, ct));
    }

    // Taken for dead long ago, it must end: with what it still believes nothing may happen.
    private static async Task<TimeSpan> EndAsync(Stage stage, ChaosNode node, CancellationToken ct)
    {
        var thawed = RunClock.Now;
        while (node.Runs)
        {
            if (RunClock.Now - thawed > EndsWithin)
            {
                await stage.Cluster.KillAsync(node);
                return TimeSpan.MaxValue;
            }

            await Task.Delay(20, ct);
        }

        stage.Cluster.Died(node);
        return RunClock.Now - thawed;
    }

    /// <param name="At">When it began.</param>
    /// <param name="Held">Sessions whose grains the node held.</param>
    /// <param name="Elsewhere">Sessions whose clients listen at other nodes or notice silence.</param>
    /// <param name="Patient">Sessions whose clients listen at the node and wait.</param>
    /// <param name="Ended">How long after the thaw the node had ended.</param>
    private sealed record Freeze(TimeSpan At, int Held, IReadOnlyList<string> Elsewhere, IReadOnlyList<string> Patient, TimeSpan Ended);
}
