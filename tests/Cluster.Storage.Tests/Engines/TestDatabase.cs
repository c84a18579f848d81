using Cluster.Storage.Engines;
using Cluster.Testing;

namespace Cluster.Storage.Tests.Engines;

/// <summary>One scratch database of one kind; every test owns one.</summary>
public abstract class TestDatabase : IAsyncDisposable
{
    /// <summary>Opens the engine on this database, as a node's start does; again after it was disposed.</summary>
    public abstract Task<Engine> OpenAsync(TimeProvider clock);

    public abstract ValueTask DisposeAsync();
}

/// <summary>SQLite in a folder under the system's place for temporary files.</summary>
public sealed class SqliteDatabase : TestDatabase
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("cluster-storage-").FullName;

    public string File => Path.Combine(Folder, "cluster.db");

    public override async Task<Engine> OpenAsync(TimeProvider clock) =>
        await SqliteEngine.OpenAsync(Folder, clock, TestContext.Current.CancellationToken);

    public override ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}

/// <summary>A database of its own on the one real server.</summary>
public sealed class PostgresDatabase : TestDatabase
{
    public string ConnectionString { get; private set; } = "";

    public override async Task<Engine> OpenAsync(TimeProvider clock)
    {
        if (ConnectionString.Length == 0)
        {
            ConnectionString = await PostgresServer.CreateDatabaseAsync();
        }

        return await PostgresEngine.OpenAsync(
            new PostgresSettings { ConnectionString = ConnectionString, FollowServerClock = false }, clock, TestContext.Current.CancellationToken);
    }

    public override async ValueTask DisposeAsync() => await PostgresServer.DropDatabaseAsync(ConnectionString);
}
