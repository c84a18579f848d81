using Cluster.Chaos.Clients;
using Cluster.Chaos.Nodes;

namespace Cluster.Chaos.Scenarios;

internal sealed class R2FrozenHolder : Scenario
{
    private const double Frozen = 20; // seconds

    // Half of the HTTP clients give a silent stream up while the node is frozen, so that it thaws with streams of the past; the others
    // have Claude Code's own patience and stay.
    private static readonly TimeSpan Hasty = TimeSpan.FromSeconds(12);

    public override string Id => "R2";

    public override string Title => "SIGSTOP of the housekeeping holder, which also holds attachments, for 20 s";

    protected override async Task PlayAsync(Stage stage, CancellationToken ct)
    {
        var rounds = stage.Long ? 20 : 1;
        var hasty = stage.Cluster.Sessions.OfType<HttpSession>().Where((_, i) => i % 2 == 0).ToList();
        hasty.ForEach(s => s.Patience = Hasty);
        var (taken, back, attached) = (TimeSpan.Zero, TimeSpan.Zero, int.MaxValue);
        for (var i = 0; i < rounds; i++)
        {
            await Stage.PassAsync(5, ct);
            var round = await FreezeAsync(stage, ct);
            taken = Max(taken, round.Taken);
            back = Max(back, round.ConnectorsBack);
            attached = Math.Min(attached, round.Attached);
        }

        hasty.ForEach(s => s.Patience = HttpSession.UsualPatience);
        stage.Verdict.Note($"{rounds} freezes of {Frozen:0} s");
        stage.Verdict.Promise($"attachments on the frozen node {attached} (at least 1)", attached > 0);
        stage.Verdict.AtMost("lease taken after", taken, 15);
        stage.Verdict.AtMost("connectors back after", back, 15);
    }

    private static async Task<(TimeSpan Taken, TimeSpan ConnectorsBack, int Attached)> FreezeAsync(Stage stage, CancellationToken ct)
    {
        var cluster = stage.Cluster;
        var holder = await HolderAsync(cluster, ct);
        var attached = cluster.Sessions.Count(s => s.Node == holder);
        var holdings = await cluster.Witness.HoldingsAsync(HousekeepingLease, ct);
        var frozen = RunClock.Now;
        await holder.FreezeAsync();
        await Stage.PassAsync(Frozen, ct);
        var thawed = RunClock.Now;
        await holder.ThawAsync();
        var taken = (await cluster.Witness.HoldingsAsync(HousekeepingLease, ct)).Skip(holdings.Count).FirstOrDefault(h => h.Holder.Length > 0);
        await Stage.PassAsync(6, ct); // the thawed node finds out where it stands
        var pauses = Measures.Pauses(cluster.Log.Arrivals, frozen, thawed);
        var connectors = cluster.Sessions.OfType<ConnectorSession>().Max(s => pauses.GetValueOrDefault(s.Name, thawed - frozen));
        return (taken is null ? thawed - frozen : taken.At - frozen, connectors, attached);
    }

    private const string HousekeepingLease = "housekeeping";

    internal static async Task<ChaosNode> HolderAsync(ChaosCluster cluster, CancellationToken ct)
    {
        while (true)
        {
            if (await cluster.Witness.HolderAsync(HousekeepingLease, ct) is { } name)
            {
                return cluster.Nodes.Single(n => n.Name == name);
            }

            await Task.Delay(200, ct);
        }
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
