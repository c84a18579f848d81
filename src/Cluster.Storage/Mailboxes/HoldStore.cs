using System.Data.Common;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;
using Cluster.Storage.Watches;

namespace Cluster.Storage.Mailboxes;

/// <summary>
/// Lets go what is kept back in the mailboxes, in one turn per session that holds its row: of two nodes that look at the same time one finds
/// it done, and one that dies in between has changed nothing. A recovery comes first, since what it heals leaves its fold; what it heals in other
/// sessions, where routes may have sent the failure alone, is healed before it is let go itself.
/// </summary>
public sealed class HoldStore(Engine engine)
{
    private const int MostSessions = 100;
    private const int MostRecoveries = 20; // in one turn, as are the singles below
    private const int MostSingles = 500;
    private const int MostFolds = 50;

    /// <summary>Sessions in which something is due, so many at once that whoever asks has work for a while.</summary>
    public Task<List<SessionId>> DueAsync(CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                """
                SELECT DISTINCT d.session_id FROM delivery d
                WHERE d.state = 'held' AND d.held_until > 0 AND d.held_until <= @now
                  AND (d.fold IS NULL OR d.recovers = 1 OR d.held_limit <= @now OR NOT EXISTS (
                    SELECT 1 FROM delivery later
                    WHERE later.session_id = d.session_id AND later.fold = d.fold AND later.state = 'held' AND later.held_limit > 0 AND later.held_until > @now))
                LIMIT @most
                """,
                r => SessionId.Parse(r.GetString(0)),
                ("@now", engine.Clock.GetUtcNow().ToUnixTimeMilliseconds()),
                ("@most", MostSessions)),
            ct);

    /// <summary>Lets go what is due in one session.</summary>
    /// <returns>False when nothing was.</returns>
    public async Task<bool> LetGoAsync(SessionId session, CancellationToken ct)
    {
        var recoveries = await engine.ReadAsync(db => DueAsync(db, engine.Clock.GetUtcNow(), session, recoveries: true, MostRecoveries), ct);
        foreach (var recovery in recoveries)
        {
            foreach (var other in await engine.ReadAsync(db => Recoveries.ElsewhereAsync(db, recovery), ct))
            {
                await TurnAsync(other, (turn, access) => Recoveries.HealAsync(turn, recovery with { Session = other }, access), ct);
            }
        }

        return await TurnAsync(
            session,
            async (turn, access) =>
            {
                var due = await DueAsync(turn.Db, turn.Now, session, recoveries: true, MostRecoveries);
                var any = await Recoveries.LetGoAsync(turn, due.FindAll(one => recoveries.Exists(seen => seen.EventId == one.EventId)), access);
                if (recoveries.Count == MostRecoveries)
                {
                    return any; // what the others heal is told by none
                }

                foreach (var fold in await FoldsAsync(turn, session))
                {
                    any |= await Folds.CloseAsync(turn, session, fold, access);
                }

                foreach (var held in await DueAsync(turn.Db, turn.Now, session, recoveries: false, MostSingles))
                {
                    any |= await TellAsync(turn, held, access);
                }

                return any;
            },
            ct);
    }

    private Task<bool> TurnAsync(SessionId session, Func<Turn, AccessList, Task<bool>> change, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await turn.Db.NumberAsync("SELECT epoch FROM session WHERE id = @session" + engine.LockRow, ("@session", session.ToString()));
                if (await AccessStore.HoldAsync(turn, session) is not { } access || !await change(turn, access))
                {
                    return false;
                }

                turn.Wake(session.ToString());
                return true;
            },
            ct);

    /// <summary>Puts what was kept back where streams take it from, unless it may not be told any more.</summary>
    internal static async Task<bool> TellAsync(Turn turn, Held held, AccessList access)
    {
        var (state, reason) = Judge(turn, held, access);
        return await EndAsync(turn, held, state, reason) && await NoteAsync(turn, held.EventId, state == "queued" ? "let go" : $"{state} while it was kept back");
    }

    internal static (string State, string? Reason) Judge(Turn turn, Held held, AccessList access) =>
        DeliveryRules.Judge(held.Kind, held.Sender, held.ExpiresAt, access, turn.Now) switch
        {
            Judgement.Expire => ("expired", null),
            Judgement.Kill(var why) => ("dead", why),
            _ => ("queued", null),
        };

    // What is let go is looked after from now on, and what is not, never.
    internal static async Task<bool> EndAsync(Turn turn, Held held, string state, string? reason)
    {
        turn.Wake(WatchStore.Topic);
        return await turn.Db.ExecuteAsync(
            """
            UPDATE delivery SET state = @state, reason = @reason, watch_at = CASE WHEN watch_at IS NOT NULL AND @goes = 1 THEN @now ELSE NULL END
            WHERE session_id = @session AND event_id = @event AND state = 'held'
            """,
            ("@state", state),
            ("@goes", state == "queued" ? 1 : 0),
            ("@now", turn.NowMs),
            ("@reason", reason),
            ("@session", held.Session.ToString()),
            ("@event", held.EventId)) > 0;
    }

    internal static async Task<bool> NoteAsync(Turn turn, long eventId, string note) =>
        await turn.Db.ExecuteAsync(
            "INSERT INTO event_note (event_id, at, note) VALUES (@event, @now, @note)", ("@event", eventId), ("@now", turn.NowMs), ("@note", note)) > 0;

    private const string Single = """
        d.fold IS NULL AND (d.recovers IS NULL OR d.recovers <> 1) AND NOT EXISTS (
          SELECT 1 FROM delivery r
          WHERE r.subject = d.subject AND r.session_id = d.session_id AND r.state IN ('held', 'queued') AND r.state = 'held' AND r.recovers = 1 AND r.event_id < d.event_id)
        """;

    // What is not of a fold and has no recovery before it that has not healed yet, or those recoveries.
    private static Task<List<Held>> DueAsync(EngineConnection db, DateTimeOffset now, SessionId session, bool recoveries, int most) =>
        db.RowsAsync(
            $"""
            {Held.Select}
            WHERE d.session_id = @session AND d.state = 'held' AND d.held_limit > 0 AND d.held_until <= @now AND {(recoveries ? "d.recovers = 1" : Single)}
            ORDER BY d.event_id LIMIT @most
            """,
            Held.Read,
            ("@session", session.ToString()),
            ("@now", now.ToUnixTimeMilliseconds()),
            ("@most", most));

    private static async Task<IEnumerable<string>> FoldsAsync(Turn turn, SessionId session) =>
        (await turn.Db.RowsAsync(
            """
            SELECT fold, MAX(held_until), MIN(held_limit) FROM delivery
            WHERE session_id = @session AND state = 'held' AND held_limit > 0 AND fold IS NOT NULL AND (recovers IS NULL OR recovers <> 1)
            GROUP BY fold
            """,
            r => (Fold: r.GetString(0), Until: r.Time(1), Limit: r.Time(2)),
            ("@session", session.ToString()))).Where(fold => HoldRules.IsDue(fold.Until, fold.Limit, turn.Now)).Select(fold => fold.Fold).Take(MostFolds);
}

/// <summary>What is kept back, as the turn that lets it go sees it.</summary>
internal sealed record Held
{
    public const string Select = """
        SELECT d.session_id, d.event_id, e.kind, e.sender, d.reason, d.expires_at, d.held_limit, d.subject, d.subject_step
        FROM delivery d JOIN event e ON e.id = d.event_id
        """;

    public required SessionId Session { get; init; }
    public required long EventId { get; init; }
    public required EventKind Kind { get; init; }
    public required Identity Sender { get; init; }

    /// <summary>Why its sender or route does not want it told.</summary>
    public string? Reason { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
    public required DateTimeOffset Limit { get; init; }
    public string? Subject { get; init; }
    public long SubjectStep { get; init; }

    public static Held Read(DbDataReader r) => new()
    {
        Session = SessionId.Parse(r.GetString(0)),
        EventId = r.GetInt64(1),
        Kind = Enum.Parse<EventKind>(r.GetString(2), ignoreCase: true),
        Sender = new Identity(r.GetString(3)),
        Reason = r.TextOrNull(4),
        ExpiresAt = r.Time(5),
        Limit = r.Time(6),
        Subject = r.TextOrNull(7),
        SubjectStep = r.NumberOrNull(8) ?? 0,
    };
}
