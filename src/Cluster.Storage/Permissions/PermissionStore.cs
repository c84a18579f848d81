using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Core.Permissions;
using Cluster.Core.Sessions;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Permissions;

/// <summary>Claude Code's relayed tool prompts and their verdicts. The rule is <see cref="PermissionRules"/>; a verdict travels to the
/// session as a delivery.</summary>
public sealed partial class PermissionStore(Engine engine)
{
    /// <summary>Open requests of one session; older ones close when more come.</summary>
    private const int MaxOpen = 20;

    /// <summary>Opens a request. A repeat, whose first answer was lost on the way, changes nothing, even when the first is decided.</summary>
    public Task OpenAsync(
        McpSession asker, string requestId, string toolName, string description, string inputPreview, TimeSpan openFor, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                var session = ("@session", (object?)asker.Session.ToString());
                await turn.Db.NumberAsync("SELECT epoch FROM session WHERE id = @session" + engine.LockRow, session);
                if (await turn.Db.NumberAsync("SELECT 1 FROM mcp_session WHERE id = @mcp" + engine.ShareRow, ("@mcp", asker.Id)) is null)
                {
                    return false; // it has ended meanwhile: nobody would wait for the verdict
                }

                if (await turn.Db.NumberAsync(
                    """
                    SELECT id FROM permission_request
                    WHERE session_id = @session AND mcp_session = @mcp AND request_id = @request AND created_at > @before LIMIT 1
                    """,
                    session,
                    ("@mcp", asker.Id),
                    ("@request", requestId),
                    ("@before", (turn.Now - openFor).ToUnixTimeMilliseconds())) is not null)
                {
                    return false;
                }

                await turn.Db.ExecuteAsync(
                    """
                    UPDATE permission_request SET state = 'closed', reason = 'too many open requests' WHERE id IN (
                      SELECT id FROM permission_request WHERE session_id = @session AND state = 'open' ORDER BY id DESC LIMIT 1000 OFFSET @keep)
                      AND state = 'open'
                    """,
                    session,
                    ("@keep", MaxOpen - 1));
                var id = await turn.TakeIdAsync();
                await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO permission_request
                      (id, session_id, mcp_session, request_id, tool_name, description, input_preview, state, created_at, expires_at)
                    VALUES (@id, @session, @mcp, @request, @tool, @description, @preview, 'open', @now, @expires)
                    """,
                    ("@id", id),
                    session,
                    ("@mcp", asker.Id),
                    ("@request", requestId),
                    ("@tool", toolName),
                    ("@description", description),
                    ("@preview", Packed.Pack(inputPreview)),
                    ("@now", turn.NowMs),
                    ("@expires", (turn.Now + openFor).ToUnixTimeMilliseconds()));
                await Prompts.PutAsync(turn, asker.Session, id, requestId, toolName, inputPreview);
                turn.Wake(asker.Session.ToString());
                return true;
            },
            ct);

    /// <summary>The open request that bears this id, of those that this person may answer; else one that is over. Who names ids that are
    /// none is not listened to for a while.</summary>
    /// <returns>Null for no such request; <see cref="Ambiguous"/>, or <see cref="LockedOut"/> for who has guessed too often.</returns>
    public Task<long?> FindOpenAsync(string requestId, Identity who, CancellationToken ct) =>
        engine.TurnAsync<long?>(
            async turn =>
            {
                if (await Guesses.CountAsync(turn, who, GuessKind, GuessWindow) >= MaxGuesses)
                {
                    return LockedOut;
                }

                var found = new List<(long Id, bool Open)>();
                foreach (var (id, session, open) in await turn.Db.RowsAsync(
                    """
                    SELECT id, session_id, CASE WHEN state = 'open' AND expires_at > @now THEN 1 ELSE 0 END
                    FROM permission_request WHERE request_id = @request AND created_at > @after ORDER BY id DESC LIMIT 1000
                    """,
                    r => (r.GetInt64(0), SessionId.Parse(r.GetString(1)), r.GetInt64(2) == 1),
                    ("@now", turn.NowMs),
                    ("@request", requestId),
                    ("@after", (turn.Now - TimeSpan.FromDays(1)).ToUnixTimeMilliseconds())))
                {
                    if (await AccessStore.FindAsync(turn.Db, session) is { } access && access.May(who, Act.Approve))
                    {
                        found.Add((id, open));
                    }
                }

                if (found.Count > 0)
                {
                    var open = found.Where(one => one.Open).ToList();
                    return open.Count > 1 ? Ambiguous : open.Count == 1 ? open[0].Id : found[0].Id;
                }

                await turn.AuditAsync(who.Value, "refused.verdict", requestId, "no such id");
                if (await Guesses.MissAsync(turn, who, GuessKind, GuessWindow) == MaxGuesses)
                {
                    await Alerts.LockedAsync(turn, who, MaxGuesses);
                }

                return null;
            },
            ct);

    /// <summary>Instead of a request, for somebody who has named wrong ids too often.</summary>
    public const long LockedOut = -1;

    /// <summary>Instead of a request, where several that are open bear the same id: words by that id decide none of them, or whoever opens one
    /// of the same id elsewhere would be answered instead. A button, and an answer to the prompt's own message, say which one is meant.</summary>
    public const long Ambiguous = -2;

    private const int MaxGuesses = 5;
    private const string GuessKind = "permission";
    private static readonly TimeSpan GuessWindow = TimeSpan.FromMinutes(10);

    public Task<(VerdictOutcome Outcome, PermissionInfo? Request)> DecideAsync(long id, string behavior, Actor by, CancellationToken ct) =>
        DecideAsync(id, behavior, by, seen: null, ct);

    /// <summary>Judges a verdict and, if it counts, puts it on its way, all in one turn.</summary>
    /// <param name="id">The request.</param>
    /// <param name="behavior"><c>allow</c> or <c>deny</c>.</param>
    /// <param name="by">Who answers.</param>
    /// <param name="seen">The <see cref="PermissionRules.Fingerprint"/> of what they were shown; null where their answer does not carry it.</param>
    /// <param name="ct">Cancels.</param>
    public Task<(VerdictOutcome Outcome, PermissionInfo? Request)> DecideAsync(
        long id, string behavior, Actor by, string? seen, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                var who = by.Identity;
                if (await FindAsync(turn.Db, id) is not { } request)
                {
                    await turn.AuditAsync(who.Value, "refused.verdict", id.ToString(), "unknown");
                    return (VerdictOutcome.Unknown, (PermissionInfo?)null);
                }

                var session = SessionId.Parse(request.Session);
                await turn.Db.NumberAsync("SELECT epoch FROM session WHERE id = @session" + engine.LockRow, ("@session", request.Session));
                request = (await FindAsync(turn.Db, id, engine.LockRow))!; // the sweep closes it without the session's row
                var access = (await AccessStore.FindAsync(turn.Db, session))!;
                var outcome = PermissionRules.Judge(
                    Enum.Parse<PermissionState>(request.State, ignoreCase: true), request.ExpiresAt, access, who, turn.Now);
                if (outcome == VerdictOutcome.Accepted && seen is not null && seen != PermissionRules.Fingerprint(request))
                {
                    outcome = VerdictOutcome.OtherInput;
                }
                else if (outcome == VerdictOutcome.Accepted && behavior == "allow" && who.IsChat && !await Prompts.HaveShownAsync(turn, request, who))
                {
                    outcome = VerdictOutcome.NotShown;
                }

                if (outcome != VerdictOutcome.Accepted)
                {
                    await turn.AuditAsync(who.Value, "refused.verdict", request.Session, $"{id} {request.RequestId} {outcome}");
                    return (outcome, outcome == VerdictOutcome.Unknown ? null : request);
                }

                var eventId = await turn.TakeIdAsync();
                await turn.Db.ExecuteAsync(
                    """
                    UPDATE permission_request SET state = 'decided', behavior = @behavior, decided_by = @who, decided_at = @now, event_id = @event
                    WHERE id = @id
                    """,
                    ("@behavior", behavior),
                    ("@who", who.Value),
                    ("@now", turn.NowMs),
                    ("@event", eventId),
                    ("@id", id));
                var verdict = new Submission
                {
                    Session = session,
                    Sender = who,
                    AccessVersion = access.Version,
                    Kind = EventKind.Verdict,
                    ChatId = who.Value,
                    Trust = Trust.Member,
                    Body = $$"""{"request_id":"{{request.RequestId}}","behavior":"{{behavior}}"}""",
                    At = turn.Now,
                };
                await EventRows.InsertAsync(turn, verdict, Packed.Pack(verdict.Body), null, eventId, request.ExpiresAt);
                await turn.AuditAsync(who.Value, $"verdict.{behavior}", request.Session, $"{id} {request.RequestId} {request.ToolName}");
                turn.Wake(request.Session);
                return (VerdictOutcome.Accepted, await FindAsync(turn.Db, id));
            },
            ct);

    /// <summary>Brings all of a request's arguments to an approver's own chat.</summary>
    /// <param name="id">The request.</param>
    /// <param name="who">Who asks to see them.</param>
    /// <param name="direct">Their direct chat.</param>
    /// <param name="under">The platform's id of the message that is answered.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>False when there is no such request for them.</returns>
    public Task<bool> ShowWholeAsync(long id, Identity who, ConversationId direct, string under, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                if (await FindAsync(turn.Db, id) is not { } request
                    || await AccessStore.FindAsync(turn.Db, SessionId.Parse(request.Session)) is not { } access || !access.May(who, Act.Approve)
                    || await turn.Db.NumberAsync(
                        "SELECT 1 FROM conversation WHERE id = @id AND identity = @who", ("@id", direct.ToString()), ("@who", who.Value)) is null)
                {
                    await turn.AuditAsync(who.Value, "refused.prompt", id.ToString());
                    return false;
                }

                // Pressed again before it has gone out, it goes out once.
                if (await turn.Db.NumberAsync(
                    """
                    SELECT 1 FROM outbox WHERE conversation = @conversation AND lane = @lane AND state = 'queued' AND lane >= 0
                      AND kind = 'notice' AND request_id = @request
                    """,
                    ("@conversation", direct.ToString()),
                    ("@lane", Lanes.Approvals),
                    ("@request", id)) is null)
                {
                    await OutboxStore.PutAsync(
                        turn, direct.ToString(), OutboxKind.Notice, Lanes.Approvals,
                        PromptText.Whole(access.Session, request.RequestId, request.ToolName, request.InputPreview), under, access.Session, who, id,
                        Prompts.Verdicts(request.Id));
                }

                return true;
            },
            ct);

    /// <summary>Expires requests that nobody answered in time.</summary>
    public static async Task<int> SweepAsync(Turn turn)
    {
        var expired = await turn.Db.RowsAsync(
            """
            UPDATE permission_request
            SET state = 'expired', reason = CASE
              WHEN state = 'open' THEN 'nobody answered in time'
              WHEN EXISTS (
                SELECT 1 FROM delivery d WHERE d.session_id = permission_request.session_id
                  AND d.event_id = permission_request.event_id AND d.sent_at IS NOT NULL)
                THEN 'the verdict was sent, and its receipt never confirmed'
              ELSE 'the verdict did not arrive in time' END
            WHERE state IN ('open', 'decided') AND expires_at <= @now AND (state = 'open' OR expires_at <= @late OR NOT EXISTS (
              SELECT 1 FROM delivery d WHERE d.session_id = permission_request.session_id
                AND d.event_id = permission_request.event_id AND d.state = 'sent'))
            RETURNING session_id
            """,
            r => r.GetString(0),
            ("@now", turn.NowMs),
            ("@late", (turn.Now - DeliveryRules.ConfirmLate).ToUnixTimeMilliseconds()));
        foreach (var session in expired.Distinct())
        {
            await turn.AuditAsync("node", "permission.expire", session);
            turn.Wake(session);
        }

        return expired.Count;
    }

    private const string Select = """
        SELECT id, session_id, request_id, tool_name, description, input_preview, state, behavior, decided_by, reason, created_at, expires_at
        FROM permission_request
        """;

    private static Task<PermissionInfo?> FindAsync(EngineConnection db, long id, string hold = "") =>
        db.RowAsync($"{Select} WHERE id = @id{hold}", Read, ("@id", id));

    private static PermissionInfo Read(System.Data.Common.DbDataReader r) => new()
    {
        Id = r.GetInt64(0).ToString(),
        Session = r.GetString(1),
        RequestId = r.GetString(2),
        ToolName = r.GetString(3),
        Description = r.GetString(4),
        InputPreview = Packed.UnpackText(r.Bytes(5)),
        State = r.GetString(6),
        Behavior = r.TextOrNull(7),
        DecidedBy = r.TextOrNull(8),
        Reason = r.TextOrNull(9),
        CreatedAt = r.Time(10),
        ExpiresAt = r.Time(11),
    };
}
