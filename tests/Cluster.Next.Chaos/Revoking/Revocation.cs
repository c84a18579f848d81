using Cluster.Chaos;
using Cluster.Chaos.History;
using Cluster.Chaos.Nodes;
using Cluster.Chaos.Scenarios;
using Cluster.Next.Chaos.Faults;
using Cluster.Next.Chaos.History;
using Cluster.Next.Chaos.Nodes;
using Stage = Cluster.Next.Chaos.Storms.Stage;

namespace Cluster.Next.Chaos.Revoking;

/// <summary>
/// Somebody is revoked while talking at full rate over two nodes: by the allowlist, then with the sessions' node frozen for a moment, then by
/// standing with that node frozen until it is taken for dead. Nothing of the revoked may be done once a revocation is answered.
/// </summary>
internal sealed class Revocation(ChaosPostgres postgres, Report report)
{
    private const string Revoked = "console:bob";
    private const int Door = 2; // the node whose API the owner uses; it and the second take the talk, the first holds the sessions

    private static readonly TimeSpan OnTheWire = TimeSpan.FromSeconds(0.5);

    public async Task RunAsync(CancellationToken ct)
    {
        var start = RunClock.Now;
        var verdict = new Verdict();
        try
        {
            var plan = new FirePlan { Sessions = 20, Fault = i => i == Door ? FaultyNode.Door : null };
            await using var cluster = await FireCluster.StartAsync(postgres, plan, ct);
            await PlayAsync(cluster, verdict, ct);
            report.Verdict("revoke", verdict.Kept, verdict.Kept ? "kept" : "BROKEN", $"{verdict.Figures} [{(RunClock.Now - start).TotalSeconds:0} s]");
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            report.Verdict("revoke", false, "FAILED", Failure.Said(e));
        }
    }

    private static async Task PlayAsync(FireCluster cluster, Verdict verdict, CancellationToken ct)
    {
        using var owner = cluster.Api(Door, cluster.Talkers[0]);
        var answered = new Dictionary<string, TimeSpan>();
        await using (var flood = new Flood(cluster, [.. cluster.Nodes.Skip(1)], cluster.Talkers[1]))
        {
            await Stage.PassAsync(4, ct); // what a node does for the first time takes it long
            flood.Rate = Storms.Storm.Rate;
            await Stage.PassAsync(1, ct);
            var before = flood.Accepted;
            await Stage.PassAsync(2, ct);
            verdict.Note($"{(flood.Accepted - before) / 2} messages/s taken from the identity over two nodes");
            await Task.WhenAll(cluster.Sessions.Take(4).Select(session => RevokeAsync(session.Name)));
            await Stage.PassAsync(2, ct);

            var holder = await cluster.HolderAsync(ct);
            var holders = await cluster.Table.HoldersAsync(ct);
            var held = cluster.Sessions.Skip(4).First(session => holders[session.Name] == holder.Name).Name;
            await holder.FreezeAsync();
            var revoking = RevokeAsync(held);
            await Stage.PassAsync(2, ct);
            verdict.Promise($"answered while the session's node was frozen: {(revoking.IsCompleted ? "yes" : "no")}", !revoking.IsCompleted);
            var thawed = RunClock.Now;
            await holder.ThawAsync();
            await revoking;
            verdict.Note($"{(answered[held] - thawed).TotalSeconds:0.0} s after the thaw");
            await Stage.PassAsync(2, ct);
            await RaiseAsync(cluster, owner, verdict, ct);
            verdict.Note($"answers to the revoked: {flood.Answers}");
        }

        await cluster.SettleAsync(null, TimeSpan.FromSeconds(10), ct);
        await JudgeAsync(cluster, verdict, answered, ct);

        async Task RevokeAsync(string session)
        {
            using var answer = await owner.DeleteAsync($"/api/sessions/me/{session}/access/{Revoked}/talk", ct);
            answer.EnsureSuccessStatusCode();
            lock (answered)
            {
                answered[session] = RunClock.Now;
            }

            if (!RevocationChecker.IsRevoked(await cluster.Table.ReadAsync(ct), Revoked, session))
            {
                verdict.Promise($"{session} was answered before it was recorded", false);
            }
        }
    }

    // The answer must wait for the sessions of the frozen node, until others have taken them over.
    private static async Task RaiseAsync(FireCluster cluster, HttpClient owner, Verdict verdict, CancellationToken ct)
    {
        var holder = await cluster.HolderAsync(ct);
        var frozen = RunClock.Now;
        await holder.FreezeAsync();
        using var answer = await owner.PostAsync($"{FaultyNode.RaisePath}{Revoked}", null, ct);
        answer.EnsureSuccessStatusCode();
        var took = RunClock.Now - frozen;
        var rows = await cluster.Table.ReadAsync(ct);
        var (heard, reached) = (RevocationChecker.Heard(rows, Revoked, 1), RevocationChecker.Reached(rows, Revoked));
        verdict.Promise($"standing raised with {holder.Name} frozen: answered after {took.TotalSeconds:0.0} s, recorded by {heard} of {reached} sessions", heard >= reached);
        await Stage.PassAsync(3, ct);
        await holder.ThawAsync();
        await Stage.PassAsync(3, ct);
    }

    private static async Task JudgeAsync(FireCluster cluster, Verdict verdict, Dictionary<string, TimeSpan> answered, CancellationToken ct)
    {
        await Stage.PassAsync(3, ct);
        var seen = cluster.Log.Take([], []);
        var rows = await cluster.Table.ReadAsync(ct);
        var faults = RevocationChecker.Check(rows, Revoked);
        verdict.Promise($"events of the revoked that entered or were sent behind a revocation {faults.Count}{(faults.Count > 0 ? $", such as: {faults[0]}" : "")}", faults.Count == 0);
        var late = seen.Arrivals.Where(arrival => answered.TryGetValue(arrival.Session, out var at) && arrival.At > at).Select(arrival => arrival.At - answered[arrival.Session]).ToList();
        verdict.Promise(
            $"read by clients after the answer {late.Count}{(late.Count > 0 ? $", the last {late.Max().TotalMilliseconds:0} ms after it" : "")} (at most {OnTheWire.TotalMilliseconds:0} ms: what was on the wire)",
            late.TrueForAll(after => after <= OnTheWire));
        var findings = new Findings();
        LogChecker.Check(rows, [], seen with { Entries = LogTable.Entries(rows) }, findings);
        verdict.Promise($"logs {(findings.Clean ? "clean" : findings.Of(findings.Violations.First())[0])}", findings.Clean);
    }
}
