using System.Text.Json;
using Cluster.Core.Api;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Routes;

/// <summary>A source as routes see it, and whose sessions its owner's routes may name.</summary>
internal sealed record RouteSource(string Name, string Path, string Kind, string Own, IReadOnlySet<string> Owners, bool HasHosts);

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

    // An older node that applies routes writes only their ways.
    private const string Stands = """
        AND (EXISTS (SELECT 1 FROM route_source stands WHERE stands.path = s.path AND stands.owner = s.owner)
          OR EXISTS (SELECT 1 FROM route_reach way JOIN route_table t ON t.owner = way.owner AND t.version = way.version
                     WHERE way.owner = s.owner AND way.source = s.name))
        """;

    public static Task HoldAsync(Turn turn) => turn.Db.NumberAsync("SELECT id FROM route_claims WHERE id = 1" + turn.Engine.LockRow);

    /// <summary>For a claim that concerns no routes: none are changed until it is written, and other claims go on.</summary>
    public static Task ShareAsync(Turn turn) => turn.Db.NumberAsync("SELECT id FROM route_claims WHERE id = 1" + turn.Engine.ShareRow);

    /// <summary>A person's sources. Once routes were applied, these stand for the sources that there were, not for later ones of the same name.</summary>
    public static async Task<List<RouteSource>> SourcesAsync(EngineConnection db, string owner, bool standing)
    {
        var owners = (await db.RowsAsync(
            "SELECT o.path, o.principal FROM source_owner o JOIN source s ON s.path = o.path WHERE s.owner = @owner AND o.accepted_at IS NOT NULL",
            r => (Path: r.GetString(0), Principal: r.GetString(1)),
            ("@owner", owner))).ToLookup(one => one.Path, one => one.Principal);
        return await db.RowsAsync(
            $"""
            SELECT s.name, s.path, s.kind, r.session_id, s.settings FROM source s JOIN route r ON r.source = s.name
            WHERE s.owner = @owner {(standing ? Stands : "")}
            """,
            r => new RouteSource(
                r.GetString(0), r.GetString(1), r.GetString(2), r.GetString(3), owners[r.GetString(1)].Append(owner).ToHashSet(),
                r.TextOrNull(4) is { } settings && JsonSerializer.Deserialize(settings, ApiJson.Default.SourceSettings)?.Hosts is { Count: > 0 }),
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
        Turn turn, string owner, long version, IReadOnlyList<Route> routes, IReadOnlyList<RouteSource> sources, Dictionary<RouteReach, string?> open)
    {
        await turn.Db.ExecuteAsync("DELETE FROM route_place WHERE owner = @owner", ("@owner", owner));
        var places = routes.Where(route => route.Repository is not null)
            .SelectMany(route => route.Sources().Select(source => (Repository: route.Repository!.ToLowerInvariant(), Source: source)))
            .Distinct();
        await ManyRows.InsertAsync(
            turn.Db,
            "INSERT INTO route_place (owner, repository, source, version)",
            "",
            [.. places.Select(one => (object?[])[owner, one.Repository, one.Source, version])]);
        await RaiseAsync(turn, await ReplaceAsync(turn, owner, version, routes, sources, open));
    }

    /// <summary>Somebody began or ceased to count for a source of this person's.</summary>
    public static async Task OwnersChangedAsync(Turn turn, string owner)
    {
        var table = await RouteStore.FindAsync(turn.Db, owner, turn.Engine.LockRow);
        if (table.Version == 0)
        {
            return;
        }

        // A new version: nodes keep what they know of routes by it. Some sources stand by ways of the one before.
        var sources = await SourcesAsync(turn.Db, owner, standing: true);
        await turn.Db.ExecuteAsync("UPDATE route_table SET version = version + 1 WHERE owner = @owner", ("@owner", owner));
        await WriteAsync(turn, owner, table.Version + 1, table.Routes, sources, await OpenAsync(turn.Db, table.Routes, sources));
    }

    /// <summary>Whose routes a session's claim concerns: those that mean the place, and those by which it was reached before.</summary>
    public static Task<List<string>> ConcernedAsync(EngineConnection db, SessionId session, string? place) =>
        db.RowsAsync(
            """
            SELECT p.owner FROM route_place p JOIN route_table t ON t.owner = p.owner AND t.version = p.version
            WHERE p.owner = @owner AND p.repository IN (@any, @place, @bare)
            UNION
            SELECT s.owner FROM source_owner o JOIN source s ON s.path = o.path
            JOIN route_place p ON p.owner = s.owner AND p.repository IN (@any, @place, @bare) AND p.source = s.name
            JOIN route_table t ON t.owner = p.owner AND t.version = p.version
            WHERE o.principal = @owner AND o.accepted_at IS NOT NULL
            UNION
            SELECT owner FROM route_reach WHERE session_id = @session AND place IS NOT NULL
            ORDER BY 1
            """,
            r => r.GetString(0),
            [("@owner", session.Owner), ("@session", session.ToString()), .. Meaning(place)]);

    /// <summary>A session works elsewhere now. What routes say that do not mean the place, old or new, is not looked at.</summary>
    public static async Task MovedAsync(Turn turn, SessionId session, string? place)
    {
        var changed = 0;
        foreach (var owner in await ConcernedAsync(turn.Db, session, place))
        {
            var version = await turn.Db.NumberAsync("SELECT version FROM route_table WHERE owner = @owner" + turn.Engine.LockRow, ("@owner", owner)) ?? 0;
            changed += await MovedAsync(turn, owner, version, session, place, await MeantAsync(turn.Db, owner, version, session, place));
        }

        if (changed > 0)
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

    // The sources by which a person's routes reach a session that works at a place.
    private static async Task<HashSet<string>> MeantAsync(EngineConnection db, string owner, long version, SessionId session, string? place)
    {
        var meant = place is null ? [] : await db.RowsAsync(
            "SELECT source, repository FROM route_place WHERE owner = @owner AND version = @version AND repository IN (@any, @place, @bare)",
            r => (Source: r.GetString(0), Repository: r.GetString(1)),
            [("@owner", owner), ("@version", version), .. Meaning(place)]);
        var sources = meant.Count == 0 ? [] : await SourcesAsync(db, owner, standing: true);
        return [.. sources.Where(source => source.Owners.Contains(session.Owner)
                && meant.Any(one => one.Source == source.Name && RoutePlaces.Covers(one.Repository, place!)))
            .Select(source => source.Name)];
    }

    // How routes may write a place: any, with its host, without it.
    private static (string, object?)[] Meaning(string? place) =>
        [("@any", RoutePlaces.OfEvent), ("@place", place ?? ""), ("@bare", place is null ? "" : place[(place.IndexOf('/', StringComparison.Ordinal) + 1)..])];

    private static async Task<int> MovedAsync(Turn turn, string owner, long version, SessionId session, string? place, HashSet<string> meant)
    {
        var changed = 0;
        var before = await turn.Db.RowsAsync(
            "SELECT source, version, place FROM route_reach WHERE owner = @owner AND session_id = @session",
            r => (Source: r.GetString(0), Version: r.GetInt64(1), Place: r.TextOrNull(2)),
            ("@owner", owner),
            ("@session", session.ToString()));
        foreach (var way in before.Where(way => way.Place is not null)) // where a route names the session, its claim changes nothing
        {
            var after = meant.Contains(way.Source) ? (version, place) : (Moved, way.Place);
            changed += after == (way.Version, way.Place) ? 0 : await turn.Db.ExecuteAsync(
                "UPDATE route_reach SET version = @version, place = @place WHERE source = @source AND session_id = @session AND owner = @owner",
                ("@version", after.Item1),
                ("@place", after.Item2),
                ("@source", way.Source),
                ("@session", session.ToString()),
                ("@owner", owner));
        }

        var more = meant.Except(before.Select(way => way.Source)).Select(source => (new RouteReach(source, $"{session}"), version, place)).ToList();
        await InsertAsync(turn, owner, more);
        return changed + more.Count;
    }

    // The sessions with a way that is another one now.
    private static async Task<List<string>> ReplaceAsync(
        Turn turn, string owner, long version, IReadOnlyList<Route> routes, IReadOnlyList<RouteSource> sources, Dictionary<RouteReach, string?> open)
    {
        var before = (await turn.Db.RowsAsync(
            "SELECT source, session_id, version, place FROM route_reach WHERE owner = @owner",
            r => (Reach: new RouteReach(r.GetString(0), r.GetString(1)), Version: r.GetInt64(2), Place: r.TextOrNull(3)),
            ("@owner", owner))).ToDictionary(one => one.Reach, one => (one.Version, one.Place));
        var after = open.ToDictionary(one => one.Key, one => (Version: version, Place: one.Value));
        var byName = sources.ToDictionary(source => source.Name);
        foreach (var (reach, (_, place)) in before.Where(one => one.Value.Place is not null && !open.ContainsKey(one.Key)))
        {
            if (byName.TryGetValue(reach.Source, out var source) && source.Owners.Contains(SessionId.Parse(reach.Session).Owner)
                && routes.Any(route => route.Repository is { } repository && RoutePlaces.Covers(repository, place!) && route.Sources().Contains(reach.Source)))
            {
                after[reach] = (Moved, place);
            }
        }

        await turn.Db.ExecuteAsync("DELETE FROM route_reach WHERE owner = @owner", ("@owner", owner));
        await InsertAsync(turn, owner, [.. after.Select(one => (one.Key, one.Value.Version, one.Value.Place))]);
        return [.. before.Except(after).Concat(after.Except(before)).Select(one => one.Key.Session).Distinct()];
    }

    // A row that another owner's source of this name has left is nobody's any more.
    private static Task InsertAsync(Turn turn, string owner, IReadOnlyList<(RouteReach Reach, long Version, string? Place)> ways) =>
        ManyRows.InsertAsync(
            turn.Db,
            "INSERT INTO route_reach (source, session_id, owner, version, place)",
            "ON CONFLICT (source, session_id) DO UPDATE SET owner = excluded.owner, version = excluded.version, place = excluded.place",
            [.. ways.Select(way => (object?[])[way.Reach.Source, way.Reach.Session, owner, way.Version, way.Place])]);

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
