using System.Text.Json;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Routes;

/// <summary>One person's routes as they stand, and what the allowlists say of them.</summary>
public sealed record StandingRoutes(long Version, IReadOnlyList<Route> Routes, IReadOnlyList<RouteReach> Reach);

/// <summary>What became of the wish for other routes. With faults, nothing was changed.</summary>
public sealed record RoutesOutcome(bool Applied, IReadOnlyList<string> Changes, IReadOnlyList<RouteFault> Faults)
{
    /// <summary>What waits in a session whose way is closed.</summary>
    public IReadOnlyList<EndingEvents> Ending { get; init; } = [];
}

/// <summary>Events of a source that wait in a session to which it has no way any more.</summary>
public sealed record EndingEvents(string Source, string Session, int Waiting);

/// <summary>Routes by rule. They are changed as a whole; every session that they reach, or reached, then has a new version of its allowlist,
/// so that nothing enters any more as they were before.</summary>
public sealed class RouteStore(Engine engine)
{
    public Task<StandingRoutes> FindAsync(string owner, CancellationToken ct) =>
        engine.ReadAsync(db => FindAsync(db, owner, ""), ct);

    /// <returns>0 before the first change.</returns>
    public async Task<long> VersionAsync(string owner, CancellationToken ct) =>
        await engine.ReadAsync(db => db.NumberAsync("SELECT version FROM route_table WHERE owner = @owner", ("@owner", owner)), ct) ?? 0;

    /// <summary>Whether a client is attached to a session.</summary>
    public async Task<bool> IsAttachedAsync(string session, CancellationToken ct) =>
        await engine.ReadAsync(
            db => db.NumberAsync(
                """
                SELECT 1 FROM session s
                JOIN attachment a ON a.session_id = s.id AND a.epoch = s.epoch
                JOIN mcp_session m ON m.id = a.mcp_session AND m.stream = a.stream
                WHERE s.id = @session
                """,
                ("@session", session)),
            ct) is not null;

