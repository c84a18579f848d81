using System.Data.Common;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Mailboxes;

/// <summary>What a stream gets when it asks for the next batch.</summary>
public abstract record NextBatch
{
    private NextBatch()
    {
    }

    /// <summary>Marked sent; write these, then the ping with this id.</summary>
    public sealed record Ready(BatchId Id, IReadOnlyList<Delivery> Deliveries) : NextBatch;

    public sealed record Empty : NextBatch;

    /// <summary>The batch before is not confirmed yet; one at a time.</summary>
    public sealed record Unconfirmed : NextBatch;

    /// <summary>The epoch has passed, or the MCP session has ended.</summary>
    public sealed record Stale : NextBatch;
}

/// <summary>How things stand for one stream.</summary>
/// <param name="Alive">Its MCP session has not ended.</param>
/// <param name="Replaced">Its MCP session has a newer stream.</param>
/// <param name="Attached">Its epoch is the session's, and its MCP session names it: a node that was taken for dead has lost that.</param>
/// <param name="Waiting">Something waits to be sent.</param>
/// <param name="Unconfirmed">What was sent under this epoch is not confirmed yet.</param>
public sealed record StreamOutlook(bool Alive, bool Replaced, bool Attached, bool Waiting, bool Unconfirmed);

/// <summary>Proof that a client has read one batch.</summary>
public sealed record Confirmation(SessionId Session, string McpSession, BatchId Batch);

/// <summary>The way of a delivery from the mailbox to a client: sent under an epoch and batch, confirmed by exactly these.</summary>
public sealed class MailboxStore(Engine engine)
{
    /// <summary>Characters of one batch, by its content; a batch is repeated whole when its confirmation is lost.</summary>
    internal const int MaxBatchLength = 512 * 1024;

    private const string Late = "expired: no client took it in time";

    private const int MostSwept = 2_000; // rows of each kind in one turn

    // A sender takes back, a sweep ends and a client confirms without holding the session: what was seen waiting may not wait any more.
    private const string StillWaits = "state IN ('queued', 'sent') AND (state = 'queued' OR epoch < @epoch)";

    /// <summary>Takes what waits, or was sent under an older epoch and never confirmed, in priority and id order.</summary>
    /// <param name="session">The session.</param>
    /// <param name="mcpSession">The MCP session that is attached; a verdict goes only to the one that asked for it.</param>
    /// <param name="batch">The attachment's epoch, and the number that this batch shall have: no two under one epoch have the same.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<NextBatch> TakeAsync(SessionId session, string mcpSession, BatchId batch, CancellationToken ct) =>
        (engine is PostgresEngine postgres ? await postgres.Gathered.Takes.AddAsync(new Take(session, mcpSession, batch), ct) : null)
        ?? await TakeInTurnAsync(session, mcpSession, batch, ct);

