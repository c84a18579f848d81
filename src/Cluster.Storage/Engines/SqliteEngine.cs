using System.Collections.Concurrent;
using System.Data;
using Cluster.Core.Events;
using Cluster.Core.Secrets;
using Cluster.Storage.Mailboxes;
using Microsoft.Data.Sqlite;

namespace Cluster.Storage.Engines;

/// <summary>SQLite in a data folder: one node, one writer, nothing to set up. WAL with <c>synchronous=FULL</c>: a commit has reached the disk.</summary>
public sealed class SqliteEngine : Engine
{
    // A commit has reached the disk when it returns. The log is folded into the database after 8,000 pages (32 MiB), not the usual
    // 1,000, which a busy node fills several times a second.
    internal const string Pragmas = """
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA wal_autocheckpoint = 8000;
        PRAGMA busy_timeout = 5000;
        PRAGMA cache_size = -16384;
        PRAGMA foreign_keys = ON;
        """;

    private const string CopyEnding = ".copying";

    private readonly string _file;
    private readonly FileStream _folderLock;
    private readonly EngineConnection _writer;
    private readonly SemaphoreSlim _write = new(1, 1);
    private readonly ConcurrentBag<EngineConnection> _readers = [];

    private SqliteEngine(string file, FileStream folderLock, EngineConnection writer, TimeProvider clock)
        : base(clock)
    {
        _file = file;
        _folderLock = folderLock;
        _writer = writer;
    }

    public override string Description => $"SQLite in {_file}";

    internal override string LockRow => "";

    internal override string ShareRow => "";

    internal override string NowSql => "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

    /// <summary>Opens or creates the engine of a data folder and brings its schema up to date.</summary>
    /// <exception cref="EngineUnusableException">Read-only, corrupt, from a newer version, or in use by another node.</exception>
    public static async Task<SqliteEngine> OpenAsync(string folder, TimeProvider clock, CancellationToken ct)
    {
        var folderLock = LockFolder(folder);
        var file = Path.Combine(folder, "cluster.db");
        EngineConnection? writer = null;
        try
        {
            Array.ForEach(Directory.GetFiles(folder, $"*{CopyEnding}"), File.Delete); // of a node that died meanwhile
            if (!Path.Exists(file))
            {
                await MakeAsync(file);
            }

            writer = new EngineConnection(Connect(file, SqliteOpenMode.ReadWriteCreate));
            await CheckAsync(writer, file);
            var engine = new SqliteEngine(file, folderLock, writer, clock);
            await MarkAsync(writer);
            await Migrations.ApplyAsync(writer, "sqlite", engine.TransactAsync, clock, folder);
            await writer.ExecuteAsync("DELETE FROM node");

            // Streams of a node that died are closed: this folder has one node, and it has just begun.
            await writer.ExecuteAsync(
                "UPDATE mcp_session SET stream = NULL, node = NULL, stream_closed_at = @now, seen_at = @now WHERE stream IS NOT NULL",
                ("@now", clock.GetUtcNow().ToUnixTimeMilliseconds()));
            return engine;
        }
        catch (Exception e)
        {
            if (writer is not null)
            {
                await writer.DisposeAsync();
            }

            await folderLock.DisposeAsync();
            if (e is SqliteException fault)
            {
                throw new EngineUnusableException(Explain(fault, file), e);
            }

            throw;
        }
    }

    public override async Task<T> ReadAsync<T>(Func<EngineConnection, Task<T>> read, CancellationToken ct)
    {
        if (!_readers.TryTake(out var connection))
        {
            connection = new EngineConnection(Connect(_file, SqliteOpenMode.ReadWrite));
        }

        try
        {
            return await read(connection);
        }
        finally
        {
            _readers.Add(connection);
        }
    }

    public override async Task<T> TurnAsync<T>(Func<Turn, Task<T>> turn, CancellationToken ct)
    {
        await _write.WaitAsync(ct);
        Turn current;
        T result;
        try
        {
            current = new Turn(this, _writer);
            result = await TransactAsync(() => turn(current));
        }
        finally
        {
            _write.Release();
        }

        current.RaiseWakes();
        return result;
    }

    public override Task ProbeAsync(CancellationToken ct) =>
        TurnAsync(turn => turn.Db.NumberAsync("SELECT value FROM sequence"), ct);

    /// <summary>The copy holds what is there and no more: no log beside it, and no free pages with what was deleted.</summary>
    public override async Task<EngineCopy> CopyAsync(CancellationToken ct)
    {
        var copy = $"{_file}.{Guid.NewGuid():N}{CopyEnding}";
        try
        {
            await MakeAsync(copy);

            // As of one moment, holding up no writer. The driver does all of it on the calling thread.
            await ReadAsync(db => Task.Run(() => db.ExecuteAsync("VACUUM INTO @file", ("@file", copy)), ct), ct);
            return new EngineCopy.Taken(new FileStream(
                copy,
                new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Options = FileOptions.Asynchronous | FileOptions.DeleteOnClose }));
        }
        catch (Exception e)
        {
            File.Delete(copy);
            if (e is SqliteException or IOException)
            {
                throw new EngineUnusableException($"The copy could not be written beside {_file}: {e.Message} Is there room for it?", e);
            }

            throw;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _write.WaitAsync();
        while (_readers.TryTake(out var reader))
        {
            await reader.DisposeAsync();
        }

        await _writer.DisposeAsync();
        await _folderLock.DisposeAsync();
        _write.Dispose();
    }

