namespace Cluster.Core.Sessions;

/// <summary>A session that exists under one of the names that a project may have, with what is known of its family's project.</summary>
public sealed record KnownProject
{
    public required SessionId Session { get; init; }

    /// <summary>The family's project; null while it has none, and <see cref="ProjectRules.Unknown"/>.</summary>
    public string? Project { get; init; }

    /// <summary>Where its newest client says that it works; null when none has said it.</summary>
    public Workplace? Workplace { get; init; }

    /// <summary>True when it has a client that is no connector.</summary>
    public bool HasPlainClients { get; init; }

    /// <summary>The connector processes that have it.</summary>
    public IReadOnlyList<InstanceClient> Clients { get; init; } = [];
}

/// <summary>
/// Which name a project's terminals share. A session's first project keeps it; another project that asks for the same name, because its
/// folder is called so, has one of its own with a piece of its key behind: its people, its messages and its terminals are not shared.
/// Only a person who names a session on purpose gets that of another project, and is told so.
/// </summary>
public static class ProjectRules
{
    /// <summary>In place of a key: a client that tells no project was here first, so no folder has the session only by its name.</summary>
    public const string Unknown = "-";

    // So short that it can be typed; longer only where that is taken.
    private static readonly int[] SuffixLengths = [4, 8, 16, 32];

    /// <summary>The names that the project may have, in the order in which they are tried. They are the same at every start.</summary>
    public static IReadOnlyList<SessionId> Names(SessionId asked, Project project) =>
        [asked, .. SuffixLengths.Select(length => Suffixed(asked, project.Key[..length]))];

    /// <param name="asked">The name that its folder has.</param>
    /// <param name="project">The project.</param>
    /// <param name="instance">The process that asks.</param>
    /// <param name="known">What exists under <see cref="Names"/>.</param>
    /// <param name="now">The engine's time.</param>
    /// <returns>Null when every name is another's.</returns>
    public static SessionId? Choose(SessionId asked, Project project, string instance, IReadOnlyCollection<KnownProject> known, DateTimeOffset now)
    {
        var names = Names(asked, project);
        var found = names.Select(name => known.FirstOrDefault(one => one.Session == name)).ToList();
        if (found.Find(one => one?.Project == project.Key) is { } own)
        {
            return own.Session;
        }

        if (found.Find(one => project.Is(one?.Project)) is { } before)
        {
            return before.Session;
        }

        for (var i = 0; i < names.Count; i++)
        {
            if (found[i] is not { } one || (i == 0 && MayTake(one, project, instance, now)))
            {
                return names[i];
            }
        }

        return null;
    }

    /// <summary>Whether a person's session is of a project that is certainly not this one.</summary>
    public static bool IsForeign(string? key, Project? project) => project is not null && key is not (null or Unknown) && !project.Is(key);

    // A session from before there were keys, or made at the command line. It is the first one's that comes, unless something says that it may be
    // another's: where its clients work, or a client that is there and tells nothing.
    private static bool MayTake(KnownProject one, Project project, string instance, DateTimeOffset now)
    {
        if (one.Project is not (null or Unknown))
        {
            return false;
        }

        if (one.Workplace?.Place is { } place && place == project.Place)
        {
            return true;
        }

        return one.Project is null
            && (one.Workplace is null || one.Workplace.Place == project.Place)
            && !one.HasPlainClients
            && !one.Clients.Any(client => client.Instance != instance && InstanceRules.IsLive(client, now));
    }

    private static SessionId Suffixed(SessionId asked, string piece)
    {
        var room = Slug.MaxLength - piece.Length - 1;
        return asked with { Name = $"{(asked.Name.Length > room ? asked.Name[..room] : asked.Name)}-{piece}" };
    }
}
