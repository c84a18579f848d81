using System.Diagnostics;
using Cluster.Core.Events;
using Cluster.Storage.Mailboxes;

namespace Cluster.Benchmarks.Append;

/// <summary>64 callers through the appender against raw inserts of the same rows.</summary>
internal static class AppendBenchmark
{
    private const double Promised = 0.6;
    private const int Callers = 64;
    private const int RowsOfEach = 4; // an event, its delivery and two dedupe keys

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(Settings settings, Report report)
    {
        var packed = Sample.PackedCheckRun();
        var chat = Sample.ChatMessage();
        var whole = Sample.WholeCheckRun();
        foreach (var sample in new[] { packed, chat, whole })
        {
            Report.Title($"append: {sample.Name}; {Callers} callers against raw inserts of {RawInserts.Batch} events a transaction");
            var ratio = await CompareAsync(sample, settings, report);
            if (sample != whole)
            {
                report.Promise($"append {sample.Name.Split(',')[0]}", $"{ratio:P1} of raw rows/s", $"at least {Promised:P0}", ratio >= Promised);
            }
        }
    }

    private static async Task<double> CompareAsync(Sample sample, Settings settings, Report report)
    {
        await AppendAsync(sample, WarmUp);
        await InsertAsync(sample, WarmUp);

        var length = TimeSpan.FromSeconds(settings.Seconds);
        List<double> appended = [], inserted = [];
        for (var pair = 0; pair < settings.Pairs; pair++)
        {
            // Every other time backwards: what drifts, drifts for both.
            if (pair % 2 == 0)
            {
                inserted.Add(await InsertAsync(sample, length));
                appended.Add(await AppendAsync(sample, length));
            }
            else
            {
                appended.Add(await AppendAsync(sample, length));
                inserted.Add(await InsertAsync(sample, length));
            }

            Report.Line(
                $"pair {pair + 1}: raw {inserted[^1],7:N0} events/s ({RowsOfEach * inserted[^1],8:N0} rows/s)   "
                + $"append {appended[^1],7:N0} events/s ({RowsOfEach * appended[^1],8:N0} rows/s)");
        }

        var (ratio, text) = Report.Ratio(appended, inserted);
        Report.Line($"append over raw: {text}");
        return ratio;
    }

    private static async Task<double> AppendAsync(Sample sample, TimeSpan length)
    {
        await using var scratch = await ScratchEngine.OpenAsync();
        GC.Collect();
        var store = scratch.Engine.Appends(new MailboxLimits { Waiting = int.MaxValue });
        var start = Stopwatch.GetTimestamp();
        int[] counts;
        await using (var appender = new Appender(store))
        {
            counts = await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
            {
                var accepted = 0;
                while (Stopwatch.GetElapsedTime(start) < length)
                {
                    var outcome = await appender.AppendAsync(sample.Next(scratch.Access.Version), CancellationToken.None);
                    accepted += outcome is AppendOutcome.Accepted ? 1 : throw new InvalidOperationException($"An append ended as {outcome}.");
                }

                return accepted;
            })));
        }

        var rate = counts.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds;
        await CheckAsync(scratch, counts.Sum());
        return rate;
    }

    private static async Task<double> InsertAsync(Sample sample, TimeSpan length)
    {
        await using var scratch = await ScratchEngine.OpenAsync();
        GC.Collect();
        using var inserts = new RawInserts(scratch.File, sample.Next(scratch.Access.Version));
        var count = 0;
        var batch = new Submission[RawInserts.Batch];
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < length)
        {
            for (var i = 0; i < batch.Length; i++)
            {
                batch[i] = sample.Next(scratch.Access.Version);
            }

            inserts.Insert(batch);
            count += batch.Length;
        }

        var rate = count / Stopwatch.GetElapsedTime(start).TotalSeconds;
        await CheckAsync(scratch, count);
        return rate;
    }

    // Both must have done what they claim: every row is there.
    private static async Task CheckAsync(ScratchEngine scratch, long events)
    {
        foreach (var (table, rows) in new[] { ("event", events), ("delivery", events), ("dedupe", 2 * events) })
        {
            if (await scratch.CountAsync(table) is var found && found != rows)
            {
                throw new InvalidOperationException($"Table {table} holds {found} rows where {rows} were committed.");
            }
        }
    }
}
