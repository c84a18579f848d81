namespace Cluster.Core.Sessions;

/// <summary>One process of the connector, as it names itself at <c>initialize</c>.</summary>
/// <param name="Id">Random, and the same for as long as the process lives.</param>
/// <param name="Claims">True when a person asked for this very name: it is taken over from whoever has it.</param>
public sealed record Instance(string Id, bool Claims)
{
    public const string Expected = "8 to 64 characters of A-Z, a-z, 0-9, '-' and '_'";

    /// <summary>What it works on; null for a connector from before there were projects, which is taken at its word.</summary>
    public Project? Project { get; init; }

    /// <summary>True when a person named the session, by the command line or the environment, and not its folder.</summary>
    public bool IsNamed { get; init; }

    public static bool IsId(string text) =>
        text.Length is >= 8 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}

/// <summary>One MCP session of a connector process.</summary>
public sealed record InstanceClient
{
    public required string Instance { get; init; }
    public required DateTimeOffset InitializedAt { get; init; }
    public required bool Listens { get; init; }

    /// <summary>When its last stream closed; null when it never had one or has one now.</summary>
    public DateTimeOffset? StreamClosedAt { get; init; }
}

/// <summary>A session that exists under one of the names that a project's terminals may have.</summary>
public sealed record KnownName
{
    public required SessionId Session { get; init; }

    /// <summary>The session whose allowlist it shares; null for one with a list of its own.</summary>
    public SessionId? Shares { get; init; }

    /// <summary>The process that was given this name last.</summary>
    public string? Instance { get; init; }

    public IReadOnlyList<InstanceClient> Clients { get; init; } = [];
}

/// <summary>
/// Which name each of several terminals of one project gets: the first <c>name</c>, the next <c>name.2</c>, and so on. A process
/// that comes back has the name that it had; only a claim takes a name from a process that lives. Which <c>name</c> that is, where
/// several projects ask for the same one, is for <see cref="ProjectRules"/>.
/// </summary>
public static class InstanceRules
{
    /// <summary>Terminals of one project at the same time.</summary>
    public const int MaxTerminals = 20;

    /// <summary>The names that a project's terminals may have, in the order in which they are given.</summary>
    public static IReadOnlyList<SessionId> Names(SessionId first) =>
        [first, .. Enumerable.Range(2, MaxTerminals - 1).Select(number => Further(first, number))];

    /// <param name="asked">The name that the process asked for.</param>
    /// <param name="first">The session with the allowlist: <paramref name="asked"/> itself, or the one that it shares.</param>
    /// <param name="instance">The process.</param>
    /// <param name="known">What exists under <see cref="Names"/>.</param>
    /// <param name="now">The engine's time.</param>
    /// <returns>Null when other processes have every name.</returns>
    public static SessionId? Choose(SessionId asked, SessionId first, Instance instance, IReadOnlyCollection<KnownName> known, DateTimeOffset now)
    {
        if (instance.Claims)
        {
            return asked;
        }

        var ours = known.Where(name => name.Session == first || name.Shares == first).ToList();
        if (ours.Find(name => name.Instance == instance.Id) is { } had)
        {
            return had.Session;
        }

        // Somebody may have made a session of that very name, with a list of its own.
        bool IsFree(SessionId name) =>
            ours.Find(one => one.Session == name) is { } one
                ? !one.Clients.Any(client => client.Instance != instance.Id && IsLive(client, now))
                : known.All(other => other.Session != name);

        return Names(first).Skip(1).Prepend(asked).Where(IsFree).Select(name => (SessionId?)name).FirstOrDefault();
    }

    /// <summary>A client that has just initialized has not had the time to listen yet.</summary>
    public static bool IsLive(InstanceClient client, DateTimeOffset now) =>
        client.Listens || now - (client.StreamClosedAt ?? client.InitializedAt) < AttachmentRules.Grace;

    private static SessionId Further(SessionId first, int number)
    {
        var suffix = $".{number}";
        var room = Slug.MaxLength - suffix.Length;
        return first with { Name = (first.Name.Length > room ? first.Name[..room] : first.Name) + suffix };
    }
}
