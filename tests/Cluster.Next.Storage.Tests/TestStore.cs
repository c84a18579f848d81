using Cluster.Next.Storage.Sqlite;
using Cluster.Next.Storage.Starting;
using Cluster.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Next.Storage.Tests;

/// <summary>A place for one store of one kind; every test owns one.</summary>
public abstract class TestStore : IAsyncDisposable
{
    /// <summary>Opens it as a node's start does.</summary>
    public abstract Task<LogStores> OpenAsync();

    /// <summary>What another node works with: the first one's where only one node may have it.</summary>
    public abstract Task<LogStores> OpenAnotherAsync(LogStores first);

    /// <summary>One statement past the store, which both databases take.</summary>
    public abstract Task ExecuteAsync(string sql);

    public abstract ValueTask DisposeAsync();
}

public sealed class SqliteTestStore : TestStore
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("cluster-logs-").FullName;

    public string File => Path.Combine(Folder, SqliteStore.FileName);

    public override Task<LogStores> OpenAsync() =>
        LogStores.OpenAsync(new StoreOptions { Data = Folder }, TimeProvider.System, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);

    public override Task<LogStores> OpenAnotherAsync(LogStores first) => Task.FromResult(first);

    public override async Task ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    public override ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}

public sealed class PostgresTestStore : TestStore
{
    public string ConnectionString { get; private set; } = "";

    public override async Task<LogStores> OpenAsync()
    {
        if (ConnectionString.Length == 0)
        {
            ConnectionString = await PostgresServer.CreateEmptyDatabaseAsync();
        }

        return await OpenAsync(ConnectionString);
    }

    public static Task<LogStores> OpenAsync(string connectionString) =>
        LogStores.OpenAsync(new StoreOptions { Engine = connectionString }, TimeProvider.System, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);

    public override Task<LogStores> OpenAnotherAsync(LogStores first) => OpenAsync();

    public override Task ExecuteAsync(string sql) => PostgresServer.ExecuteAsync(ConnectionString, sql);

    public override async ValueTask DisposeAsync()
    {
        if (ConnectionString.Length > 0)
        {
            await PostgresServer.DropDatabaseAsync(ConnectionString);
        }
    }
}