    /// <param name="routes">All routes of the caller from now on, without faults of their own.</param>
    /// <param name="dryRun">Only say what would become of it.</param>
    /// <param name="by">Whose routes they are.</param>
    /// <param name="ct">Cancels.</param>
    public Task<RoutesOutcome> ApplyAsync(IReadOnlyList<Route> routes, bool dryRun, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                if (!dryRun)
                {
                    await turn.Db.ExecuteAsync(
                        "INSERT INTO route_table (owner, version, routes) VALUES (@owner, 0, '[]') ON CONFLICT (owner) DO NOTHING",
                        ("@owner", by.Principal));
                }

                var standing = await FindAsync(turn.Db, by.Principal, dryRun ? "" : turn.Engine.LockRow);
                var faults = await FaultsAsync(turn, routes, by);
                faults.AddRange(await RouteAccounts.FaultsAsync(turn, routes));
                var changes = faults.Count > 0 ? [] : RouteChanges.Between(standing.Routes, routes);
                var reach = routes.SelectMany(route => route.Sources().SelectMany(source => route.Sessions().Select(session => new RouteReach(source, session))))
                    .ToHashSet();
                var ending = faults.Count > 0 ? [] : await EndingAsync(turn, standing.Reach.Except(reach));
                if (dryRun || faults.Count > 0 || (changes.Count == 0 && reach.SetEquals(standing.Reach)))
                {
                    return new RoutesOutcome(!dryRun && faults.Count == 0, changes, faults) { Ending = ending };
                }

                await WriteAsync(turn, by.Principal, standing, routes, reach);
                await turn.AuditAsync(by.Identity.Value, "routes.apply", by.Principal, string.Join("; ", changes));
                return new RoutesOutcome(true, changes, []) { Ending = ending };
            },
            ct);

    /// <summary>Ends what routes let a source do, when the source itself ends.</summary>
    internal static async Task ForgetAsync(Turn turn, string source)
    {
        // Held as an apply holds it, before any of the rows below.
        await turn.Db.ExecuteAsync(
            "UPDATE route_table SET version = version WHERE owner IN (SELECT owner FROM route_reach WHERE source = @source)", ("@source", source));
        await RaiseAsync(turn, await turn.Db.RowsAsync(
            "DELETE FROM route_reach WHERE source = @source RETURNING session_id", r => r.GetString(0), ("@source", source)));
    }

    internal static async Task<StandingRoutes> FindAsync(EngineConnection db, string owner, string hold)
    {
        var table = await db.RowAsync(
            "SELECT version, routes FROM route_table WHERE owner = @owner" + hold,
            r => new { Version = r.GetInt64(0), Routes = r.GetString(1) },
            ("@owner", owner));
        return table is null
            ? new StandingRoutes(0, [], [])
            : new StandingRoutes(
                table.Version,
                JsonSerializer.Deserialize(table.Routes, ApiJson.Default.IReadOnlyListRoute) ?? [],
                await db.RowsAsync(
                    "SELECT source, session_id FROM route_reach WHERE owner = @owner",
                    r => new RouteReach(r.GetString(0), r.GetString(1)),
                    ("@owner", owner)));
    }

    private static async Task<List<RouteFault>> FaultsAsync(Turn turn, IReadOnlyList<Route> routes, Caller by)
    {
        var sources = (await turn.Db.RowsAsync("SELECT name FROM source WHERE owner = @owner", r => r.GetString(0), ("@owner", by.Principal))).ToHashSet();
        var owned = new Dictionary<string, bool>();
        var faults = new List<RouteFault>();
        for (var i = 0; i < routes.Count; i++)
        {
            foreach (var source in routes[i].Sources().Where(source => !sources.Contains(source)))
            {
                faults.Add(new RouteFault(i, $"You have no source '{source}'. See: cluster source list."));
            }

            foreach (var session in routes[i].Sessions())
            {
                if (!owned.TryGetValue(session, out var own))
                {
                    own = (await AccessStore.FindAsync(turn.Db, SessionId.Parse(session)))?.May(by.Identity, Act.Own) == true;
                    owned[session] = own;
                }

                if (!own)
                {
                    faults.Add(new RouteFault(i, $"You have no session '{session}'; a route reaches only sessions of your own. See: cluster sessions."));
                }
            }
        }

        return faults;
    }

    // What a source has brought to its own session stays, whatever its routes say.
    private static async Task<List<EndingEvents>> EndingAsync(Turn turn, IEnumerable<RouteReach> closed)
    {
        var ending = new List<EndingEvents>();
        foreach (var (source, session) in closed.OrderBy(one => one.Source, StringComparer.Ordinal).ThenBy(one => one.Session, StringComparer.Ordinal))
        {
            var waiting = await turn.Db.NumberAsync(
                """
                SELECT
                  (SELECT COUNT(*) FROM delivery d JOIN event e ON e.id = d.event_id AND e.sender = @sender
                   WHERE d.session_id = @session AND d.state IN ('queued', 'sent') AND d.priority >= 0 AND d.state = 'queued')
                  + (SELECT COUNT(*) FROM delivery d JOIN event e ON e.id = d.event_id AND e.sender = @sender
                   WHERE d.session_id = @session AND d.state = 'held' AND d.held_until > 0)
                WHERE NOT EXISTS (SELECT 1 FROM route r WHERE r.source = @source AND r.session_id = @session)
                """,
                ("@sender", Identity.Source(source).Value),
                ("@session", session),
                ("@source", source)) ?? 0;
            if (waiting > 0)
            {
                ending.Add(new EndingEvents(source, session, (int)waiting));
            }
        }

        return ending;
    }

    private static async Task WriteAsync(Turn turn, string owner, StandingRoutes before, IReadOnlyList<Route> routes, IReadOnlySet<RouteReach> reach)
    {
        var version = before.Version + 1;
        await turn.Db.ExecuteAsync(
            "UPDATE route_table SET version = @version, routes = @routes WHERE owner = @owner",
            ("@version", version),
            ("@routes", JsonSerializer.Serialize(routes, ApiJson.Default.IReadOnlyListRoute)),
            ("@owner", owner));
        await turn.Db.ExecuteAsync("DELETE FROM route_reach WHERE owner = @owner", ("@owner", owner));
        foreach (var (source, session) in reach)
        {
            // A row that another owner's source of this name has left is nobody's any more.
            await turn.Db.ExecuteAsync(
                """
                INSERT INTO route_reach (source, session_id, owner, version) VALUES (@source, @session, @owner, @version)
                ON CONFLICT (source, session_id) DO UPDATE SET owner = excluded.owner, version = excluded.version
                """,
                ("@source", source),
                ("@session", session),
                ("@owner", owner),
                ("@version", version));
        }

        await RaiseAsync(turn, before.Reach.Concat(reach).Select(one => one.Session));
    }

    private static async Task RaiseAsync(Turn turn, IEnumerable<string> sessions)
    {
        // All sessions' rows before any list's: tool calls hold their own session and then ask for another one's list.
        var all = sessions.Distinct().Order(StringComparer.Ordinal).ToList();
        foreach (var session in all)
        {
            await turn.Db.NumberAsync("SELECT epoch FROM session WHERE id = @id" + turn.Engine.LockRow, ("@id", session));
        }

        foreach (var session in all)
        {
            await AccessStore.RaiseVersionAsync(turn, SessionId.Parse(session));
        }
    }
}
