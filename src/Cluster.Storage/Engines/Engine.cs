using System.Data.Common;
using Cluster.Core.Events;
using Cluster.Core.Secrets;
using Cluster.Storage.Mailboxes;

namespace Cluster.Storage.Engines;

/// <summary>The relational database under the nodes. SQL that both databases accept stands in the stores; what differs stands in
/// the engines that derive from this.</summary>
public abstract class Engine(TimeProvider clock) : IAsyncDisposable
{
    public Wakeups Wakeups { get; } = new();

    /// <summary>The engine's time, which all nodes share.</summary>
    public TimeProvider Clock => clock;

    /// <summary>This node, as the engine's rows name it: another one with every start.</summary>
    public string NodeId { get; } = Secret.NewShortId();

    /// <summary>For people: which database, and where.</summary>
    public abstract string Description { get; }

    /// <summary>Ends a SELECT that must hold its row until the turn commits.</summary>
    internal abstract string LockRow { get; }

    /// <summary>Ends a SELECT whose row must not change until the turn commits, while others may hold it likewise.</summary>
    internal abstract string ShareRow { get; }

    /// <summary>The engine's own clock in SQL, as Unix milliseconds. Leases are decided by it alone.</summary>
    internal abstract string NowSql { get; }

    /// <summary>Reads outside any turn. A read that met a broken connection is done again.</summary>
    public abstract Task<T> ReadAsync<T>(Func<EngineConnection, Task<T>> read, CancellationToken ct);

    /// <summary>One transaction. It does no I/O but the engine's; wake-ups are raised after its commit. It may be run again from its
    /// start when it was certainly not committed.</summary>
    public abstract Task<T> TurnAsync<T>(Func<Turn, Task<T>> turn, CancellationToken ct);

    /// <summary>What commits events for an appender.</summary>
    public abstract IAppendStore Appends(MailboxLimits limits);

    /// <exception cref="DbException">The engine is away.</exception>
    public abstract Task ProbeAsync(CancellationToken ct);

    /// <summary>A consistent copy of everything, taken while the node works on.</summary>
    /// <exception cref="EngineUnusableException">There is no room for it.</exception>
    public abstract Task<EngineCopy> CopyAsync(CancellationToken ct);

    public abstract ValueTask DisposeAsync();

    /// <summary>Takes the next id of the one sequence.</summary>
    internal abstract Task<long> TakeIdAsync(EngineConnection connection);

    /// <summary>Raises wake-ups, here and on the nodes that have somebody to wake.</summary>
    /// <param name="woken">Sessions for which somebody may have something to do.</param>
    /// <param name="shown">Sessions of which those who look on see a change.</param>
    internal virtual void Raise(IReadOnlyCollection<Wake> woken, IReadOnlyCollection<string> shown)
    {
        foreach (var wake in woken)
        {
            Wakeups.Raise(wake.Topic);
        }

        foreach (var topic in shown)
        {
            Wakeups.RaiseForOnlookers(topic);
        }
    }
}

/// <summary>One wake-up.</summary>
/// <param name="Topic">The session.</param>
/// <param name="Node">A node that has somebody to wake and that the rows do not name any more; null when they do.</param>
internal readonly record struct Wake(string Topic, string? Node = null);

/// <summary>What one turn sees: its connection, its time, and the wake-ups that it will raise.</summary>
public sealed class Turn(Engine engine, EngineConnection connection)
{
    private readonly HashSet<Wake> _wakes = [];
    private readonly HashSet<string> _shown = [];

    public Engine Engine => engine;

    public EngineConnection Db => connection;

    public DateTimeOffset Now { get; } = engine.Clock.GetUtcNow();

    /// <summary><see cref="Now"/> as the tables hold it.</summary>
    public long NowMs => Now.ToUnixTimeMilliseconds();

    /// <summary>After the commit, wakes those who may have something to do for this session, and those who look on.</summary>
    public void Wake(string topic) => _wakes.Add(new Wake(topic));

    /// <summary>As <see cref="Wake(string)"/>, and also on a node whose stream this turn takes out of the rows.</summary>
    public void Wake(string topic, string? node)
    {
        Wake(topic);
        _wakes.Add(new Wake(topic, node));
    }

    /// <summary>After the commit, wakes those who look on only.</summary>
    public void Show(string topic) => _shown.Add(topic);

    public Task<long> TakeIdAsync() => engine.TakeIdAsync(connection);

    public Task AuditAsync(string actor, string action, string subject, string detail = "") =>
        connection.ExecuteAsync(Audited, ("@at", NowMs), ("@actor", actor), ("@action", action), ("@subject", subject), ("@detail", detail));

    internal void RaiseWakes()
    {
        if (_wakes.Count > 0 || _shown.Count > 0)
        {
            engine.Raise(_wakes, _shown);
        }
    }

    private const string Audited = """
        INSERT INTO audit (at, actor, action, subject, detail) VALUES (@at, @actor, @action, @subject, @detail)
        """;
}

/// <summary>The engine cannot be opened; the message tells an operator what to do.</summary>
public sealed class EngineUnusableException(string message, Exception? inner = null) : Exception(message, inner);
