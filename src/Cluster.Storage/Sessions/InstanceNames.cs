using Cluster.Core.Sessions;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Sessions;

/// <summary>Gives each connector process the session that <see cref="ProjectRules"/> and <see cref="InstanceRules"/> choose for it.</summary>
internal static class InstanceNames
{
    private static readonly string[] Places = [.. Enumerable.Range(1, InstanceRules.MaxTerminals).Select(place => $"@name{place}")];

    private static readonly string SelectNames = $"SELECT id, shares, instance FROM session WHERE id IN ({string.Join(", ", Places)})";

    private static readonly string SelectClients = $"""
        SELECT session_id, instance, created_at, stream, stream_closed_at FROM mcp_session
        WHERE instance IS NOT NULL AND session_id IN ({string.Join(", ", Places)})
        """;

    /// <summary>Chooses while it holds the first session's row, so that two processes that come at the same instant, on whatever
    /// nodes, do not both get the same name.</summary>
    /// <returns>Null when other processes have every name.</returns>
    public static async Task<GivenName?> GiveAsync(Turn turn, SessionId asked, Instance instance, string actor)
    {
        if (await HoldAsync(turn, asked, instance, actor) is not var (start, first))
        {
            return null;
        }

        var isForeign = await OwnAsync(turn, first, instance, actor);
        while (true)
        {
            var known = await KnownAsync(turn.Db, first);
            if (InstanceRules.Choose(start, first, instance, known, turn.Now) is not { } chosen)
            {
                return null;
            }

            // A person may make a session of just this name meanwhile: then it has a list of its own, and the next name is tried.
            if (known.Exists(name => name.Session == chosen) || await SessionStore.EnsureAsync(turn, chosen, actor, first))
            {
                await turn.Db.ExecuteAsync(
                    "UPDATE session SET instance = @instance WHERE id = @session", ("@instance", instance.Id), ("@session", chosen.ToString()));
                return Given(asked, start, first, chosen, isForeign);
            }
        }
    }

    /// <summary>What <see cref="GiveAsync"/> would give, without giving it.</summary>
    public static async Task<GivenName?> FindAsync(EngineConnection db, SessionId asked, Instance instance, DateTimeOffset now)
    {
        if (await ProjectNames.FindAsync(db, asked, instance, now) is not { } start)
        {
            return null;
        }

        var first = await SharedAsync(db, start) ?? start;
        var isForeign = ProjectRules.IsForeign(await ProjectNames.KeyAsync(db, first), instance.Project);
        return InstanceRules.Choose(start, first, instance, await KnownAsync(db, first), now) is { } chosen
            ? Given(asked, start, first, chosen, isForeign)
            : null;
    }

    /// <summary>A client that tells no project is here first: no folder gets this session only because it has its name.</summary>
    public static Task KeepFromFoldersAsync(Turn turn, SessionId session) => turn.Db.ExecuteAsync(
        "UPDATE session SET project = @unknown WHERE id = @session AND project IS NULL AND instance IS NULL AND shares IS NULL",
        ("@unknown", ProjectRules.Unknown),
        ("@session", session.ToString()));

    /// <returns>The session whose allowlist this one shares; null when it has one of its own.</returns>
    public static async Task<SessionId?> SharedAsync(EngineConnection db, SessionId session)
    {
        var shares = await db.RowAsync(
            "SELECT shares FROM session WHERE id = @session AND shares IS NOT NULL", r => r.GetString(0), ("@session", session.ToString()));
        return shares is null ? null : SessionId.Parse(shares);
    }

    /// <summary>The session and those that share its allowlist, in the one order in which their rows are held. While the first is held,
    /// none joins.</summary>
    public static async Task<IReadOnlyList<SessionId>> SharingAsync(EngineConnection db, SessionId first)
    {
        var further = await db.RowsAsync("SELECT id FROM session WHERE shares = @first", r => r.GetString(0), ("@first", first.ToString()));
        further.Sort(StringComparer.Ordinal);
        return [first, .. further.Select(SessionId.Parse)];
    }

    private static GivenName Given(SessionId asked, SessionId start, SessionId first, SessionId chosen, bool isForeign) =>
        new(chosen) { IsFurther = chosen != first, IsApart = start != asked, IsForeign = isForeign };

    // The name that the process starts from, and the first of its family, whose row is held and which is the project's, or was named.
    private static async Task<(SessionId Start, SessionId First)?> HoldAsync(Turn turn, SessionId asked, Instance instance, string actor)
    {
        while (await ProjectNames.FindAsync(turn.Db, asked, instance, turn.Now) is { } start)
        {
            await SessionStore.EnsureAsync(turn, start, actor, project: instance.Project?.Key);
            var first = await SharedAsync(turn.Db, start) ?? start;
            await turn.Db.NumberAsync("SELECT epoch FROM session WHERE id = @session" + turn.Engine.LockRow, ("@session", first.ToString()));

            // Another project may have taken it until the row was held; what one project has, no other gets.
            if (await ProjectNames.FindAsync(turn.Db, asked, instance, turn.Now) == start)
            {
                return (start, first);
            }
        }

        return null;
    }

    // Whoever comes first has it; what a project was before its repository had a remote becomes what it is now. True when it is another's.
    private static async Task<bool> OwnAsync(Turn turn, SessionId first, Instance instance, string actor)
    {
        if (instance.Project is not { } project)
        {
            return false;
        }

        var key = await ProjectNames.KeyAsync(turn.Db, first);
        if (ProjectRules.IsForeign(key, project))
        {
            return true;
        }

        if (key != project.Key && (key != ProjectRules.Unknown || !(instance.IsNamed || instance.Claims)))
        {
            await turn.Db.ExecuteAsync("UPDATE session SET project = @project WHERE id = @session", ("@project", project.Key), ("@session", first.ToString()));
            await turn.AuditAsync(actor, "session.project", first.ToString(), project.Key);
        }

        return false;
    }

    private static async Task<List<KnownName>> KnownAsync(EngineConnection db, SessionId first)
    {
        (string, object?)[] names = [.. Places.Zip(InstanceRules.Names(first), (place, name) => (place, (object?)name.ToString()))];
        var clients = await db.RowsAsync(
            SelectClients,
            r => (Session: r.GetString(0), Client: new InstanceClient
            {
                Instance = r.GetString(1),
                InitializedAt = r.Time(2),
                Listens = !r.IsDBNull(3),
                StreamClosedAt = r.TimeOrNull(4),
            }),
            names);
        var bySession = clients.ToLookup(one => one.Session, one => one.Client);
        return await db.RowsAsync(
            SelectNames,
            r => new KnownName
            {
                Session = SessionId.Parse(r.GetString(0)),
                Shares = r.TextOrNull(1) is { } shares ? SessionId.Parse(shares) : null,
                Instance = r.TextOrNull(2),
                Clients = [.. bySession[r.GetString(0)]],
            },
            names);
    }
}
