using System.Data.Common;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;
using Cluster.Storage.Watches;

namespace Cluster.Server.Routes;

/// <summary>Looks after events whose routes say who is told and who comes next, and ends pauses. Every node does, so none waits for another's
/// death; what was done by one is not due any more for the others.</summary>
internal sealed partial class WatchLoop(WatchStore watches, PauseStore pauses, Wakeups wakeups, TimeProvider clock, ILogger<WatchLoop> logger)
    : BackgroundService
{
    private const int Most = 50; // at once

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var watcher = wakeups.Watch(WatchStore.Topic);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await pauses.EndDueAsync(stoppingToken);
                while (await LookAfterAsync(stoppingToken) == Most)
                {
                }
            }
            catch (DbException e)
            {
                LogFailed(e); // it is still due
            }

            await watcher.WaitAsync(Poll, clock, stoppingToken);
        }
    }

    private async Task<int> LookAfterAsync(CancellationToken ct)
    {
        var due = await watches.DueAsync(Most, ct);
        foreach (var (session, eventId) in due)
        {
            await watches.LookAfterAsync(session, eventId, ct);
        }

        return due.Count;
    }

    [LoggerMessage(LogLevel.Warning, "Events with people to tell could not be looked after; they are tried again.")]
    private partial void LogFailed(Exception e);
}
