using System.Globalization;
using Cluster.Chaos.History;
using Cluster.Chaos.Nodes;

namespace Cluster.Chaos.Scenarios;

/// <summary>Keeps the logs of a scenario that broke a promise.</summary>
internal sealed class Evidence(string folder)
{
    /// <returns>Where it is.</returns>
    public string Keep(string scenario, ChaosCluster cluster, RunHistory history, Findings findings)
    {
        var mine = Directory.CreateDirectory(Path.Combine(folder, scenario)).FullName;
        File.WriteAllLines(
            Path.Combine(mine, "violations.txt"), findings.Violations.SelectMany(v => findings.Of(v).Select(detail => $"{v}: {detail}")));
        File.WriteAllLines(
            Path.Combine(mine, "submissions.csv"),
            history.Tries.Select(t => $"{t.Number},{At(t.SubmittedAt)},{At(t.AnsweredAt)},{t.Status},{t.EventId}").Prepend("number,submitted_at,answered_at,status,event_id"));
        File.WriteAllLines(
            Path.Combine(mine, "arrivals.csv"),
            history.Arrivals.Select((a, order) => $"{a.Session},{a.EventId},{a.Number},{order},{a.Redelivery},{At(a.At)}").Prepend("session,event_id,number,order,redelivery,at"));
        foreach (var node in cluster.Nodes)
        {
            File.Copy(node.LogFile, Path.Combine(mine, Path.GetFileName(node.LogFile)), overwrite: true);
        }

        return mine;
    }

    private static string At(TimeSpan at) => at.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);
}
