using System.Data.Common;

namespace Cluster.Storage.Engines;

/// <summary>The relational database under the nodes. SQL that both databases accept stands in the stores; what differs stands in
/// the engines that derive from this.</summary>
public abstract class Engine(TimeProvider clock) : IAsyncDisposable
{
    public Wakeups Wakeups { get; } = new();

    public TimeProvider Clock => clock;

    /// <summary>For people: which database, and where.</summary>
    public abstract string Description { get; }

    /// <summary>Ends a SELECT that must hold its row until the turn commits.</summary>
    internal abstract string LockRow { get; }

    /// <summary>Ends a SELECT whose row must not change until the turn commits, while others may hold it likewise.</summary>
    internal abstract string ShareRow { get; }

    /// <summary>Reads outside any turn.</summary>
    public abstract Task<T> ReadAsync<T>(Func<EngineConnection, Task<T>> read, CancellationToken ct);

    /// <summary>One transaction. It does no I/O but the engine's; wake-ups are raised after its commit.</summary>
    public abstract Task<T> TurnAsync<T>(Func<Turn, Task<T>> turn, CancellationToken ct);

    /// <summary>Takes the next <paramref name="count"/> ids of the one sequence and returns the first.</summary>
    internal abstract Task<long> TakeIdsAsync(EngineConnection connection, int count);

    /// <exception cref="DbException">The engine is away.</exception>
    public abstract Task ProbeAsync(CancellationToken ct);

    public abstract ValueTask DisposeAsync();
}

/// <summary>What one turn sees: its connection, its time, and the wake-ups that it will raise.</summary>
public sealed class Turn(Engine engine, EngineConnection connection)
{
    private readonly HashSet<string> _wakes = [];
    private readonly HashSet<string> _shown = [];

    public Engine Engine => engine;

    public EngineConnection Db => connection;

    public DateTimeOffset Now { get; } = engine.Clock.GetUtcNow();

    /// <summary><see cref="Now"/> as the tables hold it.</summary>
    public long NowMs => Now.ToUnixTimeMilliseconds();

    /// <summary>After the commit, wakes those who may have something to do for this session, and those who look on.</summary>
    public void Wake(string topic) => _wakes.Add(topic);

    /// <summary>After the commit, wakes those who look on only.</summary>
    public void Show(string topic) => _shown.Add(topic);

    public async Task<long> TakeIdAsync() => await engine.TakeIdsAsync(connection, 1);

    public Task AuditAsync(string actor, string action, string subject, string detail = "") =>
        connection.ExecuteAsync(Audited, ("@at", NowMs), ("@actor", actor), ("@action", action), ("@subject", subject), ("@detail", detail));

    internal void RaiseWakes()
    {
        foreach (var topic in _wakes)
        {
            engine.Wakeups.Raise(topic);
        }

        foreach (var topic in _shown.Except(_wakes))
        {
            engine.Wakeups.RaiseForOnlookers(topic);
        }
    }

    private const string Audited = """
        INSERT INTO audit (at, actor, action, subject, detail) VALUES (@at, @actor, @action, @subject, @detail)
        """;
}

/// <summary>The engine cannot be opened; the message tells an operator what to do.</summary>
public sealed class EngineUnusableException(string message, Exception? inner = null) : Exception(message, inner);
