using System.Data.Common;
using Cluster.Server.Leases;
using Cluster.Storage.Engines;
using Cluster.Storage.Leases;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Nodes;
using Cluster.Storage.Permissions;
using Cluster.Storage.Principals;
using Cluster.Storage.Retention;
using Cluster.Storage.Sessions;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Cluster.Server.Housekeeping;

/// <summary>Brings to their end the things that nobody comes back for, and forgets what is old: on one node of the cluster, by lease.</summary>
internal sealed partial class Housekeeper(
    [FromKeyedServices(Housekeeper.LeaseName)] LeaseHolder holder,
    LeaseStore leases,
    IEnumerable<Chore> chores,
    TimeProvider clock,
    ILogger<Housekeeper> logger) : BackgroundService
{
    public const string LeaseName = "housekeeping";

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                foreach (var chore in chores)
                {
                    if (holder.Current is { } lease)
                    {
                        await leases.TurnAsync(lease, chore.SweepAsync, stoppingToken);
                    }
                }
            }
            catch (LeaseLostException e)
            {
                holder.Lost();
                LogLeaseLost(e);
            }
            catch (DbException e)
            {
                LogSweepFailed(e); // the next tick is the retry
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "Another node keeps house by now.")]
    private partial void LogLeaseLost(Exception e);

    [LoggerMessage(LogLevel.Warning, "Housekeeping could not reach the engine.")]
    private partial void LogSweepFailed(Exception e);
}

/// <summary>One thing that housekeeping does, in a turn of its own.</summary>
internal sealed record Chore(Func<Turn, Task<int>> SweepAsync);

internal static class HousekeepingRegistration
{
    public static IServiceCollection AddHousekeeping(this IServiceCollection services, RetentionTimes times)
    {
        services.TryAddSingleton<LeaseStore>();
        services
            .AddSingleton(times)
            .AddSingleton<RetentionStore>()
            .AddKeyedSingleton(Housekeeper.LeaseName, (provider, _) => ActivatorUtilities.CreateInstance<LeaseHolder>(provider, Housekeeper.LeaseName))
            .AddHostedService(provider => provider.GetRequiredKeyedService<LeaseHolder>(Housekeeper.LeaseName))
            .AddHostedService<Housekeeper>();
        return services
            .AddSingleton(new Chore(PermissionStore.SweepAsync))
            .AddSingleton(new Chore(MailboxStore.SweepAsync))
            .AddSingleton(new Chore(McpSessionStore.SweepAsync))
            .AddSingleton(new Chore(PrincipalStore.SweepAsync))
            .AddSingleton(provider => new Chore(provider.GetRequiredService<NodeStore>().SweepAsync))
            .AddSingleton(provider => new Chore(provider.GetRequiredService<RetentionStore>().SweepAsync));
    }
}
