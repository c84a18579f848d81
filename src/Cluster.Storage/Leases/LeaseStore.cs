using Cluster.Storage.Engines;

namespace Cluster.Storage.Leases;

/// <summary>A lease that was held when this was made.</summary>
/// <param name="Name">What it is a right to.</param>
/// <param name="Epoch">Its fencing token: it grows with every change of hands.</param>
public sealed record Lease(string Name, long Epoch);

/// <summary>The lease is somebody else's by now; nothing was changed.</summary>
public sealed class LeaseLostException(string name, long epoch)
    : Exception($"The lease {name} is not held under epoch {epoch} any more.");

/// <summary>
/// Named rights that one node holds for a while. A lease is <i>free</i> when nobody has it or its time has passed, by the engine's clock
/// alone; else it is <i>held</i> under an epoch. Whoever takes a free one gets a higher epoch. A holder <i>renews</i> it before its time
/// has passed. Everything that is done under a lease is done in turns that first hold its row as it was: they commit before the lease
/// changes hands or not at all, so a node that was frozen, and thaws as a holder of the past, changes nothing.
/// </summary>
public class LeaseStore(Engine engine)
{
    /// <summary>How long a lease lasts unless it is renewed: a dead holder is replaced after this and one interval of asking.</summary>
    public static readonly TimeSpan Lasts = TimeSpan.FromSeconds(10);

    /// <summary>How long after it asked for the lease a holder may act on it.</summary>
    public virtual TimeSpan ActFor => Lasts - TimeSpan.FromSeconds(2);

    /// <summary>The clock, in SQL, that decides whether a lease's time has passed.</summary>
    protected virtual string Now => engine.NowSql;

    /// <summary>Whether a turn under a lease first makes sure of it.</summary>
    protected virtual bool Fenced => true;

    /// <summary>Takes the lease if it is free.</summary>
    /// <returns>Null when somebody else holds it.</returns>
    public Task<Lease?> TakeAsync(string name, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                var epoch = await turn.Db.NumberAsync(
                    $"""
                    INSERT INTO lease (name, holder, epoch, expires_at) VALUES (@name, @holder, 1, {Now} + @lasts)
                    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = lease.epoch + 1, expires_at = excluded.expires_at
                    WHERE lease.expires_at <= {Now} RETURNING epoch
                    """,
                    ("@name", name),
                    ("@holder", engine.NodeId),
                    ("@lasts", (long)Lasts.TotalMilliseconds));
                if (epoch is null)
                {
                    return null;
                }

                await turn.AuditAsync($"node:{engine.NodeId}", "lease.take", name, $"epoch {epoch}");
                return new Lease(name, epoch.Value);
            },
            ct);

    /// <summary>Makes the lease last longer.</summary>
    /// <returns>False when its time has passed: it may be somebody else's.</returns>
    public Task<bool> RenewAsync(Lease lease, CancellationToken ct) =>
        engine.TurnAsync(
            async turn => await turn.Db.ExecuteAsync(
                $"""
                UPDATE lease SET expires_at = {Now} + @lasts
                WHERE name = @name AND holder = @holder AND epoch = @epoch AND expires_at > {Now}
                """,
                ("@name", lease.Name),
                ("@holder", engine.NodeId),
                ("@epoch", lease.Epoch),
                ("@lasts", (long)Lasts.TotalMilliseconds)) > 0,
            ct);

    /// <summary>Gives the lease up at once, so that nobody has to wait for its end.</summary>
    public Task ReleaseAsync(Lease lease, CancellationToken ct) =>
        engine.TurnAsync(
            turn => turn.Db.ExecuteAsync(
                $"UPDATE lease SET expires_at = {Now} WHERE name = @name AND holder = @holder AND epoch = @epoch AND expires_at > {Now}",
                ("@name", lease.Name),
                ("@holder", engine.NodeId),
                ("@epoch", lease.Epoch)),
            ct);

    /// <summary>A turn under the lease.</summary>
    /// <exception cref="LeaseLostException">It is somebody else's, or free.</exception>
    public Task<T> TurnAsync<T>(Lease lease, Func<Turn, Task<T>> work, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                if (Fenced && await turn.Db.NumberAsync(
                    $"""
                    SELECT epoch FROM lease
                    WHERE name = @name AND holder = @holder AND epoch = @epoch AND expires_at > {Now}{engine.ShareRow}
                    """,
                    ("@name", lease.Name),
                    ("@holder", engine.NodeId),
                    ("@epoch", lease.Epoch)) is null)
                {
                    throw new LeaseLostException(lease.Name, lease.Epoch);
                }

                return await work(turn);
            },
            ct);
}
