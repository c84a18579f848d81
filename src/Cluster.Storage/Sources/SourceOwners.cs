using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Routes;

namespace Cluster.Storage.Sources;

/// <summary>What became of a wish to list an owner on a source.</summary>
public enum OwnerChange
{
    Done,
    NoSuchSource,
    NoSuchPrincipal,
    OwnsIt,
    TooMany,
}

/// <summary>Who besides its own owner is listed on a source, so that its owner's routes may reach their sessions. Nobody is reached who has not
/// accepted, and whoever leaves or is taken off the list is reached no more from that commit on.</summary>
public sealed class SourceOwners(Engine engine)
{
    /// <summary>Owners on one source.</summary>
    public const int Most = 200;

    public Task<OwnerChange> AddAsync(string source, string principal, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                // Its owner alone: an admin who could list themselves would get the events of anybody's source.
                if (await HoldAsync(turn, source, by) is not var (path, owner) || owner != by.Principal)
                {
                    return OwnerChange.NoSuchSource;
                }

                if (principal == owner)
                {
                    return OwnerChange.OwnsIt;
                }

                if (await turn.Db.NumberAsync("SELECT 1 FROM identity WHERE id = @id", ("@id", Identity.Console(principal).Value)) is null)
                {
                    return OwnerChange.NoSuchPrincipal;
                }

                if (await turn.Db.NumberAsync("SELECT COUNT(*) FROM source_owner WHERE path = @path", ("@path", path)) >= Most)
                {
                    return OwnerChange.TooMany;
                }

                if (await turn.Db.ExecuteAsync(
                    "INSERT INTO source_owner (path, principal, invited_at) VALUES (@path, @principal, @now) ON CONFLICT (path, principal) DO NOTHING",
                    ("@path", path),
                    ("@principal", principal),
                    ("@now", turn.NowMs)) > 0)
                {
                    await turn.AuditAsync(by.Identity.Value, "source.owner.add", source, principal);
                }

                return OwnerChange.Done;
            },
            ct);

    public Task<OwnerChange> RemoveAsync(string source, string principal, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                if (await HoldAsync(turn, source, by) is not var (path, owner))
                {
                    return OwnerChange.NoSuchSource;
                }

                return await EndAsync(turn, path, owner, principal, by, "source.owner.remove", source) ? OwnerChange.Done : OwnerChange.NoSuchPrincipal;
            },
            ct);

    /// <summary>From now on the routes of the source's owner may reach the caller's sessions.</summary>
    /// <returns>False when the caller is not listed there: one answer for that and for no such source.</returns>
    public Task<bool> AcceptAsync(string source, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                if (await HoldListedAsync(turn, source, by) is not var (path, owner))
                {
                    return false;
                }

                if (await turn.Db.ExecuteAsync(
                    "UPDATE source_owner SET accepted_at = @now WHERE path = @path AND principal = @principal AND accepted_at IS NULL",
                    ("@now", turn.NowMs),
                    ("@path", path),
                    ("@principal", by.Principal)) > 0)
                {
                    await RouteReaches.OwnersChangedAsync(turn, owner);
                    await turn.AuditAsync(by.Identity.Value, "source.accept", source);
                }

                return true;
            },
            ct);

    /// <summary>Takes the caller off the list.</summary>
    /// <returns>False when they are not on it.</returns>
    public Task<bool> LeaveAsync(string source, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
                await HoldListedAsync(turn, source, by) is var (path, owner)
                && await EndAsync(turn, path, owner, by.Principal, by, "source.leave", source),
            ct);

    /// <summary>The sources of others on which somebody is listed.</summary>
    public Task<List<SourceListing>> ListedAsync(Caller by, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                """
                SELECT s.name, s.kind, s.owner, o.invited_at, o.accepted_at FROM source_owner o JOIN source s ON s.path = o.path
                WHERE o.principal = @principal ORDER BY s.name
                """,
                r => new SourceListing
                {
                    Source = r.GetString(0),
                    Kind = r.GetString(1),
                    Owner = r.GetString(2),
                    InvitedAt = r.Time(3),
                    AcceptedAt = r.TimeOrNull(4),
                },
                ("@principal", by.Principal)),
            ct);

    internal static async Task<ILookup<string, SourceOwner>> AllAsync(EngineConnection db, Caller by) =>
        (await db.RowsAsync(
            """
            SELECT s.name, o.principal, o.invited_at, o.accepted_at FROM source_owner o JOIN source s ON s.path = o.path
            WHERE s.owner = @owner OR @admin = 1 ORDER BY o.principal
            """,
            r => (Source: r.GetString(0), Owner: new SourceOwner { Principal = r.GetString(1), InvitedAt = r.Time(2), AcceptedAt = r.TimeOrNull(3) }),
            ("@owner", by.Principal),
            ("@admin", by.Admin ? 1 : 0))).ToLookup(one => one.Source, one => one.Owner);

    /// <summary>What stands for a source that has ended.</summary>
    internal static async Task ForgetAsync(Turn turn, string path)
    {
        await turn.Db.ExecuteAsync("DELETE FROM source_owner WHERE path = @path", ("@path", path));
        await turn.Db.ExecuteAsync("DELETE FROM route_source WHERE path = @path", ("@path", path));
    }

    private static async Task<bool> EndAsync(Turn turn, string path, string owner, string principal, Caller by, string action, string source)
    {
        if (await turn.Db.ExecuteAsync(
            "DELETE FROM source_owner WHERE path = @path AND principal = @principal", ("@path", path), ("@principal", principal)) == 0)
        {
            return false;
        }

        await RouteReaches.OwnersChangedAsync(turn, owner);
        await turn.AuditAsync(by.Identity.Value, action, source, principal);
        return true;
    }

    private static async Task<(string Path, string Owner)?> HoldAsync(Turn turn, string source, Caller by)
    {
        await Tokens.HoldAsync(turn, by);
        await RouteReaches.HoldAsync(turn);
        var found = await turn.Db.RowsAsync(
            "SELECT path, owner FROM source WHERE name = @name AND (owner = @owner OR @admin = 1)",
            r => (r.GetString(0), r.GetString(1)),
            ("@name", source),
            ("@owner", by.Principal),
            ("@admin", by.Admin ? 1 : 0));
        return found.Count == 0 ? null : found[0];
    }

    private static async Task<(string Path, string Owner)?> HoldListedAsync(Turn turn, string source, Caller by)
    {
        await Tokens.HoldAsync(turn, by);
        await RouteReaches.HoldAsync(turn);
        var found = await turn.Db.RowsAsync(
            "SELECT s.path, s.owner FROM source s JOIN source_owner o ON o.path = s.path WHERE s.name = @name AND o.principal = @principal",
            r => (r.GetString(0), r.GetString(1)),
            ("@name", source),
            ("@principal", by.Principal));
        return found.Count == 0 ? null : found[0];
    }
}
