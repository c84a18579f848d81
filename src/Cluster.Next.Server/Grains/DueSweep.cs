using Cluster.Core.Logs;
using Cluster.Next.Grains.Logs;

namespace Cluster.Next.Server.Grains;

/// <summary>Wakes the grains that are due. Every node sweeps: whose node has died wakes elsewhere, and a second wake changes nothing.</summary>
internal sealed partial class DueSweep(IIndexStore index, GrainCalls calls, StoreClock store, TimeProvider clock, ILogger<DueSweep> logger) : BackgroundService
{
    private const int AtOnce = 100;
    private const int Tolerated = 3; // failures before a row is put off

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var due = await index.DueAsync(AtOnce, stoppingToken);
                await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = stoppingToken }, WakeAsync);
            }
            catch (StoreAwayException e)
            {
                LogStoreAway(e.Message); // the next round is the retry
            }
            catch (OperationCanceledException)
            {
                return;
            }

            // Never at the same moment on all nodes.
            await Task.Delay(Every * (0.5 + Random.Shared.NextDouble()), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async ValueTask WakeAsync(DueRow row, CancellationToken ct)
    {
        try
        {
            await calls.Grain<ILogGrain>(row.Grain).DueAsync(ct);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogUnwoken(row.Grain, row.Failures + 1, e.Message);
            var pause = row.Failures < Tolerated ? Every : Every * Math.Pow(2, Math.Min(row.Failures - Tolerated + 1, 9));
            await index.PutOffAsync(row, store.Now + (pause < LongestPause ? pause : LongestPause), ct);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The store is away; nothing is woken: {Reason}")]
    private partial void LogStoreAway(string reason);

    [LoggerMessage(LogLevel.Information, "{Log} could not be woken, for the {Failures}. time: {Reason}")]
    private partial void LogUnwoken(LogId log, int failures, string reason);
}
