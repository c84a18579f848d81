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
    private string? _path;
    private string? _source;
    private long _version;

    private NextSession()
    {
    }

    public SessionId Session { get; private init; }

    /// <param name="turn">The turn; it holds the rows of both sessions.</param>
    /// <param name="from">The first session.</param>
    /// <param name="eventId">The event.</param>
    /// <param name="route">Its route as it stands.</param>
    /// <param name="version">The version of the routes.</param>
    public static async Task<NextSession> HoldAsync(Turn turn, SessionId from, long eventId, Route? route, long version)
    {
        if (route?.Escalate?.To is not { } to || to == from.ToString())
        {
            return new NextSession();
        }

        var session = SessionId.Parse(to);
        var access = await AccessStore.HoldAsync(turn, session);
        var source = await turn.Db.RowAsync(
            "SELECT s.name, s.path FROM event e JOIN source s ON e.sender = 'source:' || s.name AND s.owner = @owner WHERE e.id = @event",
            r => new { Name = r.GetString(0), Path = r.GetString(1) },
            ("@owner", from.Owner),
            ("@event", eventId));
        return new NextSession { Session = session, _access = access, _source = source?.Name, _path = source?.Path, _version = version };
    }

    /// <summary>Why the session may not have it; null when it may.</summary>
    public async Task<string?> WhyNotAsync(Turn turn, int mailboxLimit) =>
        _access is null ? "there is no such session any more"
        : _source is null || _path is null ? "its source is gone"
        : !_access.May(Identity.Source(_source), Act.Talk) || !_access.RuledPaths.TryGetValue(_path, out var rules) || rules != _version
            ? $"source {_source} has no way there any more; apply the routes again"
        : await Notes.IsFullAsync(turn, Session, mailboxLimit) ? $"its mailbox is full: {mailboxLimit} messages wait there"
        : null;

    /// <summary>Puts the same event into this session's mailbox; where it was first it ends, unless it is on its way to a client.</summary>
    public async Task PassOnAsync(Turn turn, Watched watched)
    {
        var from = ("@from", (object?)watched.Session.ToString());
        var eventId = ("@event", (object?)watched.EventId);
        await turn.Db.ExecuteAsync(
            """
            INSERT INTO delivery (session_id, event_id, chat_id, priority, state, attempts, queued_at, expires_at, hops)
            SELECT @to, event_id, chat_id, priority, 'queued', 0, @now, @expires, hops FROM delivery WHERE session_id = @from AND event_id = @event
            ON CONFLICT (session_id, event_id) DO NOTHING
            """,
            ("@to", Session.ToString()),
            ("@now", turn.NowMs),
            ("@expires", (turn.Now + DeliveryRules.KeepWaiting).ToUnixTimeMilliseconds()),
            from,
            eventId);
        await turn.Db.ExecuteAsync(
            "UPDATE delivery SET state = 'dead', reason = @reason WHERE session_id = @from AND event_id = @event AND state = 'queued'",
            ("@reason", DeliveryRules.Escalated),
            from,
            eventId);
        await turn.AuditAsync("node", "event.escalate", Session.ToString(), $"{watched.EventId} of {watched.Session}");
        turn.Wake(watched.Session.ToString());
        turn.Wake(Session.ToString());
    }
}
