using System.Data.Common;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Permissions;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;

namespace Cluster.Server.Housekeeping;

/// <summary>Brings to their end the things that nobody comes back for: permission requests, waiting deliveries, MCP sessions, codes.</summary>
internal sealed partial class Housekeeper(
    PermissionStore permissions,
    MailboxStore mailboxes,
    McpSessionStore sessions,
    PrincipalStore principals,
    TimeProvider clock,
    ILogger<Housekeeper> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await permissions.SweepAsync(stoppingToken);
                await mailboxes.SweepAsync(stoppingToken);
                await sessions.SweepAsync(stoppingToken);
                await principals.SweepAsync(stoppingToken);
            }
            catch (DbException e)
            {
                LogSweepFailed(e); // the next tick is the retry
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Housekeeping could not reach the engine.")]
    private partial void LogSweepFailed(Exception e);
}
