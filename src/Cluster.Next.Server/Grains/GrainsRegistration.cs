using Cluster.Core.Secrets;
using Cluster.Next.Grains.Logs;
using Cluster.Next.Grains.Sessions;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Cluster.Next.Server.Grains;

internal static class GrainsRegistration
{
    /// <summary>Adds what grains keep their logs with, and the sweep that wakes them.</summary>
    public static IServiceCollection AddGrains(this IServiceCollection services, Cluster.Server.Nodes.ClusterOptions options, SecretBox box)
    {
        services.TryAddSingleton<GrainLogs>();
        return services
            .AddSingleton<StoreClock>()
            .AddSingleton(new GrainLogOptions { NodeName = options.Name, AuditKey = box.Derive("audit") })
            .AddSingleton(new SessionLimits { MailboxWaiting = options.Limits.MailboxWaiting })
            .AddSingleton<GrainCalls>()
            .AddHostedService<DueSweep>();
    }
}
