using Cluster.Core.Logs;
using Cluster.Next.Storage.Postgres;
using Cluster.Next.Storage.Sqlite;
using Cluster.Next.Storage.Starting;
using Microsoft.Extensions.Logging;

namespace Cluster.Next.Storage;

/// <summary>The store that a node was told to use, open. Whoever opened it disposes of it, or the services it was added to.</summary>
public sealed class LogStores : IAsyncDisposable
{
    private readonly IAsyncDisposable _store;

    private LogStores(ILogStore logs, IIndexStore indexes, IBlobStore blobs, string description, IAsyncDisposable store)
    {
        Logs = logs;
        Indexes = indexes;
        Blobs = blobs;
        Description = description;
        _store = store;
    }

    public ILogStore Logs { get; }

    public IIndexStore Indexes { get; }

    public IBlobStore Blobs { get; }

    /// <summary>Which store it is and where, for people; without secrets.</summary>
    public string Description { get; }

    /// <summary>Opens or creates it, checks it, and brings its schema up to date.</summary>
    /// <exception cref="StoreUnusableException">No node may start with it.</exception>
    public static async Task<LogStores> OpenAsync(StoreOptions options, TimeProvider clock, ILoggerFactory loggers, CancellationToken ct)
    {
        if (options.Engine.Length > 0)
        {
            var postgres = await PostgresStore.OpenAsync(options, clock, ct);
            return new LogStores(postgres, postgres, postgres, postgres.Description, postgres);
        }

        var sqlite = await SqliteStore.OpenAsync(options.Data, clock, loggers.CreateLogger<LogStores>(), ct);
        return new LogStores(sqlite, sqlite, sqlite, sqlite.Description, sqlite);
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();
}
