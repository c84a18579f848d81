using System.Collections.Concurrent;
using Cluster.Core;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Routes;

namespace Cluster.Storage.Watches;

/// <summary>Looks after events beside their delivery, as their routes say by now: people are told, and what nobody receives in time goes to the
/// next session. Each step is one turn that moves the time of the next one, so it happens once, whoever comes.</summary>
public sealed class WatchStore(Engine engine, MailboxLimits limits)
{
    /// <summary>What the loop of the same node is woken by.</summary>
    public const string Topic = "watch";

    private const int MostKnown = 1_000; // people's routes

    private static readonly TimeSpan TryAgain = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, StandingRoutes> _known = new();

    /// <summary>What is due, the oldest first. Where that is more than is asked for, each session has its turn, and what goes on to another one
    /// comes before what people are only told of: a storm in one does not keep the others waiting.</summary>
    public async Task<List<(SessionId Session, long EventId)>> DueAsync(int most, CancellationToken ct)
    {
        var due = await DueAsync(Oldest, most, ct);
        return due.Count < most ? due : await DueAsync(InTurns, most, ct);
    }

    private Task<List<(SessionId Session, long EventId)>> DueAsync(string which, int most, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                which,
                r => (SessionId.Parse(r.GetString(0)), r.GetInt64(1)),
                ("@now", engine.Clock.GetUtcNow().ToUnixTimeMilliseconds()),
                ("@most", most)),
            ct);

    private const string IsDue = "watch_at IS NOT NULL AND watch_at <= @now AND state <> 'held'";

    private const string Oldest = $"SELECT session_id, event_id FROM delivery WHERE {IsDue} ORDER BY watch_at LIMIT @most";

    private const string InTurns = $"""
        SELECT session_id, event_id FROM (
          SELECT session_id, event_id, watch_at, COALESCE(told, 0) AS told,
            ROW_NUMBER() OVER (PARTITION BY session_id ORDER BY COALESCE(told, 0) DESC, watch_at, event_id) AS place
          FROM delivery WHERE {IsDue}) AS due
        ORDER BY place, told DESC, watch_at, event_id LIMIT @most
        """;

    /// <summary>What cannot be looked after is tried again a while later, and the rest is not kept waiting by it.</summary>
    public Task PutOffAsync(SessionId session, long eventId, CancellationToken ct) =>
        engine.TurnAsync(
            turn => turn.Db.ExecuteAsync(
                "UPDATE delivery SET watch_at = @later WHERE session_id = @session AND event_id = @event AND watch_at <= @now",
                ("@later", (turn.Now + TryAgain).ToUnixTimeMilliseconds()),
                ("@now", turn.NowMs),
                ("@session", session.ToString()),
                ("@event", eventId)),
            ct);

    /// <returns>False when somebody else did it.</returns>
    public Task<bool> LookAfterAsync(SessionId session, long eventId, CancellationToken ct) =>
        engine.TurnAsync(turn => LookAfterAsync(turn, session, eventId), ct);

    private async Task<bool> LookAfterAsync(Turn turn, SessionId session, long eventId)
    {
        // Where it may go is read before any row is held, since sessions' rows are held in their order.
        var origin = await WatchedOrigin.FindAsync(turn.Db, eventId);
        var standing = origin is null ? new StandingRoutes(0, [], []) : await StandingAsync(turn, origin.Owner);
        var route = standing.Routes.FirstOrDefault(one => one.Name == origin?.Route);
        foreach (var held in new[] { session.ToString(), route?.Escalate?.To }.OfType<string>().Distinct().Order(StringComparer.Ordinal))
        {
            await turn.Db.NumberAsync("SELECT epoch FROM session WHERE id = @session" + engine.LockRow, ("@session", held));
        }

        if (origin is not null && (await StandingAsync(turn, origin.Owner)).Version != standing.Version)
        {
            return true; // the routes have changed before the rows were held; it is still due
        }

        // The next session's list is held before the delivery, as those who send hold them.
        var next = await NextSession.HoldAsync(turn, session, origin, route, standing.Version);
        if (await turn.Db.NumberAsync(
            "SELECT watch_at FROM delivery WHERE session_id = @session AND event_id = @event AND watch_at <= @now AND state <> 'held'" + engine.LockRow,
            ("@session", session.ToString()),
            ("@event", eventId),
            ("@now", turn.NowMs)) is not { } due)
        {
            return false;
        }

        var watched = await turn.Db.RowAsync(
            """
            SELECT d.state, d.told, e.body FROM delivery d LEFT JOIN event e ON e.id = d.event_id
            WHERE d.session_id = @session AND d.event_id = @event
            """,
            r => new Watched(session, eventId, r.GetString(0), !r.IsDBNull(1), r.IsDBNull(2) ? null : r.Bytes(2)),
            ("@session", session.ToString()),
            ("@event", eventId));

        // One that waits for nothing any more, and one whose route is gone, is left alone.
        if (!watched!.Went || route is null || watched.Body is null)
        {
            return await NextLookAsync(turn, watched, null, watched.Told);
        }

        if (!watched.Told)
        {
            await NoticeStore.TellAsync(turn, watched, route.Notify, watched.Session, [watched.Session], unreceived: null);
            var from = DateTimeOffset.FromUnixTimeMilliseconds(due);
            return await NextLookAsync(turn, watched, route.Escalate is { } later && watched.IsOpen ? from + later.After : null, told: true);
        }

        if (route.Escalate is { } escalation && watched.IsOpen)
        {
            await EscalateAsync(turn, watched, escalation, next);
        }

        return await NextLookAsync(turn, watched, null, told: true);
    }

    private async Task EscalateAsync(Turn turn, Watched watched, RouteEscalation escalation, NextSession next)
    {
        var late = $"not received in {Duration.Write(escalation.After)}";
        var has = watched.Session;
        if (next.Session is not { } session)
        {
            await NoticeStore.NoteAsync(turn, watched.EventId, late);
        }
        else if (await next.WhyNotAsync(turn, limits.Waiting) is { } why)
        {
            await NoticeStore.NoteAsync(turn, watched.EventId, $"{late}; not passed on to {escalation.To}: {why}");
        }
        else
        {
            has = session;
            await next.PassOnAsync(turn, watched);
            await NoticeStore.NoteAsync(turn, watched.EventId, $"{late}; passed on to {escalation.To}");
        }

        // Who comes next is told wherever it is now: by the right to watch either session.
        await NoticeStore.TellAsync(
            turn,
            has == watched.Session ? watched : watched with { State = "queued" },
            escalation.Notify,
            has,
            [.. new[] { has, watched.Session, next.Session ?? has }.Distinct()],
            escalation.After);
    }

    private static async Task<bool> NextLookAsync(Turn turn, Watched watched, DateTimeOffset? at, bool told)
    {
        await turn.Db.ExecuteAsync(
            "UPDATE delivery SET watch_at = @at, told = @told WHERE session_id = @session AND event_id = @event",
            ("@at", at?.ToUnixTimeMilliseconds()),
            ("@told", told ? 1 : null),
            ("@session", watched.Session.ToString()),
            ("@event", watched.EventId));
        return true;
    }

    // Read again only when their version has grown: there may be a thousand of them, and an event a moment.
    private async Task<StandingRoutes> StandingAsync(Turn turn, string owner)
    {
        var version = await turn.Db.NumberAsync("SELECT version FROM route_table WHERE owner = @owner", ("@owner", owner)) ?? 0;
        if (_known.TryGetValue(owner, out var known) && known.Version == version)
        {
            return known;
        }

        if (_known.Count >= MostKnown)
        {
            _known.Clear();
        }

        return _known[owner] = await RouteStore.FindAsync(turn.Db, owner, "");
    }
}

/// <summary>An event in one session, as it is looked after.</summary>
/// <param name="Session">The session.</param>
/// <param name="EventId">The event.</param>
/// <param name="State">Of the delivery.</param>
/// <param name="Told">People were told of it.</param>
/// <param name="Body">Packed; null when the event is forgotten.</param>
internal sealed record Watched(SessionId Session, long EventId, string State, bool Told, byte[]? Body)
{
    /// <summary>Not received yet.</summary>
    public bool IsOpen => State is "queued" or "sent";

    /// <summary>On its way, or there.</summary>
    public bool Went => IsOpen || State is "received" or "answered";
}
