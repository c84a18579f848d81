using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Routes;

namespace Cluster.Storage.Sessions;

/// <summary>Where sessions work, as their newest clients say. Only a claim that really changed holds anybody up: whoever comes back and
/// says the same is answered by one read.</summary>
public sealed class WorkplaceStore(Engine engine)
{
    /// <param name="mcpSession">The MCP session that says so. Only the one that has the word is heard (<see cref="AttachmentRules.HasWord"/>).</param>
    /// <param name="session">Its session.</param>
    /// <param name="told">Where it works, or <see cref="Workplace.None"/>.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>False when another one has the word.</returns>
    public async Task<bool> TellAsync(string mcpSession, SessionId session, Workplace told, CancellationToken ct)
    {
        var (isKnown, isHeard, holds) = await engine.ReadAsync<(bool, bool, bool)>(
            async db =>
            {
                var before = await FindAsync(db, session);
                return before == told ? (true, true, false)
                    : !await HasWordAsync(db, mcpSession, session, engine.Clock.GetUtcNow()) ? (false, false, false)
                    : (false, true, before.Place != told.Place && (await RouteReaches.ConcernedAsync(db, session, told.Place)).Count > 0);
            },
            ct);
        if (isKnown || !isHeard)
        {
            return isKnown;
        }

        return await TellAsync(mcpSession, session, told, holds, ct) ?? await TellAsync(mcpSession, session, told, holds: true, ct) ?? false;
    }

    // Where no route is concerned nobody need wait for another, only for whoever changes routes just now. Null when some are concerned after all.
    private Task<bool?> TellAsync(string mcpSession, SessionId session, Workplace told, bool holds, CancellationToken ct) =>
        engine.TurnAsync<bool?>(
            async turn =>
            {
                await (holds ? RouteReaches.HoldAsync(turn) : RouteReaches.ShareAsync(turn));
                var before = await FindAsync(turn.Db, session);
                if (before == told || !await HasWordAsync(turn.Db, mcpSession, session, turn.Now)) // another may have come while this one waited
                {
                    return before == told;
                }

                if (before.Place == told.Place)
                {
                    if (await WriteAsync(turn, session, told, "WHERE workplace.place IS NOT DISTINCT FROM excluded.place") == 0)
                    {
                        return null; // it was told that it works elsewhere just now
                    }
                }
                else if (holds)
                {
                    await WriteAsync(turn, session, told, "");
                    await RouteReaches.MovedAsync(turn, session, told.Place);
                }
                else if ((await RouteReaches.ConcernedAsync(turn.Db, session, told.Place)).Count > 0)
                {
                    return null;
                }
                else
                {
                    await WriteAsync(turn, session, told, "");
                }

                turn.Show(session.ToString());
                return true;
            },
            ct);

    internal static async Task<Workplace> FindAsync(EngineConnection db, SessionId session) =>
        await db.RowAsync(
            "SELECT repository, branch, folder FROM workplace WHERE session_id = @session",
            r => new Workplace { Repository = r.TextOrNull(0), Branch = r.TextOrNull(1), Folder = r.TextOrNull(2) },
            ("@session", session.ToString())) ?? Workplace.None;

    private static async Task<bool> HasWordAsync(EngineConnection db, string mcpSession, SessionId session, DateTimeOffset now)
    {
        var all = await db.RowsAsync(
            "SELECT id, generation, stream, stream_closed_at FROM mcp_session WHERE session_id = @session",
            r => new McpSessionView { Id = r.GetString(0), Generation = r.GetInt64(1), Stream = r.TextOrNull(2), StreamClosedAt = r.TimeOrNull(3) },
            ("@session", session.ToString()));
        return all.Find(one => one.Id == mcpSession) is { } me && AttachmentRules.HasWord(me, all.Where(one => one != me), now);
    }

    private static Task<int> WriteAsync(Turn turn, SessionId session, Workplace told, string unless) =>
        turn.Db.ExecuteAsync(
            $"""
            INSERT INTO workplace (session_id, place, repository, branch, folder, at) VALUES (@session, @place, @repository, @branch, @folder, @now)
            ON CONFLICT (session_id) DO UPDATE SET place = excluded.place, repository = excluded.repository, branch = excluded.branch,
              folder = excluded.folder, at = excluded.at {unless}
            """,
            ("@session", session.ToString()),
            ("@place", told.Place),
            ("@repository", told.Repository),
            ("@branch", told.Branch),
            ("@folder", told.Folder),
            ("@now", turn.NowMs));
}
