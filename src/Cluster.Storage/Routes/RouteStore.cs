using System.Text.Json;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Core.Webhooks;
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

    /// <summary>Whether an event has a delivery in a session.</summary>
    public async Task<bool> IsInAsync(long eventId, string session, CancellationToken ct) =>
        await engine.ReadAsync(
            db => db.NumberAsync(
                "SELECT 1 FROM delivery WHERE event_id = @event AND session_id = @session", ("@event", eventId), ("@session", session)),
            ct) is not null;

    /// <summary>The sessions that claim to work there and are reached by this version of the routes, those that are attached first.</summary>
    /// <param name="place">The repository, as <see cref="Workplace.Place"/> has it.</param>
    /// <param name="branch">Of which branch the first ones shall be; null for any.</param>
    /// <param name="source">The source.</param>
    /// <param name="owner">Whose routes they are.</param>
    /// <param name="version">Their version.</param>
    /// <param name="ct">Cancels.</param>
    public Task<List<Worker>> WorkersAsync(string place, string? branch, string source, string owner, long version, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                """
                SELECT w.session_id, w.branch, CASE WHEN m.id IS NULL THEN 0 ELSE 1 END, a.attached_at
                FROM workplace w
                JOIN route_reach r ON r.source = @source AND r.session_id = w.session_id AND r.owner = @owner AND r.version = @version
                JOIN session s ON s.id = w.session_id
                LEFT JOIN attachment a ON a.session_id = s.id AND a.epoch = s.epoch
                LEFT JOIN mcp_session m ON m.id = a.mcp_session AND m.stream = a.stream
                WHERE w.place = @place
                ORDER BY 3 DESC, CASE WHEN w.branch = @branch THEN 0 ELSE 1 END, COALESCE(a.attached_at, 0) DESC, w.session_id LIMIT 50
                """,
                r => new Worker(r.GetString(0), r.TextOrNull(1), r.GetInt64(2) != 0, r.TimeOrNull(3)),
                ("@place", place),
                ("@branch", branch),
                ("@source", source),
                ("@owner", owner),
                ("@version", version)),
            ct);

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
                    await RouteReaches.HoldAsync(turn);
                    await turn.Db.ExecuteAsync(
                        "INSERT INTO route_table (owner, version, routes) VALUES (@owner, 0, '[]') ON CONFLICT (owner) DO NOTHING",
                        ("@owner", by.Principal));
                }

                var standing = await FindAsync(turn.Db, by.Principal, dryRun ? "" : turn.Engine.LockRow);
                var sources = await RouteReaches.SourcesAsync(turn.Db, by.Principal, standing: false);
                var faults = await FaultsAsync(turn, routes, sources, by);
                var accounts = await RouteAccounts.AskAsync(turn, routes, by);
                faults.AddRange(accounts.Faults);
                var changes = faults.Count > 0 ? [] : RouteChanges.Between(standing.Routes, routes);
                var open = faults.Count > 0 ? [] : await RouteReaches.OpenAsync(turn.Db, routes, sources);
                var ending = faults.Count > 0 ? [] : await EndingAsync(turn, standing.Reach.Except(open.Keys));
                if (dryRun || faults.Count > 0
                    || (changes.Count == 0 && open.Keys.ToHashSet().SetEquals(standing.Reach) && await StandAsync(turn.Db, by.Principal, routes, sources)))
                {
                    return new RoutesOutcome(!dryRun && faults.Count == 0, changes.Count > 0 ? [.. changes, .. accounts.Others] : changes, faults) { Ending = ending };
                }

                await WriteAsync(turn, by.Principal, standing.Version + 1, routes, sources);
                await RouteReaches.WriteAsync(turn, by.Principal, standing.Version + 1, routes, sources, open);
                await turn.AuditAsync(by.Identity.Value, "routes.apply", by.Principal, string.Join("; ", changes));
                return new RoutesOutcome(true, changes.Count > 0 ? [.. changes, .. accounts.Others] : changes, []) { Ending = ending };
            },
            ct);

    /// <summary>Writes down why an event went where it went.</summary>
    public Task NoteAsync(long eventId, string note, CancellationToken ct) =>
        engine.TurnAsync(
            turn => turn.Db.ExecuteAsync(
                "INSERT INTO event_note (event_id, at, note) VALUES (@event, @now, @note)", ("@event", eventId), ("@now", turn.NowMs), ("@note", note)),
            ct);

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
        await RouteReaches.RaiseAsync(turn, await turn.Db.RowsAsync(
            "SELECT session_id FROM route WHERE source = @source UNION SELECT session_id FROM route_reach WHERE source = @source",
            r => r.GetString(0),
            ("@source", source)));
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
                [.. (JsonSerializer.Deserialize(table.Routes, ApiJson.Default.IReadOnlyListRoute) ?? []).Select(Read)],
                await db.RowsAsync(
                    "SELECT source, session_id FROM route_reach WHERE owner = @owner AND version >= 0",
                    r => new RouteReach(r.GetString(0), r.GetString(1)),
                    ("@owner", owner)));
    }

    private static async Task<List<RouteFault>> FaultsAsync(Turn turn, IReadOnlyList<Route> routes, IReadOnlyList<RouteSource> own, Caller by)
    {
        var known = own.ToDictionary(source => source.Name);
        var lists = new Dictionary<string, AccessList?>();
        var faults = new List<RouteFault>();
        for (var i = 0; i < routes.Count; i++)
        {
            var (place, route) = (i, routes[i]);
            var unknown = route.Sources().Where(source => !known.ContainsKey(source));
            faults.AddRange(unknown.Select(source => new RouteFault(place, $"You have no source '{source}'. See: cluster source list.", "when.source")));

            var sources = route.Sources().Where(known.ContainsKey).Select(source => known[source]).ToList();
            foreach (var session in route.Sessions())
            {
                if (!lists.TryGetValue(session, out var access))
                {
                    lists[session] = access = await AccessStore.FindAsync(turn.Db, SessionId.Parse(session));
                }

                if (access?.May(by.Identity, Act.Own) != true && Fault(SessionId.Parse(session), access is not null, route.Sources().Count > 0, sources, by) is { } fault)
                {
                    faults.Add(new RouteFault(i, fault, session == route.To ? "to" : session == route.Otherwise ? "otherwise" : "escalate"));
                }
            }

            faults.AddRange(sources.SelectMany(source => RouteRules.Writable(route, source.Name, source.Kind, source.HasHosts))
                .Select(fault => new RouteFault(place, fault.Text, fault.Part)));
            if (sources.Count == route.Sources().Count)
            {
                faults.AddRange(RouteRules.NeverMet(route, [.. sources.Select(source => (source.Name, source.Kind))]).Select(fault => new RouteFault(place, fault.Text, fault.Part)));
            }

            faults.AddRange(sources.Select(source => Fault(route.Repository, source)).OfType<string>().Select(text => new RouteFault(place, text, "to")));
        }

        return faults;
    }

    // Of one who is not listed, or did not accept, nothing is said but that.
    private static string? Fault(SessionId session, bool exists, bool namesSources, List<RouteSource> sources, Caller by)
    {
        if (session.Owner != by.Principal && !namesSources)
        {
            return null; // of which source it would reach another's session is not known, and that it names none is told already
        }

        if (session.Owner == by.Principal || sources.Count == 0)
        {
            return $"You have no session '{session}'. See: cluster sessions.";
        }

        if (sources.Find(source => !source.Owners.Contains(session.Owner)) is { } source)
        {
            return $"You have no session '{session}'. A route reaches others' sessions when their owner is listed on its source and has accepted: "
                + $"you say `cluster source owners {source.Name} --add {session.Owner}`, then {session.Owner} says `cluster source accept {source.Name}`.";
        }

        return exists ? null : $"{session.Owner} has no session '{session}'.";
    }

    private static string? Fault(string? repository, RouteSource source) =>
        repository is null || WebhookSenders.Find(source.Kind) is { TellsRepository: true } ? null
        : repository == RoutePlaces.OfEvent
            ? $"Events of source '{source.Name}' ({source.Kind}) do not say which repository they are about; name it, with its host: {{ repository: github.com/owner/name }}."
        : RoutePlaces.HasHost(repository) ? null
        : $"Events of source '{source.Name}' ({source.Kind}) do not say on which host '{repository}' is; write it in front, such as github.com/{repository}.";

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
                   WHERE d.session_id = @session AND d.state = 'held' AND d.held_limit > 0)
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

    private static async Task WriteAsync(Turn turn, string owner, long version, IReadOnlyList<Route> routes, IReadOnlyList<RouteSource> sources)
    {
        await turn.Db.ExecuteAsync(
            "UPDATE route_table SET version = @version, routes = @routes WHERE owner = @owner",
            ("@version", version),
            ("@routes", JsonSerializer.Serialize([.. routes.Select(route => Written(route, sources))], ApiJson.Default.IReadOnlyListRoute)),
            ("@owner", owner));
        await turn.Db.ExecuteAsync("DELETE FROM route_source WHERE owner = @owner", ("@owner", owner));
        await ManyRows.InsertAsync(
            turn.Db, "INSERT INTO route_source (path, owner)", "", [.. Paths(routes, sources).Select(path => (object?[])[path, owner])]);
    }

    // Whether what is written of the sources for which the routes stand is just these.
    private static async Task<bool> StandAsync(EngineConnection db, string owner, IReadOnlyList<Route> routes, IReadOnlyList<RouteSource> sources) =>
        Paths(routes, sources).SetEquals(await db.RowsAsync("SELECT path FROM route_source WHERE owner = @owner", r => r.GetString(0), ("@owner", owner)));

    private static HashSet<string> Paths(IReadOnlyList<Route> routes, IReadOnlyList<RouteSource> sources)
    {
        var named = routes.SelectMany(route => route.Sources()).ToHashSet();
        return [.. sources.Where(source => named.Contains(source.Name)).Select(source => source.Path)];
    }

    // A node of the release before reads no route without a session. It gets the one where events wait that nobody works on.
    private static Route Written(Route route, IReadOnlyList<RouteSource> sources) =>
        route.Repository is null ? route
            : route with { To = route.Otherwise ?? sources.FirstOrDefault(source => route.Sources().Contains(source.Name))?.Own };

    private static Route Read(Route route) => route.Repository is null ? route : route with { To = null };
}
