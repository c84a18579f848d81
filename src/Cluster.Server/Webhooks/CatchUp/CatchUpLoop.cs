using System.Data.Common;
using Cluster.Server.Leases;
using Cluster.Storage.Engines;
using Cluster.Storage.Leases;
using Cluster.Storage.Sources;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Cluster.Server.Webhooks.CatchUp;

/// <summary>Asks GitHub, which never tries twice, for what failed: after each outage and every few minutes, on one node of the cluster, by lease. An outage is
/// over when a node takes the lease, and when the engine answers again.</summary>
internal sealed partial class CatchUpLoop(
    [FromKeyedServices(CatchUpLoop.LeaseName)] LeaseHolder holder,
    CatchUpStore store,
    CatchUpRound round,
    Engine engine,
    TimeProvider clock,
    ILogger<CatchUpLoop> logger) : BackgroundService
{
    public const string LeaseName = "catch-up";

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        Lease? before = null;
        var outage = true;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (holder.Current is not { } lease)
            {
                before = null;
                continue;
            }

            try
            {
                outage |= lease != before;
                before = lease;
                foreach (var job in await store.DueAsync(outage, stoppingToken))
                {
                    if (holder.Current == lease)
                    {
                        await RunAsync(lease, job, stoppingToken);
                    }
                }

                outage = false;
            }
            catch (LeaseLostException e)
            {
                holder.Lost();
                LogLeaseLost(e);
            }
            catch (DbException e)
            {
                outage = true;
                LogEngineAway(e); // the next tick is the retry
            }
        }
    }

    // Whatever is odd about one source stops neither the others nor the node.
    private async Task RunAsync(Lease lease, CatchUpJob job, CancellationToken ct)
    {
        try
        {
            if (await round.RunAsync(lease, job, engine.Clock.GetUtcNow(), ct) is > 0 and var asked)
            {
                LogAsked(job.Source, asked);
            }
        }
        catch (Exception e) when (e is not (LeaseLostException or DbException) && !ct.IsCancellationRequested)
        {
            LogFailed(e, job.Source);
            await round.FailAsync(lease, job, engine.Clock.GetUtcNow(), "It went wrong in a way that nobody expected; the node's log says more.", null, ct);
        }
    }

    [LoggerMessage(LogLevel.Error, "Source {Source}: catching up went wrong.")]
    private partial void LogFailed(Exception e, string source);

    [LoggerMessage(LogLevel.Information, "Source {Source}: GitHub was asked for {Count} failed deliveries once more.")]
    private partial void LogAsked(string source, int count);

    [LoggerMessage(LogLevel.Information, "Another node catches up by now.")]
    private partial void LogLeaseLost(Exception e);

    [LoggerMessage(LogLevel.Warning, "Catching up could not reach the engine.")]
    private partial void LogEngineAway(Exception e);
}

internal static class CatchUpRegistration
{
    public static IServiceCollection AddCatchUp(this IServiceCollection services)
    {
        services.TryAddKeyedSingleton<HttpMessageHandler>(
            GitHubApi.Handler,
            (_, _) => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                ConnectTimeout = TimeSpan.FromSeconds(10),
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            });
        return services
            .AddSingleton<CatchUpStore>()
            .AddSingleton<GitHubApi>()
            .AddSingleton<CatchUpRound>()
            .AddKeyedSingleton(CatchUpLoop.LeaseName, (provider, _) => ActivatorUtilities.CreateInstance<LeaseHolder>(provider, CatchUpLoop.LeaseName))
            .AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<LeaseHolder>(CatchUpLoop.LeaseName)) // AddHostedService takes one of a type
            .AddHostedService<CatchUpLoop>();
    }
}
