using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Watches;

/// <summary>The session that an event goes to when the first one does not receive it, and whether it may have it, on its allowlist as it will
/// still be when the turn commits.</summary>
internal sealed class NextSession
{
    private AccessList? _access;
    private WatchedOrigin? _origin;
    private long _version;

    private NextSession()
    {
    }

    /// <summary>Null when the route names none, or the first one itself.</summary>
    public SessionId? Session { get; private init; }

    /// <param name="turn">The turn; it holds the rows of both sessions.</param>
    /// <param name="from">The first session.</param>
    /// <param name="origin">Where the event came from.</param>
    /// <param name="route">Its route as it stands.</param>
    /// <param name="version">The version of the routes.</param>
    public static async Task<NextSession> HoldAsync(Turn turn, SessionId from, WatchedOrigin? origin, Route? route, long version)
    {
        if (route?.Escalate?.To is not { } to || to == from.ToString())
        {
            return new NextSession();
        }

        var session = SessionId.Parse(to);
        var access = await AccessStore.HoldAsync(turn, session);
        return new NextSession { Session = session, _access = access, _origin = origin, _version = version };
    }

    /// <summary>Why the session may not have it; null when it may.</summary>
    public async Task<string?> WhyNotAsync(Turn turn, int mailboxLimit) =>
        _access is null || Session is not { } session ? "there is no such session any more"
        : _origin is null ? "its source is gone"
        : !_access.May(Identity.Source(_origin.Source), Act.Talk) || !_access.RuledPaths.TryGetValue(_origin.Path, out var rules) || rules != _version
            ? $"source {_origin.Source} has no way there any more; apply the routes again"
        : await Notes.IsFullAsync(turn, session, mailboxLimit) ? $"its mailbox is full: {mailboxLimit} messages wait there"
        : null;

    /// <summary>Puts the same event into this session's mailbox, with what a recovery finds it by; where it was first it ends, unless it is on its way to a client.</summary>
    public async Task PassOnAsync(Turn turn, Watched watched)
    {
        var to = $"{Session}";
        var from = ("@from", (object?)watched.Session.ToString());
        var eventId = ("@event", (object?)watched.EventId);
        await turn.Db.ExecuteAsync(
            """
            INSERT INTO delivery (session_id, event_id, chat_id, priority, state, attempts, queued_at, expires_at, hops, subject, subject_step)
            SELECT @to, event_id, chat_id, priority, 'queued', 0, @now, @expires, hops, subject, subject_step FROM delivery WHERE session_id = @from AND event_id = @event
            ON CONFLICT (session_id, event_id) DO NOTHING
            """,
            ("@to", to),
            ("@now", turn.NowMs),
            ("@expires", (turn.Now + DeliveryRules.KeepWaiting).ToUnixTimeMilliseconds()),
            from,
            eventId);
        await turn.Db.ExecuteAsync(
            "UPDATE delivery SET state = 'dead', reason = @reason WHERE session_id = @from AND event_id = @event AND state = 'queued'",
            ("@reason", DeliveryRules.Escalated),
            from,
            eventId);
        await turn.AuditAsync("node", "event.escalate", to, $"{watched.EventId} of {watched.Session}");
        turn.Wake(watched.Session.ToString());
        turn.Wake(to);
    }
}
