using Cluster.Chaos;
using Cluster.Chaos.History;
using Cluster.Core.Events;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Logs;

namespace Cluster.Next.Chaos.History;

/// <summary>A node's process has ended.</summary>
internal sealed record Death(string Node, TimeSpan At);

/// <summary>
/// Holds the logs themselves against the fence, and what sessions read against the logs. Every record says its claim, so it can be seen from the
/// table alone whether anybody wrote who was not the grain any more.
/// </summary>
internal static class LogChecker
{
    // A statement that was on its way when its process ended may still be carried out.
    private static readonly TimeSpan Landing = TimeSpan.FromSeconds(2);

    public static void Check(IReadOnlyList<LogRow> rows, IReadOnlyList<Death> deaths, RunHistory history, Findings findings)
    {
        foreach (var log in rows.GroupBy(row => row.Grain))
        {
            CheckLog(log.Key, [.. log.Select(row => row.Record)], deaths, findings);
        }

        var sessions = rows.Where(row => row.Grain.StartsWith("session/", StringComparison.Ordinal)).GroupBy(row => LogTable.NameOf(row.Grain))
            .ToDictionary(log => log.Key, log => Sent([.. log.Select(row => row.Record)]));
        var known = history.Entries.Select(entry => (entry.Session, entry.EventId)).ToHashSet();
        foreach (var arrival in history.Arrivals.Where(arrival => !known.Contains((arrival.Session, arrival.EventId))))
        {
            findings.Add(Violation.Unrecorded, $"{arrival.Session} read event {arrival.EventId} at {arrival.At:mm\\:ss\\.fff}; its log has no such event");
        }

        foreach (var reads in history.Batches.GroupBy(batch => batch.Session))
        {
            CheckReads(reads.Key, [.. reads], sessions.GetValueOrDefault(reads.Key) ?? [], findings);
        }
    }

    private static void CheckLog(string grain, List<LogRecord> records, IReadOnlyList<Death> deaths, Findings findings)
    {
        var (last, claim, end) = (0L, (LogRecord?)null, (TimeSpan?)null);
        foreach (var record in records)
        {
            if (record.Position != last + 1)
            {
                findings.Add(Violation.Gap, $"{grain} has no record {last + 1}; the next is {record.Position}");
            }

            last = record.Position;
            if (record.Kind == LogKinds.Claim && record.Claim == record.Position)
            {
                claim = record;
                end = EndOf(NodeOf(record), TimeOf(record), deaths);
            }
            else if (record.Claim != claim?.Position)
            {
                findings.Add(
                    Violation.OldClaim,
                    $"{grain} has record {record.Position} ({record.Kind}) under claim {record.Claim}; the latest before it is {claim?.Position.ToString() ?? "none"}");
            }
            else if (TimeOf(record) > end + Landing)
            {
                findings.Add(
                    Violation.DeadClaim,
                    $"{grain} has record {record.Position} ({record.Kind}) of {TimeOf(record):mm\\:ss\\.fff} under claim {record.Claim} of {NodeOf(claim!)}, which had ended at {end:mm\\:ss\\.fff}");
                end = null; // once for each claim
            }
        }
    }

    private static TimeSpan TimeOf(LogRecord record) => RunClock.Of(record.At.ToUnixTimeMilliseconds());

    private static string NodeOf(LogRecord claim) => ((Claimed)SessionRecords.Kinds.Decode(claim)!).Node;

    // The process that claimed at a moment ended at the first death of its node after that.
    private static TimeSpan? EndOf(string node, TimeSpan claimed, IReadOnlyList<Death> deaths) =>
        deaths.Where(death => death.Node == node && death.At > claimed).Min(death => (TimeSpan?)death.At);

    /// <summary>Every batch that a log says was sent, with the claim under which.</summary>
    private static Dictionary<BatchId, (long Claim, IReadOnlyList<long> Events)> Sent(List<LogRecord> records)
    {
        var sent = new Dictionary<BatchId, (long, IReadOnlyList<long>)>();
        foreach (var record in records)
        {
            switch (SessionRecords.Kinds.Decode(record))
            {
                case EventAccepted { Batch: { } batch }:
                    sent[batch] = (record.Claim, [record.Position]);
                    break;
                case BatchSent one:
                    sent[one.Batch] = (record.Claim, one.Events);
                    break;
                case BatchConfirmed { Next: { } next }:
                    sent[next.Batch] = (record.Claim, next.Events);
                    break;
            }
        }

        return sent;
    }

    private static void CheckReads(
        string session, List<BatchRead> reads, Dictionary<BatchId, (long Claim, IReadOnlyList<long> Events)> sent, Findings findings)
    {
        var (highest, claim) = (0L, 0L);
        foreach (var read in reads)
        {
            if (read.Batch.Epoch < highest)
            {
                findings.Add(Violation.OldEpoch, $"{session} read batch {read.Batch} at {read.At:mm\\:ss\\.fff}, after one of epoch {highest}");
            }

            highest = Math.Max(highest, read.Batch.Epoch);
            if (!sent.TryGetValue(read.Batch, out var told) || read.Events.Except(told.Events).Any())
            {
                findings.Add(Violation.Unrecorded, $"{session} read batch {read.Batch} with events {string.Join(", ", read.Events)} at {read.At:mm\\:ss\\.fff}; its log has no such batch");
                continue;
            }

            if (told.Claim < claim)
            {
                findings.Add(Violation.OldPush, $"{session} read batch {read.Batch} of claim {told.Claim} at {read.At:mm\\:ss\\.fff}, after one of claim {claim}");
            }

            claim = Math.Max(claim, told.Claim);
        }
    }
}
