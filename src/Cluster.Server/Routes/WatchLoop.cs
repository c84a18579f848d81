using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;
using Cluster.Storage.Watches;

namespace Cluster.Server.Routes;

/// <summary>Looks after events whose routes say who is told and who comes next, and ends pauses. Every node does, so none waits for another's
/// death; what was done by one is not due any more for the others. Each begins somewhere else in what is due, and where it meets what another
/// has done it looks anew.</summary>
internal sealed partial class WatchLoop(WatchStore watches, PauseStore pauses, Wakeups wakeups, TimeProvider clock, ILogger<WatchLoop> logger)
    : BackgroundService
{
    private const int Most = 200; // at once

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var watcher = wakeups.Watch(WatchStore.Topic);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await pauses.EndDueAsync(stoppingToken);
                while (await LookAfterAsync(stoppingToken))
                {
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(e); // it is still due
            }

            await watcher.WaitAsync(Poll, clock, stoppingToken);
        }
    }

    /// <returns>True when there is more to do at once.</returns>
    private async Task<bool> LookAfterAsync(CancellationToken ct)
    {
        var due = await watches.DueAsync(Most, ct);
        var (begin, done) = (due.Count > 0 ? Random.Shared.Next(due.Count) : 0, 0);
        for (var i = 0; i < due.Count; i++)
        {
            var (session, eventId) = due[(begin + i) % due.Count];
            try
            {
                if (!await watches.LookAfterAsync(session, eventId, ct))
                {
                    return true;
                }

                done++;
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                // The others are not kept waiting by it. With the database away this fails too, and all of them wait.
                LogPutOff(e, eventId, session);
                await watches.PutOffAsync(session, eventId, ct);
            }
        }

        return due.Count == Most && done > 0;
    }

    [LoggerMessage(LogLevel.Warning, "Event {Event} of session {Session} could not be looked after; it is tried again in a minute.")]
    private partial void LogPutOff(Exception e, long @event, SessionId session);

    [LoggerMessage(LogLevel.Warning, "Events with people to tell could not be looked after; they are tried again.")]
    private partial void LogFailed(Exception e);
}
