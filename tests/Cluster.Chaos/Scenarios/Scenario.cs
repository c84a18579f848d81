using Cluster.Chaos.History;
using Cluster.Chaos.Load;
using Cluster.Chaos.Nodes;

namespace Cluster.Chaos.Scenarios;

/// <summary>One way to make life hard for a cluster under load, and what must hold nevertheless.</summary>
internal abstract class Scenario
{
    // A batch whose confirmation was lost is cut off and repeated after half a minute.
    private static readonly TimeSpan SettlesWithin = TimeSpan.FromSeconds(60);

    public abstract string Id { get; }

    public abstract string Title { get; }

    /// <summary>Events a second.</summary>
    protected virtual double Rate => 100;

    /// <summary>The share of deliveries that may be repeats.</summary>
    protected virtual double Repeats => 0.1;

    public async Task<Verdict> RunAsync(
        ChaosPostgres postgres, ChaosCluster cluster, bool @long, Random random, Evidence evidence, CancellationToken ct)
    {
        var verdict = new Verdict();
        var mark = await cluster.MarkAsync(ct);
        await using var load = new LoadGenerator(cluster.Sender, cluster.Targets, Rate) { Choose = n => Choose(n, cluster.Targets.Count) };
        load.Start();
        var stage = new Stage { Postgres = postgres, Cluster = cluster, Verdict = verdict, Random = random, Long = @long };
        var conclude = await PlayAsync(stage, ct);
        await load.StopAsync();
        await cluster.SettleAsync(load, SettlesWithin, ct);
        var history = (await cluster.HistoryAsync(ct)).Since(mark);
        conclude(history);
        var findings = Checker.Check(history);
        verdict.History(findings, Repeats);
        await CheckPartiesAsync(cluster, mark, verdict, ct);
        if (!verdict.Kept)
        {
            verdict.Note($"evidence in {evidence.Keep(Id, cluster, history, findings)}");
        }

        return verdict;
    }

    /// <summary>Does it.</summary>
    /// <returns>Reads the scenario's own figures out of the history, once that is complete.</returns>
    protected abstract Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct);

    /// <summary>Which target gets the nth submission.</summary>
    protected virtual int Choose(long n, int targets) => (int)(n % targets);

    private static async Task CheckPartiesAsync(ChaosCluster cluster, Mark mark, Verdict verdict, CancellationToken ct)
    {
        foreach (var node in cluster.Nodes.Where(n => !n.Runs))
        {
            verdict.Promise($"node {node.Name} has ended by itself", false);
        }

        foreach (var session in cluster.Sessions.Where(s => s.Trouble is not null))
        {
            verdict.Promise($"{session.Name}: {session.Trouble}", false);
        }

        verdict.Note($"{await cluster.Witness.HousekeptAsync(ct) - mark.Housekept:N0} rows of housekeeping watched");
    }
}