    private Task<NextBatch> TakeInTurnAsync(SessionId session, string mcpSession, BatchId batch, CancellationToken ct) =>
        engine.TurnAsync<NextBatch>(
            async turn =>
            {
                var id = ("@session", (object?)session.ToString());
                var held = await turn.Db.RowAsync(
                    "SELECT epoch, paused_until FROM session WHERE id = @session" + engine.LockRow, r => new { Epoch = r.GetInt64(0), PausedUntil = r.TimeOrNull(1) }, id);
                if (held?.Epoch != batch.Epoch
                    || await turn.Db.NumberAsync("SELECT 1 FROM mcp_session WHERE id = @mcp" + engine.ShareRow, ("@mcp", mcpSession)) is null)
                {
                    return new NextBatch.Stale();
                }

                if (await turn.Db.NumberAsync(
                    "SELECT 1 FROM delivery WHERE session_id = @session AND epoch = @epoch AND state = 'sent' AND epoch > 0 LIMIT 1",
                    id,
                    ("@epoch", batch.Epoch)) is not null)
                {
                    return new NextBatch.Unconfirmed();
                }

                // An allowlist that changes waits for this turn, and everything after it is sent on the new one.
                await turn.Db.NumberAsync("SELECT version FROM access WHERE session_id = @session" + engine.ShareRow, id);
                var waiting = await WaitingAsync(turn, session, batch.Epoch, verdictsOnly: held.PausedUntil > turn.Now);
                if (waiting.Count == 0 || await AccessStore.FindAsync(turn.Db, session) is not { } access)
                {
                    return new NextBatch.Empty();
                }

                var ready = new List<Delivery>(waiting.Count);
                var length = 0;
                foreach (var (delivery, expiresAt) in waiting)
                {
                    switch (DeliveryRules.Judge(delivery.Kind, delivery.Sender, expiresAt, access, turn.Now))
                    {
                        case Judgement.Expire:
                            await EndAsync(turn, session, delivery, batch.Epoch, "expired", null);
                            break;
                        case Judgement.Kill(var reason):
                            await EndAsync(turn, session, delivery, batch.Epoch, "dead", reason);
                            break;
                        case Judgement.Send when delivery.Kind == EventKind.Verdict && !await AskedAsync(turn, delivery.EventId, mcpSession):
                            await EndAsync(turn, session, delivery, batch.Epoch, "dead", DeliveryRules.Superseded);
                            break;
                        case Judgement.Send when length > MaxBatchLength:
                            break; // the next batch takes it
                        case Judgement.Send:
                            if (await turn.Db.ExecuteAsync(
                                $"""
                                UPDATE delivery SET state = 'sent', epoch = @epoch, batch = @batch, attempts = attempts + 1, sent_at = @now
                                WHERE session_id = @session AND event_id = @event AND {StillWaits}
                                """,
                                ("@epoch", batch.Epoch),
                                ("@batch", batch.Batch),
                                ("@now", turn.NowMs),
                                id,
                                ("@event", delivery.EventId)) > 0)
                            {
                                length += delivery.Body.Length;
                                ready.Add(delivery);
                            }

                            break;
                    }
                }

                turn.Show(session.ToString());
                return ready.Count == 0 ? new NextBatch.Empty() : new NextBatch.Ready(batch, ready);
            },
            ct);

    /// <summary>A cheap look, outside any turn, at whether a stream has something to do.</summary>
    public Task<StreamOutlook> LookAsync(SessionId session, string mcpSession, string stream, long epoch, CancellationToken ct) =>
        engine is PostgresEngine postgres ? postgres.Gathered.Looks.AddAsync(new Look(session, mcpSession, stream, epoch), ct) : engine.ReadAsync(
            async db => (await db.RowAsync(
                """
                SELECT
                  EXISTS (SELECT 1 FROM mcp_session WHERE id = @mcp),
                  EXISTS (SELECT 1 FROM mcp_session WHERE id = @mcp AND stream IS NOT NULL AND stream <> @stream),
                  EXISTS (SELECT 1 FROM session WHERE id = @session AND epoch = @epoch)
                    AND EXISTS (SELECT 1 FROM mcp_session WHERE id = @mcp AND stream = @stream),
                  EXISTS (SELECT 1 FROM delivery d JOIN session s ON s.id = d.session_id
                    WHERE d.session_id = @session AND d.state IN ('queued', 'sent') AND d.priority >= 0 AND (d.state = 'queued' OR d.epoch < @epoch)
                      AND d.priority <= CASE WHEN s.paused_until > @now THEN 0 ELSE 9 END
                      AND (s.paused_until IS NULL OR s.paused_until <= @now OR (SELECT e.kind FROM event e WHERE e.id = d.event_id) = 'verdict')),
                  EXISTS (SELECT 1 FROM delivery WHERE session_id = @session AND epoch = @epoch AND state = 'sent' AND epoch > 0)
                """,
                ReadOutlook,
                ("@mcp", mcpSession),
                ("@stream", stream),
                ("@session", session.ToString()),
                ("@epoch", epoch),
                ("@now", engine.Clock.GetUtcNow().ToUnixTimeMilliseconds())))!,
            ct);

    internal static StreamOutlook ReadOutlook(DbDataReader r) =>
        new(r.GetBoolean(0), r.GetBoolean(1), r.GetBoolean(2), r.GetBoolean(3), r.GetBoolean(4));

