using Cluster.Core.Secrets;
using Cluster.Storage.Audit;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Nodes;
using Cluster.Storage.Permissions;
using Cluster.Storage.Principals;
using Cluster.Storage.Secrets;
using Cluster.Storage.Sessions;
using Cluster.Storage.Sources;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Cluster.Server.Nodes;

/// <summary>The stores over one engine.</summary>
internal static class StorageRegistration
{
    public static IServiceCollection AddStorage(this IServiceCollection services, Engine engine, SecretBox box, MailboxLimits limits)
    {
        services.TryAddSingleton(_ => engine.Appends(limits));
        return services
            .AddSingleton(_ => engine) // made by a factory, so that the container closes it last
            .AddSingleton(engine.Wakeups)
            .AddSingleton(box)
            .AddSingleton(limits)
            .AddSingleton<NodeStore>()
            .AddSingleton<PrincipalStore>()
            .AddSingleton<DataKeyStore>()
            .AddSingleton<KeyCheck>()
            .AddSingleton<SessionStore>()
            .AddSingleton<PauseStore>()
            .AddSingleton<AccessStore>()
            .AddSingleton<McpSessionStore>()
            .AddSingleton<WorkplaceStore>()
            .AddSingleton<Appender>()
            .AddSingleton<MailboxStore>()
            .AddSingleton<HoldStore>()
            .AddSingleton<ToolCallStore>()
            .AddSingleton<ConversationStore>()
            .AddSingleton<EventLives>()
            .AddSingleton<WebhookEvents>()
            .AddSingleton<ReplayStore>()
            .AddSingleton<PermissionStore>()
            .AddSingleton<SourceStore>()
            .AddSingleton<SourceSecrets>()
            .AddSingleton<SourceChanges>()
            .AddSingleton<SourceOwners>()
            .AddSingleton<AuditStore>();
    }
}
