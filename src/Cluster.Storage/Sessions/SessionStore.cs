using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Sessions;

/// <summary>Sessions as their people see them.</summary>
public sealed class SessionStore(Engine engine)
{
    /// <summary>The sessions that an identity owns or that name it; what it may do there is asked one by one.</summary>
    internal const string Named = """
        SELECT s.id FROM session s JOIN identity i ON i.principal = s.owner WHERE i.id = @who
        UNION
        SELECT session_id FROM access_entry WHERE identity = @who
        UNION
        SELECT s.id FROM access_entry a JOIN session s ON s.shares = a.session_id WHERE a.identity = @who
        """;

    private static readonly Act[] RoleActs = [Act.Talk, Act.Approve, Act.Watch];

    /// <summary>Creates the session unless it exists; its owner must be a principal.</summary>
    public Task EnsureAsync(SessionId session, string actor, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await EnsureAsync(turn, session, actor);
                return true;
            },
            ct);

    /// <summary>The sessions that this identity may find, with what it may do there.</summary>
    public Task<List<SessionInfo>> ListAsync(Identity who, CancellationToken ct) =>
        engine.ReadAsync(
            async db =>
            {
                var ids = await db.RowsAsync(
                    $"{Named} ORDER BY 1",
                    r => SessionId.Parse(r.GetString(0)),
                    ("@who", who.Value));
                var sessions = new List<SessionInfo>(ids.Count);
                foreach (var id in ids)
                {
                    if (await FindAsync(db, id, who) is { } session)
                    {
                        sessions.Add(session);
                    }
                }

                return sessions;
            },
            ct);

    /// <returns>Null when there is no such session, or when this identity may not find it: one answer for both.</returns>
    public Task<SessionInfo?> FindAsync(SessionId session, Identity who, CancellationToken ct) =>
        engine.ReadAsync(db => FindAsync(db, session, who), ct);

    /// <param name="turn">The turn.</param>
    /// <param name="session">The session.</param>
    /// <param name="actor">Who makes it.</param>
    /// <param name="shares">The session whose allowlist it shares from its beginning on.</param>
    /// <param name="project">The project whose it is from its beginning on.</param>
    /// <returns>False when it was there already.</returns>
    internal static async Task<bool> EnsureAsync(Turn turn, SessionId session, string actor, SessionId? shares = null, string? project = null)
    {
        var created = await turn.Db.ExecuteAsync(
            """
            INSERT INTO session (id, owner, created_at, generation, epoch, shares, project) VALUES (@id, @owner, @now, 0, 0, @shares, @project)
            ON CONFLICT (id) DO NOTHING
            """,
            ("@id", session.ToString()),
            ("@owner", session.Owner),
            ("@now", turn.NowMs),
            ("@shares", shares?.ToString()),
            ("@project", project));
        if (created > 0)
        {
            await turn.Db.ExecuteAsync("INSERT INTO access (session_id, version) VALUES (@id, 1)", ("@id", session.ToString()));
            await turn.AuditAsync(actor, "session.create", session.ToString());
            turn.Wake(session.ToString());
        }

        return created > 0;
    }

    private static async Task<SessionInfo?> FindAsync(EngineConnection db, SessionId id, Identity who)
    {
        if (await AccessStore.FindAsync(db, id) is not { } access || !access.May(who, Act.Find))
        {
            return null;
        }

        string[] roles = access.IsOwner(who)
            ? ["owner"]
            : [.. RoleActs.Where(act => access.May(who, act)).Select(act => act.ToString().ToLowerInvariant())];
        var session = ("@session", (object?)id.ToString());
        var place = access.May(who, Act.Watch) ? await WorkplaceStore.FindAsync(db, id) : Workplace.None;
        var attachment = await db.RowAsync(
            """
            SELECT m.client, a.attached_at FROM session s
            JOIN attachment a ON a.session_id = s.id AND a.epoch = s.epoch
            JOIN mcp_session m ON m.id = a.mcp_session AND m.stream = a.stream
            WHERE s.id = @session
            """,
            r => new { Client = r.GetString(0), At = r.Time(1) },
            session);
        var row = await db.RowAsync(
            "SELECT last_call_at, paused_until FROM session WHERE id = @session", r => new { LastCallAt = r.TimeOrNull(0), PausedUntil = r.TimeOrNull(1) }, session);
        return new SessionInfo
        {
            Id = id.ToString(),
            Roles = roles,
            Attached = attachment is not null,
            Client = attachment?.Client,
            AttachedAt = attachment?.At,
            Repository = place.Repository,
            Branch = place.Branch,
            Folder = place.Folder,
            LastCallAt = row?.LastCallAt,
            Paused = row?.PausedUntil is not null,
            PausedUntil = row?.PausedUntil is { } until && until < PauseStore.Open ? until : null,
            Waiting = (int)(await db.NumberAsync(
                """
                SELECT COUNT(*) FROM delivery
                WHERE session_id = @session AND state IN ('queued', 'sent') AND priority >= 0 AND (@all = 1 OR chat_id = @who)
                """,
                session,
                ("@all", access.May(who, Act.Watch) ? 1 : 0),
                ("@who", who.Value)) + await db.NumberAsync(
                """
                SELECT COUNT(*) FROM delivery
                WHERE session_id = @session AND state = 'held' AND held_limit > 0 AND (@all = 1 OR chat_id = @who)
                """,
                session,
                ("@all", access.May(who, Act.Watch) ? 1 : 0),
                ("@who", who.Value)))!.Value,
            OpenPermissions = access.May(who, Act.Approve)
                ? (int)(await db.NumberAsync(
                    "SELECT COUNT(*) FROM permission_request WHERE session_id = @session AND state = 'open'", session))!.Value
                : 0,
        };
    }
}
