using Cluster.Chaos.Clients;
using Cluster.Chaos.History;
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

    protected override async Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct)
    {
        var rounds = stage.Long ? 20 : 1;
        var hasty = stage.Cluster.Sessions.OfType<HttpSession>().Where((_, i) => i % 2 == 0).ToList();
        hasty.ForEach(s => s.Patience = Hasty);
        var freezes = new List<Freeze>();
        for (var i = 0; i < rounds; i++)
        {
            await Stage.PassAsync(5, ct);
            freezes.Add(await FreezeAsync(stage.Cluster, ct));
            await Stage.PassAsync(6, ct); // the thawed node finds out where it stands
        }

        var housekept = await stage.Cluster.Witness.HousekeptAsync(ct);

        hasty.ForEach(s => s.Patience = HttpSession.UsualPatience);
        return history =>
        {
            stage.Verdict.Note($"frozen for {Frozen:0} s x {rounds}");
            stage.Verdict.Promise($"attachments on the frozen node {freezes.Min(f => f.Attached)} (at least 1)", freezes.TrueForAll(f => f.Attached > 0));
            stage.Verdict.Promise($"housekeeping to watch {housekept:N0} rows (at least 1)", housekept > 0);
            stage.Verdict.AtMost("lease taken after", freezes.Max(f => f.Taken), 15);
            stage.Verdict.AtMost("connectors back after", Back(history, freezes, stage.Cluster.Sessions.OfType<ConnectorSession>()), 15);
            stage.Verdict.Note($"HTTP clients after {Back(history, freezes, stage.Cluster.Sessions.OfType<HttpSession>()).TotalSeconds:0.0} s");
        };
    }

    // The longest that one of them read nothing, beginning in a freeze; however long after its end.
    private static TimeSpan Back(RunHistory history, List<Freeze> freezes, IEnumerable<ScriptedSession> sessions)
    {
        var named = sessions.Select(s => s.Name).ToHashSet();
        var end = history.Arrivals.Max(a => a.At);
        return freezes.Max(f => Measures.Pauses(history.Arrivals.Where(a => named.Contains(a.Session)), f.From, Until(f)).Values.Max());

        TimeSpan Until(Freeze f) => freezes.Where(other => other.From > f.From).Select(other => other.From).Append(end).Min();
    }

    private static async Task<Freeze> FreezeAsync(ChaosCluster cluster, CancellationToken ct)
    {
        var holder = await HolderAsync(cluster, ct);
        for (var i = 0; i < MostMoves && cluster.Sessions.All(s => s.Node != holder); i++)
        {
            await MoveSessionsAsync(cluster, holder, ct);
        }

        var attached = cluster.Sessions.Count(s => s.Node == holder);
        var holdings = await cluster.Witness.HoldingsAsync(HousekeepingLease, ct);
        var frozen = RunClock.Now;
        await holder.FreezeAsync();
        await Stage.PassAsync(Frozen, ct);
        await holder.ThawAsync();
        var taken = (await cluster.Witness.HoldingsAsync(HousekeepingLease, ct)).Skip(holdings.Count).FirstOrDefault(h => h.Holder.Length > 0);
        return new Freeze(frozen, taken is null ? TimeSpan.MaxValue : taken.At - frozen, attached);
    }

    // A node that was killed before and then took the lease has no session yet: those of the fullest other node look for another one.
    private static async Task MoveSessionsAsync(ChaosCluster cluster, ChaosNode holder, CancellationToken ct)
    {
        var fullest = cluster.Nodes.Where(n => n != holder).MaxBy(n => cluster.Sessions.Count(s => s.Node == n))!;
        await fullest.KillAsync();
        await Stage.PassAsync(5, ct);
        fullest.Launch();
        await fullest.ReadyAsync(ct);
    }

    private const int MostMoves = 4;
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

    /// <param name="From">When it began.</param>
    /// <param name="Taken">How long it took until another node had the lease.</param>
    /// <param name="Attached">Sessions that listened at the frozen node.</param>
    private sealed record Freeze(TimeSpan From, TimeSpan Taken, int Attached);
}
