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
public sealed record RoutesOutcome(bool Applied, IReadOnlyList<string> Changes, IReadOnlyList<RouteFault> Faults);

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
                var changes = faults.Count > 0 ? [] : RouteChanges.Between(standing.Routes, routes);
                var reach = routes.SelectMany(route => route.Sources().SelectMany(source => route.Sessions().Select(session => new RouteReach(source, session))))
                    .ToHashSet();
                if (dryRun || faults.Count > 0 || (changes.Count == 0 && reach.SetEquals(standing.Reach)))
                {
                    return new RoutesOutcome(!dryRun && faults.Count == 0, changes, faults);
                }

                await WriteAsync(turn, by.Principal, standing, routes, reach);
                await turn.AuditAsync(by.Identity.Value, "routes.apply", by.Principal, string.Join("; ", changes));
                return new RoutesOutcome(true, changes, []);
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

    /// <summary>Makes every decision stale that was made on the source as it was.</summary>
    internal static async Task RaiseAsync(Turn turn, string source)
    {
        // Held as an apply holds it, though it be the first: it may be about to reach other sessions from this source.
        await turn.Db.ExecuteAsync(
            """
            INSERT INTO route_table (owner, version, routes) SELECT owner, 0, '[]' FROM source WHERE name = @source
            ON CONFLICT (owner) DO UPDATE SET version = route_table.version
            """,
            ("@source", source));
        await RaiseAsync(turn, await turn.Db.RowsAsync(
            "SELECT session_id FROM route WHERE source = @source UNION SELECT session_id FROM route_reach WHERE source = @source",
            r => r.GetString(0),
            ("@source", source)));
    }

    private static async Task<StandingRoutes> FindAsync(EngineConnection db, string owner, string hold)
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