    /// <summary>Confirms exactly the rows of each session, epoch and batch that went to that MCP session.</summary>
    /// <returns>Which confirmations changed something.</returns>
    public Task<IReadOnlyList<bool>> ConfirmAsync(IReadOnlyList<Confirmation> confirmations, CancellationToken ct) =>
        engine is PostgresEngine postgres ? PostgresConfirms.ConfirmAsync(postgres, confirmations, ct) : engine.TurnAsync<IReadOnlyList<bool>>(
            async turn =>
            {
                var changed = new bool[confirmations.Count];
                for (var i = 0; i < changed.Length; i++)
                {
                    changed[i] = await ConfirmAsync(turn, confirmations[i]);
                }

                return changed;
            },
            ct);

    /// <summary>Takes back a message that still waits. A verdict stands once it is given.</summary>
    /// <returns>False when it does not wait any more, or is not this sender's.</returns>
    public Task<bool> CancelAsync(SessionId session, long eventId, Identity who, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                if (await AccessStore.FindAsync(turn.Db, session) is not { } access || !access.May(who, Act.Talk))
                {
                    return false;
                }

                var cancelled = await turn.Db.ExecuteAsync(
                    """
                    UPDATE delivery SET state = 'dead', reason = @reason
                    WHERE session_id = @session AND event_id = @event AND state IN ('queued', 'held')
                      AND EXISTS (SELECT 1 FROM event WHERE id = @event AND kind <> 'verdict' AND (@owner = 1 OR sender = @who))
                    """,
                    ("@reason", DeliveryRules.Cancelled),
                    ("@session", session.ToString()),
                    ("@event", eventId),
                    ("@owner", access.IsOwner(who) ? 1 : 0),
                    ("@who", who.Value));
                if (cancelled > 0)
                {
                    await turn.AuditAsync(who.Value, "delivery.cancel", session.ToString(), eventId.ToString());
                    turn.Wake(session.ToString());
                }

                return cancelled > 0;
            },
            ct);

    /// <summary>Ends deliveries that have waited too long, and forgets dedupe keys and tool calls past their time; so many at once that
    /// nobody waits long for this turn. What another node changes while a row is waited for is seen by the outer condition only.</summary>
    public static async Task<int> SweepAsync(Turn turn)
    {
        var expired = await turn.Db.RowsAsync(
            """
            UPDATE delivery SET state = 'expired' WHERE (session_id, event_id) IN (
              SELECT session_id, event_id FROM delivery
              WHERE state IN ('queued', 'sent') AND expires_at > 0 AND expires_at <= @now AND (state = 'queued' OR expires_at <= @late) LIMIT @most)
              AND state IN ('queued', 'sent') AND (state = 'queued' OR expires_at <= @late)
            RETURNING session_id, event_id, chat_id
            """,
            r => (Session: r.GetString(0), EventId: r.GetInt64(1), ChatId: r.GetString(2)),
            ("@now", turn.NowMs),
            ("@late", (turn.Now - DeliveryRules.ConfirmLate).ToUnixTimeMilliseconds()),
            ("@most", MostSwept));
        foreach (var (_, webhook, _) in expired.Where(one => one.ChatId.StartsWith("source:", StringComparison.Ordinal)))
        {
            await HoldStore.NoteAsync(turn, webhook, Late);
        }

        foreach (var session in expired.Select(one => one.Session).Distinct())
        {
            turn.Wake(session);
        }

        var forgotten = await turn.Db.ExecuteAsync(
            "DELETE FROM dedupe WHERE key IN (SELECT key FROM dedupe WHERE expires_at <= @now LIMIT @most) AND expires_at <= @now",
            ("@now", turn.NowMs),
            ("@most", MostSwept));
        forgotten += await turn.Db.ExecuteAsync(
            """
            DELETE FROM tool_call WHERE (mcp_session, request_id) IN (
              SELECT mcp_session, request_id FROM tool_call WHERE created_at <= @before LIMIT @most) AND created_at <= @before
            """,
            ("@before", (turn.Now - ToolCallStore.Remembered).ToUnixTimeMilliseconds()),
            ("@most", MostSwept));
        return expired.Count + forgotten;
    }

    private static Task<List<(Delivery Delivery, DateTimeOffset ExpiresAt)>> WaitingAsync(Turn turn, SessionId session, long epoch, bool verdictsOnly) =>
        turn.Db.RowsAsync(
            """
            SELECT e.id, e.kind, e.sender, e.chat_id, e.trust, e.body, e.created_at, d.attempts, d.expires_at
            FROM delivery d JOIN event e ON e.id = d.event_id
            WHERE d.session_id = @session AND d.state IN ('queued', 'sent') AND d.priority >= 0 AND (d.state = 'queued' OR d.epoch < @epoch)
              AND d.priority <= @last AND (@verdicts = 0 OR e.kind = 'verdict')
            ORDER BY d.priority, d.event_id LIMIT @limit
            """,
            r => ReadWaiting(r, 0),
            ("@session", session.ToString()),
            ("@epoch", epoch),
            ("@last", verdictsOnly ? 0 : 9),
            ("@verdicts", verdictsOnly ? 1 : 0),
            ("@limit", BatchId.MaxDeliveries));

    internal static (Delivery Delivery, DateTimeOffset ExpiresAt) ReadWaiting(DbDataReader r, int column) =>
        (new Delivery
        {
            EventId = r.GetInt64(column),
            Kind = Enum.Parse<EventKind>(r.GetString(column + 1), ignoreCase: true),
            Sender = new Identity(r.GetString(column + 2)),
            ChatId = r.GetString(column + 3),
            Trust = r.GetString(column + 4),
            Body = Packed.UnpackText(r.Bytes(column + 5)),
            At = r.Time(column + 6),
            Attempts = r.GetInt32(column + 7),
        }, r.Time(column + 8));

    private static async Task<bool> AskedAsync(Turn turn, long eventId, string mcpSession) =>
        await turn.Db.NumberAsync(
            "SELECT 1 FROM permission_request WHERE event_id = @event AND mcp_session = @mcp AND state = 'decided'",
            ("@event", eventId),
            ("@mcp", mcpSession)) is not null;

    private static async Task EndAsync(Turn turn, SessionId session, Delivery delivery, long epoch, string state, string? reason)
    {
        if (await turn.Db.ExecuteAsync(
            $"UPDATE delivery SET state = @state, reason = @reason WHERE session_id = @session AND event_id = @event AND {StillWaits}",
            ("@state", state),
            ("@reason", reason),
            ("@session", session.ToString()),
            ("@event", delivery.EventId),
            ("@epoch", epoch)) == 0)
        {
            return;
        }

        if (delivery.Kind == EventKind.Webhook && state == "expired")
        {
            await HoldStore.NoteAsync(turn, delivery.EventId, Late);
        }

        if (delivery.Kind == EventKind.Verdict)
        {
            await turn.Db.ExecuteAsync(
                "UPDATE permission_request SET state = @state, reason = @reason WHERE event_id = @event AND state = 'decided'",
                ("@state", state == "expired" ? "expired" : "closed"),
                ("@reason", reason switch
                {
                    null => "the verdict did not arrive in time",
                    DeliveryRules.Revoked => "the approver's right was revoked before the verdict arrived",
                    _ => "the client that asked is gone",
                }),
                ("@event", delivery.EventId));
        }

        turn.Wake(session.ToString());
    }

    private static async Task<bool> ConfirmAsync(Turn turn, Confirmation confirmation)
    {
        var (session, mcp, batch) = confirmation;
        var confirmed = await turn.Db.ExecuteAsync(
            """
            UPDATE delivery SET state = 'received', received_at = @now
            WHERE session_id = @session AND epoch = @epoch AND batch = @batch AND state = 'sent'
              AND EXISTS (SELECT 1 FROM attachment WHERE session_id = @session AND epoch = @epoch AND mcp_session = @mcp)
            """,
            ("@now", turn.NowMs),
            ("@session", session.ToString()),
            ("@epoch", batch.Epoch),
            ("@batch", batch.Batch),
            ("@mcp", mcp));
        if (confirmed == 0)
        {
            return false;
        }

        await turn.Db.ExecuteAsync(
            """
            UPDATE permission_request SET state = 'relayed'
            WHERE state = 'decided' AND event_id IN (
              SELECT event_id FROM delivery WHERE session_id = @session AND epoch = @epoch AND batch = @batch AND priority = 0)
            """,
            ("@session", session.ToString()),
            ("@epoch", batch.Epoch),
            ("@batch", batch.Batch));
        turn.Wake(session.ToString());
        return true;
    }
}
