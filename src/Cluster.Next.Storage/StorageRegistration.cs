using Cluster.Core.Logs;
using Cluster.Next.Storage.Writing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Cluster.Next.Storage;

public static class StorageRegistration
{
    /// <summary>Adds an open store and the node's writer. Both end with the services, the writer first, with what waits written.</summary>
    public static IServiceCollection AddStorage(this IServiceCollection services, LogStores stores) => services
        .AddSingleton(_ => stores)
        .AddSingleton(stores.Logs)
        .AddSingleton(stores.Indexes)
        .AddSingleton(stores.Blobs)
        .AddWriter();

    private static IServiceCollection AddWriter(this IServiceCollection services)
    {
        services.TryAddSingleton<ILogWriter>(provider =>
            new LogWriter(provider.GetRequiredService<LogStores>().Logs, provider.GetRequiredService<ILogger<LogWriter>>()));
        return services;
    }
}
