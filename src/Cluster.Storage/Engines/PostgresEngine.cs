using Cluster.Core.Events;
using Cluster.Storage.Mailboxes;
using Npgsql;

namespace Cluster.Storage.Engines;

/// <summary>PostgreSQL under any number of nodes. Turns lock the rows of their grains; wake-ups travel by NOTIFY; the appender and the
/// streams gather their statements, since each is a journey.</summary>
public sealed class PostgresEngine : Engine
{
    private const int Tries = 4; // of a read, or of a turn that was certainly not committed

    private readonly NpgsqlDataSource _source;
    private readonly EngineClock? _clock;
    private readonly PostgresSignals _signals;

    private PostgresEngine(NpgsqlDataSource source, NpgsqlDataSource listening, string description, TimeProvider clock)
        : base(clock)
    {
        _source = source;
        _clock = clock as EngineClock;
        Description = description;
        _signals = new PostgresSignals(source, listening, NodeId, Wakeups);
        Gathered = new PostgresGathered(this);
    }

    public override string Description { get; }

    /// <summary>The statements that serve many callers at once.</summary>
    internal PostgresGathered Gathered { get; }

    internal override string LockRow => " FOR UPDATE";

    internal override string ShareRow => " FOR SHARE";

    internal override string NowSql => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";

    /// <summary>Connects, checks that commits are durable and wake-ups arrive, and brings the schema up to date.</summary>
    /// <exception cref="EngineUnusableException">The server is away, refuses us, is unsafe, or its schema is newer.</exception>
    public static async Task<PostgresEngine> OpenAsync(PostgresSettings settings, TimeProvider clock, CancellationToken ct)
    {
        var connectionString = settings.Read();
        var where = $"PostgreSQL at {connectionString.Host}:{connectionString.Port}/{connectionString.Database ?? connectionString.Username}";
        var source = NpgsqlDataSource.Create(connectionString);
        var listening = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString.ConnectionString) { Pooling = false });
        var engine = new PostgresEngine(source, listening, where, settings.FollowServerClock ? new EngineClock(clock) : clock);
        try
        {
            await PostgresStart.PrepareAsync(source, settings, where, ct);
            await engine.SetClockAsync(ct);
            await engine._signals.StartAsync(where, ct);
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    public override async Task<T> ReadAsync<T>(Func<EngineConnection, Task<T>> read, CancellationToken ct)
    {
        for (var tried = 1; ; tried++)
        {
            try
            {
                await using var db = await ConnectAsync(ct);
                return await read(db);
            }
            catch (NpgsqlException e) when (tried < Tries && PostgresFaults.MayRepeat(e))
            {
                ClearIfBroken(e);
            }
        }
    }

    public override async Task<T> TurnAsync<T>(Func<Turn, Task<T>> turn, CancellationToken ct)
    {
        for (var tried = 1; ; tried++)
        {
            var committing = false;
            try
            {
                await using var db = await ConnectAsync(ct);
                await using var transaction = await ((NpgsqlConnection)db.Connection).BeginTransactionAsync(ct);
                db.Transaction = transaction;
                var current = new Turn(this, db);
                var result = await turn(current);
                committing = true;
                await transaction.CommitAsync(CancellationToken.None);
                current.RaiseWakes();
                return result;
            }
            catch (NpgsqlException e) when (tried < Tries && PostgresFaults.WasNotCommitted(e, committing))
            {
                ClearIfBroken(e);
            }
        }
    }

    public override IAppendStore Appends(MailboxLimits limits) => new PostgresAppendStore(this, limits);

    public override Task ProbeAsync(CancellationToken ct) =>
        ReadAsync(db => db.NumberAsync("SELECT COUNT(*) FROM lease"), ct);

    public override Task<EngineCopy> CopyAsync(CancellationToken ct)
    {
        var at = new NpgsqlConnectionStringBuilder(_source.ConnectionString); // without the password
        var database = $"--host={at.Host} --port={at.Port}{(at.Username is { } name ? $" --username={name}" : "")} --dbname={at.Database ?? at.Username}";
        return Task.FromResult<EngineCopy>(new EngineCopy.ByTool(
            $"pg_dump --format=custom --file=cluster.dump {database}", $"pg_restore --clean --if-exists {database} cluster.dump"));
    }

    public override async ValueTask DisposeAsync()
    {
        await Gathered.DisposeAsync();
        await _signals.DisposeAsync();
        await _source.DisposeAsync();
    }

    internal override async Task<long> TakeIdAsync(EngineConnection connection) =>
        (await connection.NumberAsync("SELECT nextval('ids')"))!.Value;

    internal override void Raise(IReadOnlyCollection<Wake> woken, IReadOnlyCollection<string> shown)
    {
        base.Raise(woken, shown);
        _signals.Send(woken, shown);
    }

    /// <summary>Takes the server's time anew.</summary>
    internal Task SetClockAsync(CancellationToken ct) =>
        _clock is null ? Task.CompletedTask : ReadAsync(
            async db =>
            {
                _clock.Set(DateTimeOffset.FromUnixTimeMilliseconds((await db.NumberAsync($"SELECT {NowSql}"))!.Value));
                return true;
            },
            ct);

    /// <summary>Commands that reach the server together and commit together, without any transaction that could be left open.</summary>
    internal async Task<T> BatchAsync<T>(Func<NpgsqlBatch, Task<T>> run, CancellationToken ct)
    {
        await using var connection = await _source.OpenConnectionAsync(ct);
        await using var batch = connection.CreateBatch();
        try
        {
            return await run(batch);
        }
        catch (NpgsqlException e)
        {
            ClearIfBroken(e);
            throw;
        }
    }

    // Whatever broke this connection broke the idle ones too.
    private void ClearIfBroken(NpgsqlException e)
    {
        if (PostgresFaults.IsBroken(e))
        {
            _source.Clear();
        }
    }

    private async Task<EngineConnection> ConnectAsync(CancellationToken ct) =>
        new(await _source.OpenConnectionAsync(ct), PostgresText.Fit);
}
