using Cluster.Core.Logs;
using Cluster.Next.Storage.Starting;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Cluster.Next.Storage.Sqlite;

/// <summary>SQLite in a data folder: one node, one writer, nothing to set up. Its time is that of the machine.</summary>
internal sealed partial class SqliteStore : ILogStore, IIndexStore, IBlobStore, IAsyncDisposable
{
    /// <summary>The file in the data folder.</summary>
    public const string FileName = "log.db";

    private readonly SqliteFolder _folder;
    private readonly SqliteConnections _connections;
    private readonly SqliteAppends _appends;
    private readonly TimeProvider _clock;

    private SqliteStore(SqliteFolder folder, SqliteConnections connections, SqliteAppends appends, string file, TimeProvider clock)
    {
        _folder = folder;
        _connections = connections;
        _appends = appends;
        _clock = clock;
        Description = $"SQLite in {file}";
    }

    public string Description { get; }

    // As exact as it is stored.
    private DateTimeOffset Now => DateTimeOffset.UnixEpoch.AddTicks(_clock.GetUtcNow().Stored() * TimeSpan.TicksPerMicrosecond);

    /// <summary>Opens or creates the store of a data folder and brings its schema up to date.</summary>
    /// <exception cref="StoreUnusableException">Read-only, damaged, from a newer release, or in use by another node.</exception>
    public static async Task<SqliteStore> OpenAsync(string data, TimeProvider clock, ILogger logger, CancellationToken ct)
    {
        var folder = new SqliteFolder(data, logger);
        SqliteConnections? connections = null;
        var file = Path.Combine(data, FileName);
        try
        {
            file = folder.OwnFile(FileName);
            connections = new SqliteConnections(file);
            await connections.RunAsync(db => SqliteStart.Prepare(db, file), ct);
            folder.OwnFile(FileName);
            var appends = await connections.RunAsync(db => new SqliteAppends(db), ct);
            return new SqliteStore(folder, connections, appends, file, clock);
        }
        catch (Exception e)
        {
            if (connections is not null)
            {
                await connections.DisposeAsync();
            }

            folder.Dispose();
            throw e is SqliteException fault ? new StoreUnusableException(SqliteStart.Explain(fault, file), e)
                : e is IOException or UnauthorizedAccessException ? new StoreUnusableException($"The database {file} cannot be opened: {e.Message}", e)
                : e;
        }
    }

    public Task<DateTimeOffset> TimeAsync(CancellationToken ct) => Task.FromResult(Now);

    public async Task<IReadOnlyList<LogOutcome>> AppendAsync(IReadOnlyList<LogAppend> appends, CancellationToken ct)
    {
        if (appends.DistinctBy(append => append.Log).Count() < appends.Count)
        {
            throw new ArgumentException("Two appends of one log cannot go in one trip.", nameof(appends));
        }

        try
        {
            return await _connections.WriteAsync(
                _ =>
                {
                    var at = Now;
                    return appends.Select(append => _appends.Append(append, at)).ToArray();
                },
                ct);
        }
        catch (StoreAwayException e)
        {
            // The file is in trouble: what the log of the database has of it may come back with the next start.
            return [.. appends.Select(_ => new LogOutcome.Unknown(e.Message))];
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _connections.RunAsync(
                _ =>
                {
                    _appends.Dispose();
                    return true;
                },
                CancellationToken.None);
        }
        catch (StoreAwayException)
        {
            return; // a second time
        }

        await _connections.DisposeAsync();
        _folder.Dispose();
    }
}
