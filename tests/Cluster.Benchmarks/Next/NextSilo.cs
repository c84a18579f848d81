using System.Collections.Concurrent;
using Cluster.Core.Logs;
using Cluster.Core.Sessions;
using Cluster.Next.Grains.Logs;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Storage;
using Cluster.Next.Storage.Starting;
using Cluster.Next.Storage.Writing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.TestingHost;

namespace Cluster.Benchmarks.Next;

/// <summary>The new house's grains in this process, over PostgreSQL; called as a node's endpoints call them.</summary>
internal sealed class NextSilo : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly LogStores _stores;
    private readonly LogWriter _writer;
    private readonly ConcurrentDictionary<Type, GrainInterfaceType> _interfaces = [];

    private NextSilo(InProcessTestCluster cluster, LogStores stores, LogWriter writer)
    {
        _cluster = cluster;
        _stores = stores;
        _writer = writer;
        Grains = cluster.Silos[0].ServiceProvider.GetRequiredService<IGrainFactory>();
    }

    public static Caller Owner { get; } = new() { Identity = "console:admin", Principal = "admin" };

    public IGrainFactory Grains { get; }

    public static async Task<NextSilo> StartAsync(string connectionString)
    {
        var stores = await LogStores.OpenAsync(
            new StoreOptions { Engine = connectionString }, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        var writer = new LogWriter(stores.Logs, NullLogger<LogWriter>.Instance);
        var builder = new InProcessTestClusterBuilder(1) { Options = { ConfigureFileLogging = false } };
        builder.ConfigureSilo((options, silo) =>
        {
            silo.Services
                .AddSingleton(stores.Logs)
                .AddSingleton(stores.Indexes)
                .AddSingleton<ILogWriter>(writer)
                .AddSingleton(new SessionLimits { MailboxWaiting = int.MaxValue })
                .AddSingleton(new StoreClock(TimeProvider.System))
                .AddSingleton(new GrainLogOptions { NodeName = options.SiloName, AuditKey = new byte[32] })
                .AddSingleton<GrainLogs>();
            silo.ConfigureLogging(logging => logging.ClearProviders());
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new NextSilo(cluster, stores, writer);
    }

    public T Session<T>(string name)
        where T : IGrainWithStringKey => Grain<T>("session", new SessionId("admin", name).ToString());

    public T User<T>(int number)
        where T : IGrainWithStringKey => Grain<T>("user", $"console:u{number}");

    // As a node does: by its interface alone Orleans reads the interface's attributes anew each time.
    private T Grain<T>(string kind, string key)
        where T : IGrainWithStringKey
    {
        var id = GrainId.Create(kind, key);
        return _interfaces.TryGetValue(typeof(T), out var known) ? (T)Grains.GetGrain(id, known) : Known(Grains.GetGrain<T>(id));
    }

    private T Known<T>(T grain)
    {
        _interfaces[typeof(T)] = ((GrainReference)(object)grain!).InterfaceType;
        return grain;
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
        await _writer.DisposeAsync();
        await _stores.DisposeAsync();
    }
}
