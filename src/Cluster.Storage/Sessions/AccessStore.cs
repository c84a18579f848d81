using System.Collections.Frozen;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Sources;

namespace Cluster.Storage.Sessions;

/// <summary>What became of a change to an allowlist.</summary>
public abstract record AccessChange
{
    private AccessChange()
    {
    }

    /// <summary>The list as it is now.</summary>
    public sealed record Done(AccessInfo Access) : AccessChange;

    /// <summary>There is no such session, or it is not theirs to change.</summary>
    public sealed record NoSuchSession : AccessChange;

    /// <summary>It has no list of its own: this session's is the one to change.</summary>
    public sealed record Shared(SessionId First) : AccessChange;
}

/// <summary>Allowlists. Every change raises the version that an append must have been decided on, in all sessions that share the list.</summary>
public sealed class AccessStore(Engine engine)
{
    /// <returns>Null when there is no such session.</returns>
    public Task<AccessList?> FindAsync(SessionId session, CancellationToken ct) =>
        engine.ReadAsync(db => FindAsync(db, session), ct);

    public Task<AccessChange> AllowAsync(SessionId session, Identity identity, Role role, Actor by, CancellationToken ct) =>
        ChangeAsync(session, by, async turn =>
        {
            var added = await turn.Db.ExecuteAsync(
                """
                INSERT INTO access_entry (session_id, identity, role, granted_by, granted_at)
                VALUES (@session, @identity, @role, @by, @at)
                ON CONFLICT (session_id, identity, role) DO NOTHING
                """,
                ("@session", session.ToString()),
                ("@identity", identity.Value),
                ("@role", Word(role)),
                ("@by", by.Identity.Value),
                ("@at", turn.NowMs));
            if (added > 0)
            {
                await turn.AuditAsync(by.Identity.Value, "access.allow", session.ToString(), $"{identity} {Word(role)}");
            }

            return added > 0;
        }, ct);

    /// <param name="session">The session.</param>
    /// <param name="identity">Whose role ends.</param>
    /// <param name="role">One role, or <see cref="Role.None"/> for all of them.</param>
    /// <param name="by">Who revokes.</param>
    /// <param name="ct">Cancels.</param>
    public Task<AccessChange> RevokeAsync(SessionId session, Identity identity, Role role, Actor by, CancellationToken ct) =>
        ChangeAsync(session, by, async turn =>
        {
            var removed = await turn.Db.ExecuteAsync(
                "DELETE FROM access_entry WHERE session_id = @session AND identity = @identity AND (@role = 'all' OR role = @role)",
                ("@session", session.ToString()),
                ("@identity", identity.Value),
                ("@role", role == Role.None ? "all" : Word(role)));
            if (removed > 0)
            {
                await turn.AuditAsync(by.Identity.Value, "access.revoke", session.ToString(), $"{identity} {(role == Role.None ? "all" : Word(role))}");
            }

            return removed > 0;
        }, ct);

    /// <returns>Null when there is no such session, or when it is not <paramref name="who"/>'s.</returns>
    public Task<AccessInfo?> DescribeAsync(SessionId session, Identity who, CancellationToken ct) =>
        engine.ReadAsync(
            async db => await FindAsync(db, session) is { } access && access.May(who, Act.Own) ? await DescribeAsync(db, access) : null,
            ct);

