using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;

namespace Cluster.Server.Webhooks;

/// <summary>Lets go what is kept back, when it is due. Every node looks; the row of the session makes one of them do it.</summary>
internal sealed partial class HoldLoop(HoldStore holds, Wakeups wakeups, TimeProvider clock, ILogger<HoldLoop> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var watcher = wakeups.WatchHeld();
        while (true)
        {
            var more = false;
            try
            {
                foreach (var session in await holds.DueAsync(stoppingToken))
                {
                    more |= await LetGoAsync(session, stoppingToken);
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotSeen(e); // the next look is the retry
            }

            if (more)
            {
                continue; // one turn lets go only so much
            }

            await watcher.WaitAsync(Every, clock, stoppingToken);
        }
    }

    // One session in trouble, or a row of it that cannot be read, keeps no other waiting and stops no node.
    private async Task<bool> LetGoAsync(SessionId session, CancellationToken ct)
    {
        try
        {
            return await holds.LetGoAsync(session, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            LogNotLetGo(e, session);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "What is kept back could not be looked at; it is tried again.")]
    private partial void LogNotSeen(Exception e);

    [LoggerMessage(LogLevel.Warning, "What is kept back for {Session} could not be let go; it is tried again.")]
    private partial void LogNotLetGo(Exception e, SessionId session);
}