    public override IAppendStore Appends(MailboxLimits limits) => new SqliteAppendStore(this, limits);

    internal override Task<long> TakeIdAsync(EngineConnection connection) => TakeIdsAsync(connection, 1);

    /// <summary>Takes the next <paramref name="count"/> ids of the one sequence and returns the first.</summary>
    internal static async Task<long> TakeIdsAsync(EngineConnection connection, int count) =>
        (await connection.NumberAsync("UPDATE sequence SET value = value + @count RETURNING value", ("@count", count)))!.Value - count + 1;

    private static SqliteConnection Connect(string file, SqliteOpenMode mode)
    {
        // Not pooled: this engine keeps its own connections with their prepared commands.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = file,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = 10, // seconds
        }.ToString());
        connection.Open();
        using var pragmas = connection.CreateCommand();
        pragmas.CommandText = Pragmas;
        pragmas.ExecuteNonQuery();
        return connection;
    }

    // Empty, so that SQLite fills it and nobody else ever may read it: it gives the log and what else it makes beside a database the same mode.
    private static ValueTask MakeAsync(string file) => new FileStream(file, PrivateFolder.File(FileMode.CreateNew)).DisposeAsync();

    private static FileStream LockFolder(string folder)
    {
        try
        {
            PrivateFolder.Create(folder);
            return new FileStream(Path.Combine(folder, "node.lock"), PrivateFolder.File(FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EngineUnusableException($"The data folder {folder} cannot be written: {e.Message} Give the node's user write access, or choose another folder with --Cluster:Data.", e);
        }
        catch (IOException e) when (File.Exists(Path.Combine(folder, "node.lock")) && Directory.Exists(folder) && !IsReadOnly(e))
        {
            throw new EngineUnusableException($"The data folder {folder} is in use by another node. Stop that node, or choose another folder with --Cluster:Data.", e);
        }
        catch (IOException e)
        {
            throw new EngineUnusableException($"The data folder {folder} cannot be written: {e.Message} Choose another folder with --Cluster:Data.", e);
        }
    }

    // EROFS as .NET reports it on Unix.
    private static bool IsReadOnly(IOException e) => e.Message.Contains("Read-only", StringComparison.OrdinalIgnoreCase);

    private static async Task CheckAsync(EngineConnection writer, string file)
    {
        const long SmallEnough = 256 * 1024 * 1024; // bytes; a full check of more would delay the start
        if (new FileInfo(file).Length > SmallEnough)
        {
            return;
        }

        var found = await writer.RowsAsync("PRAGMA quick_check(1)", reader => reader.GetString(0));
        if (found is not ["ok"])
        {
            throw new EngineUnusableException(
                $"The database {file} is damaged ({found.FirstOrDefault()}). Restore the data folder from a backup, or move it away to start empty.");
        }
    }

    // Copies bear the mark as well. It is brought out of the log at once, so that no copy of the file alone is without it.
    private static async Task MarkAsync(EngineConnection writer)
    {
        if (await writer.NumberAsync("PRAGMA application_id") != EngineFile.ApplicationId)
        {
            await writer.ExecuteAsync($"PRAGMA application_id = {EngineFile.ApplicationId}");
            await writer.RowsAsync("PRAGMA wal_checkpoint(TRUNCATE)", reader => reader.GetInt64(0));
        }
    }

    private static string Explain(SqliteException e, string file) => e.SqliteErrorCode switch
    {
        8 => $"The database {file} is read-only. Give the node's user write access to the file and its folder.",
        11 or 26 => $"The database {file} is damaged or not a database ({e.Message}). Restore the data folder from a backup, or move it away to start empty.",
        13 => $"The disk of {file} is full. Free some space and start again.",
        14 => $"The database {file} cannot be opened. Check that the folder exists and that the node's user may write it.",
        _ => $"The database {file} cannot be opened: {e.Message}",
    };

    private async Task<T> TransactAsync<T>(Func<Task<T>> work)
    {
        // Not deferred: a write transaction takes the lock at its start, so it never fails half-way for being second.
        await using var transaction = ((SqliteConnection)_writer.Connection).BeginTransaction(IsolationLevel.Serializable, deferred: false);
        _writer.Transaction = transaction;
        try
        {
            var result = await work();
            await transaction.CommitAsync();
            return result;
        }
        finally
        {
            _writer.Transaction = null;
        }
    }
}
