using Cluster.Core.Logs;
using Cluster.Next.Storage.Starting;
using Npgsql;

namespace Cluster.Next.Storage.Postgres;

/// <summary>How a node reaches PostgreSQL: some connections for appends alone, which wait for nothing else, some for what writes beside
/// them, and the others see one moment and change nothing. What the connection string says stands; the rest is set here.</summary>
internal sealed class PostgresConnections : IAsyncDisposable
{
    /// <summary>Connections of a node at the most.</summary>
    public const int PoolSize = 20;

    private const int Appending = 2; // the node's writer needs one
    private const int Writing = 4; // what cuts, and keeps snapshots and blobs

    private const int ConnectSeconds = 5; // also the longest wait for a free connection
    private const int CommandSeconds = 10;
    private const int KeepAliveSeconds = 15;
    private const int PreparedStatements = 100; // of one connection

    // A whole trip leaves in one piece, as a rule: a node that freezes half-way would keep others waiting at the positions it has sent.
    private const int WriteBuffer = 256 * 1024;

    // Every statement here finds its rows by key, a few of them. A table that was small when it was counted would otherwise be read whole;
    // and a plan is made once, since making it anew takes longer than the statement itself.
    private const string Session =
        "-c idle_in_transaction_session_timeout=5000 -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off "
        + "-c plan_cache_mode=force_generic_plan";

    private const string WritingSession = "-c default_transaction_isolation=read\\ committed";
    private const string ReadingSession = "-c default_transaction_isolation=repeatable\\ read -c default_transaction_read_only=on";

    private readonly NpgsqlDataSource _appending;
    private readonly NpgsqlDataSource _writing;
    private readonly NpgsqlDataSource _reading;

    /// <exception cref="StoreUnusableException">The connection string cannot be read.</exception>
    public PostgresConnections(StoreOptions options)
    {
        var settings = Read(options);
        var all = settings.ShouldSerialize("Maximum Pool Size") ? settings.MaxPoolSize : PoolSize;
        var appending = Math.Clamp(all / 4, 1, Appending);
        var writing = Math.Clamp(all / 4, 1, Writing);
        Where = $"PostgreSQL at {settings.Host}:{settings.Port}/{settings.Database ?? settings.Username}";
        _appending = Source(settings, appending, WritingSession, WriteBuffer);
        _writing = Source(settings, writing, WritingSession, settings.WriteBufferSize);
        _reading = Source(settings, Math.Max(1, all - appending - writing), ReadingSession, settings.WriteBufferSize);
    }

    public string Where { get; }

    /// <summary>A connection for appends.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken ct) => _appending.OpenConnectionAsync(ct);

    /// <summary>Reads as of one moment.</summary>
    /// <exception cref="StoreAwayException"/>
    public Task<T> ReadAsync<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken ct) => RunAsync(_reading, read, ct);

    /// <summary>Does what may be done twice.</summary>
    /// <exception cref="StoreAwayException"/>
    public Task<T> WriteAsync<T>(Func<NpgsqlConnection, Task<T>> write, CancellationToken ct) => RunAsync(_writing, write, ct);

    /// <summary>Whatever broke one connection broke the idle ones too.</summary>
    public void ClearIfBroken(NpgsqlException e)
    {
        if (PostgresFaults.IsBroken(e))
        {
            Clear();
        }
    }

    public void Clear()
    {
        _appending.Clear();
        _writing.Clear();
        _reading.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await _appending.DisposeAsync();
        await _writing.DisposeAsync();
        await _reading.DisposeAsync();
    }

    private async Task<T> RunAsync<T>(NpgsqlDataSource source, Func<NpgsqlConnection, Task<T>> work, CancellationToken ct)
    {
        for (var again = true; ; again = false)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(ct);
                return await work(connection);
            }
            catch (NpgsqlException e) when (again && (PostgresFaults.IsBroken(e) || PostgresFaults.IsUndone(e)))
            {
                ClearIfBroken(e);
            }
            catch (NpgsqlException e)
            {
                // Not as its cause: exceptions of the driver cannot leave the node.
                ClearIfBroken(e);
                throw new StoreAwayException($"{Where}: {PostgresFaults.Describe(e)}");
            }
        }
    }

    private static NpgsqlDataSource Source(NpgsqlConnectionStringBuilder settings, int size, string session, int writeBuffer) =>
        NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(settings.ConnectionString)
        {
            MinPoolSize = Math.Min(settings.MinPoolSize, size),
            MaxPoolSize = size,
            WriteBufferSize = writeBuffer,
            Options = $"{Session} {settings.Options} {session}",
        });

    private static NpgsqlConnectionStringBuilder Read(StoreOptions options)
    {
        NpgsqlConnectionStringBuilder settings;
        try
        {
            settings = new NpgsqlConnectionStringBuilder(options.Engine);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            // What the driver says may hold a part of the password, even as the name of a keyword; so may the exception.
            throw new StoreUnusableException(
                "Cluster:Engine is not a PostgreSQL connection string: a keyword of it is unknown, or a value is not of its kind. "
                + "Expected Host=…;Database=…;Username=…;Password=…; a URI (postgresql://…) is not accepted, and a value with ; or = in it "
                + "stands in quotes, as in Password=\"…\". What it holds is not shown here, since it may be a secret.");
        }

        if (string.IsNullOrEmpty(settings.Host))
        {
            throw new StoreUnusableException("Cluster:Engine names no Host. Expected Host=…;Database=…;Username=…;Password=…");
        }

        void Default(string key, object value)
        {
            if (!settings.ShouldSerialize(key))
            {
                settings[key] = value;
            }
        }

        Default("Timeout", ConnectSeconds);
        Default("Command Timeout", CommandSeconds);
        Default("Keepalive", KeepAliveSeconds);
        Default("Max Auto Prepare", PreparedStatements);
        Default("Auto Prepare Min Usages", 2);
        Default("No Reset On Close", true); // nothing here leaves a pooled connection other than it was
        Default("Application Name", $"cluster {options.NodeName}".Trim());
        return settings;
    }
}
