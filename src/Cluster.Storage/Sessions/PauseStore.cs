using Cluster.Core.Access;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;

namespace Cluster.Storage.Sessions;

/// <summary>A session that its owner has paused is given nothing new but verdicts; what is for it waits. The row says until when, and every take
/// asks it.</summary>
public sealed class PauseStore(Engine engine)
{
    /// <summary>The longest time that somebody can say; without one, it lasts until they end it.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>Until it is ended.</summary>
    public static readonly DateTimeOffset Open = DateTimeOffset.FromUnixTimeMilliseconds(253_402_300_799_000);

    /// <param name="session">The session.</param>
    /// <param name="time">Null until it is ended.</param>
    /// <param name="by">Its owner.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>False when there is no such session, or when it is not theirs.</returns>
    public Task<bool> PauseAsync(SessionId session, TimeSpan? time, Actor by, CancellationToken ct) =>
        ChangeAsync(
            session,
            by,
            turn => (time is { } wanted ? turn.Now + wanted : Open, $"until {(time is { } said ? $"{turn.Now + said:O}" : "resumed")}"),
            "session.pause",
            ct);

    /// <inheritdoc cref="PauseAsync"/>
    public Task<bool> ResumeAsync(SessionId session, Actor by, CancellationToken ct) => ChangeAsync(session, by, _ => (null, ""), "session.resume", ct);

    /// <summary>Ends pauses whose time is over, and wakes those who wait for that. A take asks the time itself.</summary>
    public async Task EndDueAsync(CancellationToken ct)
    {
        var now = ("@now", (object?)engine.Clock.GetUtcNow().ToUnixTimeMilliseconds());
        if (await engine.ReadAsync(db => db.NumberAsync(
            "SELECT 1 FROM session WHERE paused_until > 0 AND paused_until <= @now LIMIT 1", now), ct) is null)
        {
            return;
        }

        await engine.TurnAsync(
            async turn =>
            {
                // Held in their order, as whoever holds several of them does.
                foreach (var session in await turn.Db.RowsAsync(
                    "SELECT id FROM session WHERE paused_until > 0 AND paused_until <= @now ORDER BY id" + engine.LockRow, r => r.GetString(0), now))
                {
                    await turn.Db.ExecuteAsync("UPDATE session SET paused_until = NULL WHERE id = @session", ("@session", session));
                    await turn.AuditAsync("node", "session.resume", session, "its time was over");
                    turn.Wake(session);
                }

                return true;
            },
            ct);
    }

    private Task<bool> ChangeAsync(
        SessionId session, Actor by, Func<Turn, (DateTimeOffset? Until, string Detail)> change, string action, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                await turn.Db.NumberAsync("SELECT epoch FROM session WHERE id = @session" + engine.LockRow, ("@session", session.ToString()));
                if (await AccessStore.FindAsync(turn.Db, session) is not { } access || !access.May(by.Identity, Act.Own))
                {
                    return false;
                }

                var (until, detail) = change(turn);
                await turn.Db.ExecuteAsync(
                    "UPDATE session SET paused_until = @until WHERE id = @session",
                    ("@until", until?.ToUnixTimeMilliseconds()),
                    ("@session", session.ToString()));
                await turn.AuditAsync(by.Identity.Value, action, session.ToString(), detail);
                turn.Wake(session.ToString());
                return true;
            },
            ct);
}