    internal static async Task<AccessList?> FindAsync(EngineConnection db, SessionId session)
    {
        var id = ("@session", (object?)session.ToString());
        var head = await db.RowAsync(
            "SELECT a.version, s.shares FROM access a JOIN session s ON s.id = a.session_id WHERE a.session_id = @session",
            r => new { Version = r.GetInt64(0), Shares = r.TextOrNull(1) },
            id);
        if (head is null)
        {
            return null;
        }

        var owners = await db.RowsAsync("SELECT id FROM identity WHERE principal = @owner", r => r.GetString(0), ("@owner", session.Owner));
        var entries = await db.RowsAsync(
            "SELECT identity, role FROM access_entry WHERE session_id = @session",
            r => (Identity: r.GetString(0), Role: RoleOf(r.GetString(1))),
            ("@session", head.Shares ?? session.ToString()));
        var sources = await db.RowsAsync(
            """
            SELECT s.name, s.path, -1, s.settings, NULL, s.secret FROM route r JOIN source s ON s.name = r.source WHERE r.session_id = @session
            UNION ALL
            SELECT s.name, s.path, ruled.version, s.settings, ruled.place, s.secret FROM route_reach ruled JOIN source s ON s.name = ruled.source AND s.owner = ruled.owner
            WHERE ruled.session_id = @session
            """,
            r => (
                Name: r.GetString(0), Path: r.GetString(1), Rules: r.GetInt64(2), Settings: r.TextOrNull(3) ?? "", Place: r.TextOrNull(4),
                Secret: SourceSecrets.Mark(r.Bytes(5))),
            id);
        return new AccessList
        {
            Session = session,
            Shares = head.Shares is null ? null : SessionId.Parse(head.Shares),
            Version = head.Version,
            OwnerIdentities = owners.ToFrozenSet(),
            Entries = entries.GroupBy(e => e.Identity).ToFrozenDictionary(g => g.Key, g => g.Aggregate(Role.None, (all, e) => all | e.Role)),
            RoutedSources = sources.Select(source => Identity.Source(source.Name).Value).ToFrozenSet(),
            RoutedPaths = sources.Select(source => source.Path).ToFrozenSet(),
            PathSettings = sources.DistinctBy(source => source.Path).ToFrozenDictionary(source => source.Path, source => source.Settings),
            PathSecrets = sources.DistinctBy(source => source.Path).ToFrozenDictionary(source => source.Path, source => source.Secret),
            RuledPaths = sources.Where(source => source.Rules >= 0).ToFrozenDictionary(source => source.Path, source => source.Rules),
            RuledPlaces = sources.Where(source => source.Place is not null).ToFrozenDictionary(source => source.Path, source => source.Place!),
        };
    }

    /// <summary>The allowlist as it will still be when the turn commits: no change of it passes in between.</summary>
    internal static async Task<AccessList?> HoldAsync(Turn turn, SessionId session)
    {
        await turn.Db.NumberAsync("SELECT version FROM access WHERE session_id = @session" + turn.Engine.ShareRow, ("@session", session.ToString()));
        return await FindAsync(turn.Db, session);
    }

    /// <summary>Makes every decision on the old allowlist stale, and wakes those who acted on it.</summary>
    internal static async Task RaiseVersionAsync(Turn turn, SessionId session)
    {
        var sharing = await LockAsync(turn, session);

        // In the order in which appends hold these rows.
        foreach (var id in sharing.Select(one => one.ToString()).Order(StringComparer.Ordinal))
        {
            await turn.Db.ExecuteAsync("UPDATE access SET version = version + 1 WHERE session_id = @session", ("@session", id));
            turn.Wake(id);
        }
    }

    private Task<AccessChange> ChangeAsync(SessionId session, Actor by, Func<Turn, Task<bool>> change, CancellationToken ct) =>
        engine.TurnAsync<AccessChange>(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                await LockAsync(turn, session);
                if (await FindAsync(turn.Db, session) is not { } access || !access.May(by.Identity, Act.Own))
                {
                    return new AccessChange.NoSuchSession();
                }

                if (access.Shares is { } first)
                {
                    return new AccessChange.Shared(first);
                }

                if (await change(turn))
                {
                    await RaiseVersionAsync(turn, session);
                }

                return new AccessChange.Done(await DescribeAsync(turn.Db, (await FindAsync(turn.Db, session))!));
            },
            ct);

    // Every turn on a session holds its row, so what is decided on the old list is committed before this list changes.
    private static async Task<IReadOnlyList<SessionId>> LockAsync(Turn turn, SessionId session)
    {
        await LockRowAsync(turn, session);
        var sharing = await InstanceNames.SharingAsync(turn.Db, session);
        foreach (var further in sharing.Skip(1))
        {
            await LockRowAsync(turn, further);
        }

        return sharing;
    }

    private static Task<long?> LockRowAsync(Turn turn, SessionId session) =>
        turn.Db.NumberAsync("SELECT epoch FROM session WHERE id = @session" + turn.Engine.LockRow, ("@session", session.ToString()));

    private static async Task<AccessInfo> DescribeAsync(EngineConnection db, AccessList access) => new()
    {
        Session = access.Session.ToString(),
        Owner = access.Session.Owner,
        Shares = access.Shares?.ToString(),
        Version = access.Version,
        Entries = await db.RowsAsync(
            "SELECT identity, role, granted_by, granted_at FROM access_entry WHERE session_id = @session ORDER BY identity, role",
            r => new AccessEntry { Identity = r.GetString(0), Role = r.GetString(1), GrantedBy = r.GetString(2), GrantedAt = r.Time(3) },
            ("@session", (access.Shares ?? access.Session).ToString())),
        Sources = [.. access.RoutedSources.Order()],
    };

    private static string Word(Role role) => role.ToString().ToLowerInvariant();

    private static Role RoleOf(string word) => Enum.Parse<Role>(word, ignoreCase: true);
}
