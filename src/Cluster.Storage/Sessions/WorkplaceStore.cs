using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Routes;

namespace Cluster.Storage.Sessions;

/// <summary>Where sessions work, as their newest clients say. Only a claim that really changed holds anybody up: whoever comes back and
/// says the same is answered by one read.</summary>
public sealed class WorkplaceStore(Engine engine)
{
    /// <param name="mcpSession">The MCP session that says so. Of two of one session only the newer one is heard.</param>
    /// <param name="session">Its session.</param>
    /// <param name="told">Where it works, or <see cref="Workplace.None"/>.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>False when a newer one has the word.</returns>
    public async Task<bool> TellAsync(string mcpSession, SessionId session, Workplace told, CancellationToken ct) =>
        await engine.ReadAsync(db => FindAsync(db, session), ct) == told || await engine.TurnAsync(
            async turn =>
            {
                if (!await IsNewestAsync(turn.Db, mcpSession, session))
                {
                    return false;
                }

                var before = await FindAsync(turn.Db, session);
                if (before.Place != told.Place)
                {
                    await RouteReaches.HoldAsync(turn);
                    before = await FindAsync(turn.Db, session);
                }

                if (before == told || !await IsNewestAsync(turn.Db, mcpSession, session)) // another may have come while this one waited
                {
                    return before == told;
                }

                await WriteAsync(turn, session, told);
                if (before.Place != told.Place)
                {
                    await RouteReaches.MovedAsync(turn, session, told.Place);
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

    private static async Task<bool> IsNewestAsync(EngineConnection db, string mcpSession, SessionId session) =>
        await db.NumberAsync(
            """
            SELECT 1 FROM mcp_session WHERE id = @id AND session_id = @session
            AND generation = (SELECT MAX(generation) FROM mcp_session WHERE session_id = @session)
            """,
            ("@id", mcpSession),
            ("@session", session.ToString())) is not null;

    private static Task<int> WriteAsync(Turn turn, SessionId session, Workplace told) =>
        turn.Db.ExecuteAsync(
            """
            INSERT INTO workplace (session_id, place, repository, branch, folder, at) VALUES (@session, @place, @repository, @branch, @folder, @now)
            ON CONFLICT (session_id) DO UPDATE SET place = excluded.place, repository = excluded.repository, branch = excluded.branch,
              folder = excluded.folder, at = excluded.at
            """,
            ("@session", session.ToString()),
            ("@place", told.Place),
            ("@repository", told.Repository),
            ("@branch", told.Branch),
            ("@folder", told.Folder),
            ("@now", turn.NowMs));
}
