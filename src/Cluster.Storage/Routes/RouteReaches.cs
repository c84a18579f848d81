using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Routes;

/// <summary>A source as routes see it, and whose sessions its owner's routes may name.</summary>
internal sealed record RouteSource(string Name, string Path, string Kind, string Own, IReadOnlySet<string> Owners);

/// <summary>
/// The ways that routes open, as rows that appends ask (<c>route_reach</c>). They follow from three things: the routes, the owners who count
/// for a source (its own and those who accepted), and where sessions say that they work. Whoever changes one of them holds the row of
/// <c>route_claims</c> first, then those of <c>route_table</c>, sessions and allowlists, and writes here what follows.
/// A way by a claim that has moved on stays with version -1: nothing enters by it, and what was rightly sent that way is still delivered.
/// It ends with its route, its source or its owner's place on the list.
/// </summary>
internal static class RouteReaches
{
    private const long Moved = -1;

    public static Task HoldAsync(Turn turn) => turn.Db.NumberAsync("SELECT id FROM route_claims WHERE id = 1" + turn.Engine.LockRow);

    /// <summary>A person's sources. Once routes were applied, these stand for the sources that there were, not for later ones of the same name.</summary>
    public static async Task<List<RouteSource>> SourcesAsync(EngineConnection db, string owner, bool standing)
    {
        var owners = (await db.RowsAsync(
            "SELECT o.path, o.principal FROM source_owner o JOIN source s ON s.path = o.path WHERE s.owner = @owner AND o.accepted_at IS NOT NULL",
            r => (Path: r.GetString(0), Principal: r.GetString(1)),
            ("@owner", owner))).ToLookup(one => one.Path, one => one.Principal);
        return await db.RowsAsync(
            $"""
            SELECT s.name, s.path, s.kind, r.session_id FROM source s JOIN route r ON r.source = s.name
            {(standing ? "JOIN route_source stands ON stands.path = s.path AND stands.owner = s.owner" : "")}
            WHERE s.owner = @owner
            """,
            r => new RouteSource(
                r.GetString(0), r.GetString(1), r.GetString(2), r.GetString(3), owners[r.GetString(1)].Append(owner).ToHashSet()),
            ("@owner", owner));
    }

    /// <summary>All ways that a person's routes open now, each with the claim by which, or null where a route names the session.</summary>
    public static async Task<Dictionary<RouteReach, string?>> OpenAsync(
        EngineConnection db, IReadOnlyList<Route> routes, IReadOnlyList<RouteSource> sources)
    {
        var claims = new List<(SessionId Session, string Place)>();
        if (routes.Any(route => route.Repository is not null))
        {
            foreach (var principal in sources.SelectMany(source => source.Owners).Distinct())
            {
                claims.AddRange(await db.RowsAsync(
                    "SELECT w.session_id, w.place FROM session s JOIN workplace w ON w.session_id = s.id WHERE s.owner = @owner AND w.place IS NOT NULL",
                    r => (SessionId.Parse(r.GetString(0)), r.GetString(1)),
                    ("@owner", principal)));
            }
        }

        return Open(routes, sources, claims);
    }

    /// <summary>Writes the ways of a person's routes, and lets go of what is none any more, in all sessions at once.</summary>
    public static async Task WriteAsync(
        Turn turn, string owner, long version, IReadOnlyList<Route> routes, IReadOnlyList<RouteSource> sources, Dictionary<RouteReach, string?> open) =>
        await RaiseAsync(turn, await ReplaceAsync(turn, owner, version, routes, sources, open, null));

    /// <summary>Somebody began or ceased to count for a source of this person's.</summary>
    public static async Task OwnersChangedAsync(Turn turn, string owner)
    {
        var table = await RouteStore.FindAsync(turn.Db, owner, turn.Engine.LockRow);
        if (table.Version == 0)
        {
            return;
        }

        // A new version: nodes keep what they know of routes by it.
        await turn.Db.ExecuteAsync("UPDATE route_table SET version = version + 1 WHERE owner = @owner", ("@owner", owner));
        var sources = await SourcesAsync(turn.Db, owner, standing: true);
        await WriteAsync(turn, owner, table.Version + 1, table.Routes, sources, await OpenAsync(turn.Db, table.Routes, sources));
    }

    /// <summary>A session works elsewhere now.</summary>
    public static async Task MovedAsync(Turn turn, SessionId session, string? place)
    {
        var owners = await turn.Db.RowsAsync(
            """
            SELECT owner FROM route_table WHERE owner = @owner
            UNION
            SELECT s.owner FROM source_owner o JOIN source s ON s.path = o.path WHERE o.principal = @owner AND o.accepted_at IS NOT NULL
            UNION
            SELECT owner FROM route_reach WHERE session_id = @session
            ORDER BY 1
            """,
            r => r.GetString(0),
            ("@owner", session.Owner),
            ("@session", session.ToString()));
        var changed = false;
        foreach (var owner in owners)
        {
            var table = await RouteStore.FindAsync(turn.Db, owner, turn.Engine.LockRow);
            if (!table.Routes.Any(route => route.Repository is not null))
            {
                continue;
            }

            var sources = await SourcesAsync(turn.Db, owner, standing: true);
            var open = Open(table.Routes, sources, place is null ? [] : [(session, place)])
                .Where(one => one.Key.Session == session.ToString())
                .ToDictionary();
            changed |= (await ReplaceAsync(turn, owner, table.Version, table.Routes, sources, open, session)).Count > 0;
        }

        if (changed)
        {
            await RaiseAsync(turn, [session.ToString()]);
        }
    }

