using Cluster.Core.Sessions;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Sessions;

/// <summary>Finds for a connector process the name of its project that <see cref="ProjectRules"/> chooses.</summary>
internal static class ProjectNames
{
    // A further terminal's project is that of the session whose allowlist it shares.
    private const string SelectKnown = """
        SELECT first.id, first.project, w.repository, w.folder FROM session s
        JOIN session first ON first.id = COALESCE(s.shares, s.id)
        LEFT JOIN workplace w ON w.session_id = first.id
        WHERE s.id = @session
        """;

    /// <returns>The name that was asked for where a person named it, or no project is told; null when every name is another project's.</returns>
    public static async Task<SessionId?> FindAsync(EngineConnection db, SessionId asked, Instance instance, DateTimeOffset now)
    {
        if (instance.Project is not { } project || instance.IsNamed || instance.Claims)
        {
            return asked;
        }

        var known = new List<KnownProject>();
        foreach (var name in ProjectRules.Names(asked, project))
        {
            if (await KnownAsync(db, name) is { } one)
            {
                known.Add(one);
            }
        }

        return ProjectRules.Choose(asked, project, instance.Id, known, now);
    }

    public static Task<string?> KeyAsync(EngineConnection db, SessionId session) =>
        db.RowAsync("SELECT project FROM session WHERE id = @session AND project IS NOT NULL", r => r.GetString(0), ("@session", session.ToString()));

    private static async Task<KnownProject?> KnownAsync(EngineConnection db, SessionId name)
    {
        if (await db.RowAsync(
            SelectKnown,
            r => new { First = r.GetString(0), Project = r.TextOrNull(1), Place = new Workplace { Repository = r.TextOrNull(2), Folder = r.TextOrNull(3) } },
            ("@session", name.ToString())) is not { } row)
        {
            return null;
        }

        if (row.Project is not (null or ProjectRules.Unknown))
        {
            return new KnownProject { Session = name, Project = row.Project };
        }

        var clients = await db.RowsAsync(
            "SELECT instance, created_at, stream, stream_closed_at FROM mcp_session WHERE session_id = @session",
            r => (Instance: r.TextOrNull(0), At: r.Time(1), Listens: !r.IsDBNull(2), ClosedAt: r.TimeOrNull(3)),
            ("@session", row.First));
        return new KnownProject
        {
            Session = name,
            Project = row.Project,
            Workplace = row.Place == Workplace.None ? null : row.Place,
            HasPlainClients = clients.Exists(client => client.Instance is null),
            Clients = [.. clients.Where(client => client.Instance is not null).Select(client => new InstanceClient
            {
                Instance = client.Instance!,
                InitializedAt = client.At,
                Listens = client.Listens,
                StreamClosedAt = client.ClosedAt,
            })],
        };
    }
}
