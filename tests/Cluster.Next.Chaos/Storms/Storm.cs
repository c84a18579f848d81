using Cluster.Chaos;
using Cluster.Chaos.History;
using Cluster.Chaos.Nodes;
using Cluster.Chaos.Scenarios;
using Cluster.Next.Chaos.Load;
using Cluster.Next.Chaos.Nodes;

namespace Cluster.Next.Chaos.Storms;

/// <summary>What a storm rages over.</summary>
internal sealed record Stage
{
    public required ChaosPostgres Postgres { get; init; }
    public required FireCluster Cluster { get; init; }
    public required Verdict Verdict { get; init; }
    public required bool Long { get; init; }

    /// <summary>Lets time pass while the talk goes on.</summary>
    public static Task PassAsync(double seconds, CancellationToken ct) => Task.Delay(TimeSpan.FromSeconds(seconds), ct);
}

/// <summary>One way to make life hard for a cluster under load, and what must hold nevertheless.</summary>
internal abstract class Storm
{
    /// <summary>Messages a second.</summary>
    public const double Rate = 200;

    private static readonly TimeSpan SettlesWithin = TimeSpan.FromSeconds(60);

    public abstract string Id { get; }

    public abstract string Title { get; }

    /// <summary>True when it has no place in three minutes.</summary>
    public virtual bool LongOnly => false;

    public async Task<Verdict> RunAsync(ChaosPostgres postgres, FireCluster cluster, bool @long, CancellationToken ct)
    {
        var verdict = new Verdict();
        await cluster.HealAsync(ct);
        var mark = new Mark(RunClock.Now, Talk.NextNumber(), 0, 0);
        await using var talk = new Talk(cluster.Sender, cluster.Owner, [.. cluster.Sessions.Select(session => session.Name)], cluster.Talkers, Rate);
        talk.Start();
        var conclude = await PlayAsync(new Stage { Postgres = postgres, Cluster = cluster, Verdict = verdict, Long = @long }, ct);
        await talk.StopAsync();
        await cluster.SettleAsync(talk, SettlesWithin, ct);
        var (history, findings) = await cluster.CheckAsync(ct);
        var since = history.Since(mark);
        conclude(since);
        verdict.Note($"slowest message taken after {Slowest(since).TotalSeconds:0.0} s");
        verdict.History(findings, 0.2);
        foreach (var violation in findings.Violations)
        {
            verdict.Note($"such as: {findings.Of(violation)[0]}");
        }

        foreach (var session in cluster.Sessions.Where(session => session.Trouble is not null))
        {
            verdict.Promise($"{session.Name}: {session.Trouble}", false);
        }

        return verdict;
    }

    /// <summary>Does it.</summary>
    /// <returns>Reads the storm's own figures out of the history, once that is complete.</returns>
    protected abstract Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct);

    /// <summary>From a moment until each of these sessions has first read something that was said after it; the slowest of them.</summary>
    protected static TimeSpan Served(RunHistory history, IEnumerable<string> sessions, TimeSpan since)
    {
        var said = history.Tries.GroupBy(one => one.Number).ToDictionary(tries => tries.Key, tries => tries.Min(one => one.SubmittedAt));
        var first = history.Arrivals.Where(arrival => arrival.Number is { } number && said.TryGetValue(number, out var at) && at >= since)
            .GroupBy(arrival => arrival.Session).ToDictionary(arrivals => arrivals.Key, arrivals => arrivals.Min(arrival => arrival.At) - since);
        return sessions.Select(session => first.GetValueOrDefault(session, TimeSpan.MaxValue)).DefaultIfEmpty(TimeSpan.Zero).Max();
    }

    private static TimeSpan Slowest(RunHistory history) => history.Tries.GroupBy(one => one.Number)
        .Where(tries => tries.Any(one => one.Accepted))
        .Select(tries => tries.Where(one => one.Accepted).Min(one => one.AnsweredAt) - tries.Min(one => one.SubmittedAt))
        .DefaultIfEmpty().Max();
}