    /// <summary>Ends what routes let a source do, when the source itself ends.</summary>
    public static async Task ForgetAsync(Turn turn, string source)
    {
        await HoldAsync(turn);
        await turn.Db.ExecuteAsync(
            "UPDATE route_table SET version = version WHERE owner IN (SELECT owner FROM route_reach WHERE source = @source)", ("@source", source));
        await RaiseAsync(turn, await turn.Db.RowsAsync(
            "DELETE FROM route_reach WHERE source = @source RETURNING session_id", r => r.GetString(0), ("@source", source)));
    }

    private static Dictionary<RouteReach, string?> Open(
        IReadOnlyList<Route> routes, IReadOnlyList<RouteSource> sources, List<(SessionId Session, string Place)> claims)
    {
        var byName = sources.ToDictionary(source => source.Name);
        var open = new Dictionary<RouteReach, string?>();
        foreach (var (route, source) in Pairs(routes, byName))
        {
            foreach (var session in route.Sessions().Where(session => source.Owners.Contains(SessionId.Parse(session).Owner)))
            {
                open[new RouteReach(source.Name, session)] = null;
            }

            if (route.Repository is not null && route.Otherwise is null)
            {
                open[new RouteReach(source.Name, source.Own)] = null; // where events go that nobody works on
            }
        }

        foreach (var (route, source) in Pairs(routes, byName).Where(pair => pair.Route.Repository is not null))
        {
            foreach (var (session, place) in claims.Where(claim => source.Owners.Contains(claim.Session.Owner) && RoutePlaces.Covers(route.Repository!, claim.Place)))
            {
                open.TryAdd(new RouteReach(source.Name, $"{session}"), place);
            }
        }

        return open;
    }

    private static IEnumerable<(Route Route, RouteSource Source)> Pairs(IReadOnlyList<Route> routes, Dictionary<string, RouteSource> sources) =>
        routes.SelectMany(route => route.Sources().Where(sources.ContainsKey).Select(source => (route, sources[source])));

    // The sessions with a way that is another one now.
    private static async Task<List<string>> ReplaceAsync(
        Turn turn, string owner, long version, IReadOnlyList<Route> routes, IReadOnlyList<RouteSource> sources, Dictionary<RouteReach, string?> open, SessionId? only)
    {
        var where = only is null ? "owner = @owner" : "owner = @owner AND session_id = @session";
        (string, object?)[] which = only is null ? [("@owner", owner)] : [("@owner", owner), ("@session", only.ToString())];
        var before = await turn.Db.RowsAsync(
            $"SELECT source, session_id, version, place FROM route_reach WHERE {where}",
            r => (Reach: new RouteReach(r.GetString(0), r.GetString(1)), Version: r.GetInt64(2), Place: r.TextOrNull(3)),
            which);
        var after = open.ToDictionary(one => one.Key, one => (Version: version, Place: one.Value));
        var byName = sources.ToDictionary(source => source.Name);
        foreach (var (reach, _, place) in before.Where(one => one.Place is not null && !open.ContainsKey(one.Reach)))
        {
            if (byName.TryGetValue(reach.Source, out var source) && source.Owners.Contains(SessionId.Parse(reach.Session).Owner)
                && routes.Any(route => route.Repository is { } repository && RoutePlaces.Covers(repository, place!) && route.Sources().Contains(reach.Source)))
            {
                after[reach] = (Moved, place);
            }
        }

        if (before.Count == after.Count && before.TrueForAll(one => after.TryGetValue(one.Reach, out var same) && same == (one.Version, one.Place)))
        {
            return [];
        }

        await turn.Db.ExecuteAsync($"DELETE FROM route_reach WHERE {where}", which);
        foreach (var (reach, way) in after)
        {
            // A row that another owner's source of this name has left is nobody's any more.
            await turn.Db.ExecuteAsync(
                """
                INSERT INTO route_reach (source, session_id, owner, version, place) VALUES (@source, @session, @owner, @version, @place)
                ON CONFLICT (source, session_id) DO UPDATE SET owner = excluded.owner, version = excluded.version, place = excluded.place
                """,
                ("@source", reach.Source),
                ("@session", reach.Session),
                ("@owner", owner),
                ("@version", way.Version),
                ("@place", way.Place));
        }

        return [.. before.Select(one => one.Reach.Session).Concat(after.Keys.Select(reach => reach.Session)).Distinct()];
    }

    internal static async Task RaiseAsync(Turn turn, IEnumerable<string> sessions)
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
