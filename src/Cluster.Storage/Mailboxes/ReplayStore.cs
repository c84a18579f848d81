using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Mailboxes;

/// <summary>What became of a wish to replay an event.</summary>
public abstract record ReplayOutcome
{
    private ReplayOutcome()
    {
    }

    public sealed record Done(long EventId, SessionId Session) : ReplayOutcome;

    /// <summary>Unknown, or not the caller's to replay: one answer for both.</summary>
    public sealed record NoSuchEvent : ReplayOutcome;

    /// <summary>The other session is unknown, or not the caller's.</summary>
    public sealed record NoSuchSession : ReplayOutcome;

    /// <summary>Why not, as a sentence for a person.</summary>
    public sealed record Refused(string Why) : ReplayOutcome;
}

/// <summary>Appends an event again as a new one. It has no dedupe keys, so nothing takes it for the first one.</summary>
public sealed class ReplayStore(Engine engine, MailboxLimits limits)
{
    /// <param name="eventId">The event.</param>
    /// <param name="to">The session that shall have it; null for the one that had it.</param>
    /// <param name="by">Who asks: the owner of both.</param>
    /// <param name="ct">Cancels.</param>
    public Task<ReplayOutcome> ReplayAsync(long eventId, SessionId? to, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                foreach (var session in await EventLives.SessionsAsync(turn.Db, eventId, by.Identity))
                {
                    // One that the caller may only watch is as good as none.
                    if (await AccessStore.FindAsync(turn.Db, session) is { } from && from.May(by.Identity, Act.Own))
                    {
                        return await ReplayAsync(turn, eventId, from, to ?? session, by.Identity, once: false);
                    }
                }

                return new ReplayOutcome.NoSuchEvent();
            },
            ct);

    /// <summary>Replays in their own session, each in a turn of its own, what ended in this state and was not cancelled, passed on or replayed before.</summary>
    /// <param name="session">The session.</param>
    /// <param name="state"><c>dead</c> or <c>expired</c>.</param>
    /// <param name="since">Only what came in after this.</param>
    /// <param name="go">False to find only.</param>
    /// <param name="by">Who asks.</param>
    /// <param name="ct">Cancels; what is replayed stays.</param>
    /// <returns>Null when there is no such session, or when it is not the caller's.</returns>
    public async Task<Redriven?> RedriveAsync(SessionId session, string state, DateTimeOffset since, bool go, Caller by, CancellationToken ct)
    {
        if (await engine.ReadAsync(db => AccessStore.FindAsync(db, session), ct) is not { } access || !access.May(by.Identity, Act.Own))
        {
            return null;
        }

        var found = await EndedAsync(session, state, since, ct);
        var result = new Redriven { Found = Math.Min(found.Count, Redriven.Most), More = found.Count > Redriven.Most, Replayed = [], Refused = [] };
        if (!go)
        {
            return result;
        }

        var (replayed, refused) = (new List<Replayed>(), new List<RedriveRefusal>());
        foreach (var id in found.Take(Redriven.Most))
        {
            switch (await AgainAsync(session, id, by, ct))
            {
                case ReplayOutcome.Done(var again, _):
                    replayed.Add(new Replayed { EventId = again.ToString(), ReplayOf = id.ToString(), Session = session.ToString() });
                    break;
                case ReplayOutcome.Refused(var why):
                    refused.Add(new RedriveRefusal { EventId = id.ToString(), Why = why });
                    break;
            }
        }

        return result with { Replayed = replayed, Refused = refused };
    }

    private Task<ReplayOutcome> AgainAsync(SessionId session, long eventId, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                return await AccessStore.FindAsync(turn.Db, session) is { } from && from.May(by.Identity, Act.Own)
                    ? await ReplayAsync(turn, eventId, from, session, by.Identity, once: true)
                    : new ReplayOutcome.NoSuchEvent();
            },
            ct);

    private Task<List<long>> EndedAsync(SessionId session, string state, DateTimeOffset since, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                """
                SELECT d.event_id FROM delivery d JOIN event e ON e.id = d.event_id AND e.kind <> 'verdict'
                WHERE d.session_id = @session AND d.state IN ('dead', 'expired') AND d.state = @state AND d.event_id > 0 AND d.queued_at > @since
                  AND (d.reason IS NULL OR d.reason NOT IN (@cancelled, @escalated))
                  AND NOT EXISTS (SELECT 1 FROM replay r WHERE r.replay_of = d.event_id)
                ORDER BY d.event_id LIMIT @most
                """,
                r => r.GetInt64(0),
                ("@session", session.ToString()),
                ("@state", state),
                ("@since", since.ToUnixTimeMilliseconds()),
                ("@cancelled", DeliveryRules.Cancelled),
                ("@escalated", DeliveryRules.Escalated),
                ("@most", Redriven.Most + 1)),
            ct);

    private async Task<ReplayOutcome> ReplayAsync(Turn turn, long eventId, AccessList from, SessionId to, Identity by, bool once)
    {
        // The row of the session that gets it is held: two who redrive at the same time do not both replay the same event.
        await turn.Db.NumberAsync("SELECT epoch FROM session WHERE id = @session" + engine.LockRow, ("@session", to.ToString()));
        if (await AccessStore.HoldAsync(turn, to) is not { } access || !access.May(by, Act.Own))
        {
            return new ReplayOutcome.NoSuchSession();
        }

        if (once && await turn.Db.NumberAsync("SELECT 1 FROM replay WHERE replay_of = @event LIMIT 1", ("@event", eventId)) is not null)
        {
            return new ReplayOutcome.Refused($"Event {eventId} was replayed by somebody else at this moment.");
        }

        if (await ReadAsync(turn, eventId, from, access, by) is not { } stored)
        {
            return new ReplayOutcome.NoSuchEvent(); // forgotten
        }

        if (ReplayRules.Refuse(stored.Wish, out var replay) is { } why)
        {
            return new ReplayOutcome.Refused(why);
        }

        if (await Notes.IsFullAsync(turn, to, limits.Waiting))
        {
            return new ReplayOutcome.Refused($"The mailbox of {to} is full: {limits.Waiting} messages wait. Start the session, or cancel some.");
        }

        var submission = new Submission
        {
            Session = to,
            Sender = replay.Sender,
            AccessVersion = access.Version,
            Kind = stored.Wish.Kind,
            ChatId = replay.ChatId,
            Name = stored.Name,
            Trust = replay.Trust,
            Body = "", // written as it stands, packed
            Hops = stored.Hops,
            At = turn.Now,
            Verified = stored.Verified,
        };
        var id = await turn.TakeIdAsync();
        await EventRows.InsertAsync(turn, submission, stored.Body, stored.Payload, id);
        await turn.Db.ExecuteAsync(
            "INSERT INTO replay (event_id, replay_of, at) VALUES (@id, @first, @now)", ("@id", id), ("@first", eventId), ("@now", turn.NowMs));
        await NoteAsync(turn, id, $"replay of {eventId} by {by}");
        await NoteAsync(turn, eventId, $"replayed as {id} by {by}");
        await turn.AuditAsync(by.Value, "event.replay", to.ToString(), $"{id} replay of {eventId} of {from.Session}");
        turn.Wake(to.ToString());
        turn.Show(from.Session.ToString());
        return new ReplayOutcome.Done(id, to);
    }

    private static Task<Stored?> ReadAsync(Turn turn, long eventId, AccessList from, AccessList to, Identity by) =>
        turn.Db.RowAsync(
            """
            SELECT e.kind, e.sender, e.chat_id, e.trust, d.state, d.reason, e.name, e.body, e.payload, d.hops, e.verified
            FROM delivery d JOIN event e ON e.id = d.event_id WHERE d.session_id = @session AND d.event_id = @event
            """,
            r => new Stored(
                new ReplayWish
                {
                    EventId = eventId,
                    Kind = Enum.Parse<EventKind>(r.GetString(0), ignoreCase: true),
                    Sender = new Identity(r.GetString(1)),
                    ChatId = r.GetString(2),
                    Trust = r.GetString(3),
                    State = r.GetString(4),
                    Reason = r.TextOrNull(5),
                    From = from,
                    To = to,
                    By = by,
                },
                r.GetString(6),
                r.Bytes(7),
                r.IsDBNull(8) ? null : r.Bytes(8),
                (int?)r.NumberOrNull(9),
                r.TextOrNull(10)),
            ("@session", from.Session.ToString()),
            ("@event", eventId));

    private static Task<int> NoteAsync(Turn turn, long eventId, string note) =>
        turn.Db.ExecuteAsync(
            "INSERT INTO event_note (event_id, at, note) VALUES (@event, @now, @note)", ("@event", eventId), ("@now", turn.NowMs), ("@note", note));

    private sealed record Stored(ReplayWish Wish, string Name, byte[] Body, byte[]? Payload, int? Hops, string? Verified);
}
