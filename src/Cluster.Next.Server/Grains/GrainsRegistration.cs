using Cluster.Core.Secrets;
using Cluster.Next.Grains.Logs;
using Cluster.Next.Grains.Sessions;

namespace Cluster.Next.Server.Grains;

internal static class GrainsRegistration
{
    /// <summary>Adds what grains keep their logs with, and the sweep that wakes them.</summary>
    public static IServiceCollection AddGrains(this IServiceCollection services, Cluster.Server.Nodes.ClusterOptions options, SecretBox box) => services
        .AddSingleton<StoreClock>()
        .AddSingleton(new GrainLogOptions { NodeName = options.Name, AuditKey = box.Derive("audit") })
        .AddSingleton(new SessionLimits { MailboxWaiting = options.Limits.MailboxWaiting })
        .AddSingleton<GrainLogs>()
        .AddSingleton<GrainCalls>()
        .AddHostedService<DueSweep>();
}
