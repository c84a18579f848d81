using System.Collections.Concurrent;
using Cluster.Core.Logs;
using Microsoft.Data.Sqlite;

namespace Cluster.Next.Storage.Sqlite;

/// <summary>The connections of one file: one that writes, on a thread of its own, and some that read beside it, never on the thread of
/// who asks: the driver knows no waiting that is not blocking.</summary>
internal sealed class SqliteConnections : IAsyncDisposable
{
    private const int Readers = 4;

    // A commit has reached the disk when it returns. The log is folded into the database after 8,000 pages (32 MiB), not the usual
    // 1,000, which a busy node fills several times a second.
    private const string Pragmas = """
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA wal_autocheckpoint = 8000;
        PRAGMA busy_timeout = 5000;
        PRAGMA cache_size = -16384;
        """;

    private readonly string _file;
    private readonly SqliteConnection _writer;
    private readonly BlockingCollection<Action> _writes = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _reading = new(Readers, Readers);
    private readonly ConcurrentBag<SqliteConnection> _readers = [];

    /// <exception cref="SqliteException"/>
    public SqliteConnections(string file)
    {
        _file = file;
        _writer = Connect("");
        new Thread(Write) { IsBackground = true, Name = "log writer" }.Start();
    }

    /// <summary>Reads as of one moment.</summary>
    /// <exception cref="StoreAwayException"/>
    public async Task<T> ReadAsync<T>(Func<SqliteConnection, T> read, CancellationToken ct)
    {
        await _reading.WaitAsync(ct);
        try
        {
            return await Task.Run(() => Read(read), ct);
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Runs what writes in one transaction, when those before are through.</summary>
    /// <exception cref="StoreAwayException"/>
    public Task<T> WriteAsync<T>(Func<SqliteConnection, T> write, CancellationToken ct) =>
        RunAsync(db => Guarded(() => Transact(db, write)), ct);

    /// <summary>Runs anything on the writer's thread and connection; its faults are the caller's.</summary>
    public async Task<T> RunAsync<T>(Func<SqliteConnection, T> run, CancellationToken ct)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            _writes.Add(
                () =>
                {
                    try
                    {
                        done.SetResult(run(_writer));
                    }
                    catch (Exception e)
                    {
                        done.SetException(e);
                    }
                },
                ct);
        }
        catch (InvalidOperationException)
        {
            throw new StoreAwayException($"SQLite in {_file} is closed.");
        }

        return await done.Task.WaitAsync(ct);
    }

    public static T Transact<T>(SqliteConnection db, Func<SqliteConnection, T> work)
    {
        Execute(db, "BEGIN IMMEDIATE");
        try
        {
            var result = work(db);
            Execute(db, "COMMIT");
            return result;
        }
        catch
        {
            RollBack(db);
            throw;
        }
    }

    public static void Execute(SqliteConnection db, string sql)
    {
        using var command = db.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public async ValueTask DisposeAsync()
    {
        _writes.CompleteAdding();
        await _ended.Task;
        for (var i = 0; i < Readers; i++)
        {
            await _reading.WaitAsync();
        }

        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }

        _writer.Dispose(); // last: it folds the log into the database
        _writes.Dispose();
        _reading.Dispose();
    }

    private void Write()
    {
        foreach (var write in _writes.GetConsumingEnumerable())
        {
            write();
        }

        _ended.SetResult();
    }

    private T Read<T>(Func<SqliteConnection, T> read) => Guarded(() =>
    {
        if (!_readers.TryTake(out var db))
        {
            db = Connect("PRAGMA query_only = ON;");
        }

        try
        {
            Execute(db, "BEGIN");
            try
            {
                return read(db);
            }
            finally
            {
                RollBack(db);
            }
        }
        finally
        {
            _readers.Add(db);
        }
    });

    private T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException e)
        {
            // Not as its cause: exceptions of the driver cannot leave the node.
            throw new StoreAwayException($"SQLite in {_file}: {e.Message}");
        }
    }

    // Some faults have ended the transaction already.
    private static void RollBack(SqliteConnection db)
    {
        try
        {
            Execute(db, "ROLLBACK");
        }
        catch (SqliteException)
        {
        }
    }

    private SqliteConnection Connect(string more)
    {
        // Not pooled: they are kept here.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = _file,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = 10, // seconds
        }.ToString());
        try
        {
            connection.Open();
            Execute(connection, Pragmas + more);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
