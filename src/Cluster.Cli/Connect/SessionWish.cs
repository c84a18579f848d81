using System.Net.Http.Headers;
using Cluster.Cli.Nodes;
using Cluster.Core.Channel;
using Cluster.Core.Secrets;
using Cluster.Core.Sessions;

namespace Cluster.Cli.Connect;

/// <summary>Who said which session a Claude Code process serves.</summary>
internal enum NamedBy
{
    Option,
    Environment,
    Folder,
}

/// <summary>The session that this process wants to serve. The node may give it a further name of the same project, or, where another project has the
/// folder's name, one of its own.</summary>
/// <param name="Name"><c>name</c> or <c>owner/name</c>.</param>
/// <param name="By">Who said so.</param>
internal sealed record SessionWish(string Name, NamedBy By)
{
    /// <summary>Tells this process from those of other terminals, for as long as it lives.</summary>
    public string Instance { get; } = Secret.NewCode();

    /// <summary>The project folder, where git says what this process works on; null for none.</summary>
    public string? Folder { get; init; }

    /// <summary>What it works on, found out when it is first asked for and the same for as long as the process lives.</summary>
    public Lazy<Project>? Project { get; init; }

    /// <summary>True when a person asked for this very name, on the command line: then no other terminal keeps it.</summary>
    public bool Claims => By == NamedBy.Option;

    public static SessionWish Choose(string? given, Func<string, string?> environment)
    {
        var folder = environment("CLAUDE_PROJECT_DIR") is { Length: > 0 } said ? said : Environment.CurrentDirectory;
        var project = new Lazy<Project>(() => ProjectReader.Read(folder, MachineId.Read(ClusterHome.Find(environment))));
        if (!string.IsNullOrEmpty(given))
        {
            return new SessionWish(Slugged(given), NamedBy.Option) { Folder = folder, Project = project };
        }

        if (environment("CLUSTER_SESSION") is { Length: > 0 } named)
        {
            return new SessionWish(Slugged(named), NamedBy.Environment) { Folder = folder, Project = project };
        }

        return new SessionWish(NameOf(folder, project), NamedBy.Folder) { Folder = folder, Project = project };
    }

    /// <summary>Says it with <c>initialize</c>.</summary>
    public void AddTo(HttpRequestHeaders headers)
    {
        headers.Add(ChannelProtocol.InstanceHeader, Instance);
        if (Claims)
        {
            headers.Add(ChannelProtocol.ClaimHeader, "true");
        }

        if (Project?.Value is not { } project)
        {
            return;
        }

        headers.Add(ChannelProtocol.ProjectHeader, project.Key);
        if (project.Earlier is { } earlier)
        {
            headers.Add(ChannelProtocol.EarlierProjectHeader, earlier);
        }

        if (By != NamedBy.Folder)
        {
            headers.Add(ChannelProtocol.NamedHeader, "true");
        }
    }

    /// <summary>Which session it is, and why, for the person at the terminal.</summary>
    /// <param name="given">Its name.</param>
    /// <param name="name">What the node says of it; null for a node that says nothing.</param>
    public string Explain(string given, GivenName? name)
    {
        var asked = LastPart(Name);
        var why = name is { IsForeign: true } ? $"as {(By == NamedBy.Option ? "--session" : "CLUSTER_SESSION")} says; it belongs to another project, whose people may talk and approve here"
            : name is { IsApart: true } ? $"because {asked} belongs to another project; `CLUSTER_SESSION={asked}` serves that one all the same"
            : LastPart(given) != asked ? $"because another terminal of this project is {asked}; `--session {asked}` takes that name over"
            : By == NamedBy.Option ? "as --session says; another terminal of that name gets no more events"
            : By == NamedBy.Environment ? "as CLUSTER_SESSION says"
            : "named after its folder";
        return $"this terminal is session {given}, {why}";
    }

    // A name in another writing leaves nothing to make a name of; then the repository's says more, or a piece of the key does, which nobody shares.
    private static string NameOf(string folder, Lazy<Project> project) =>
        Slug.Telling(Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)))
        ?? (ProjectPlace.Read(folder).Repository is { } repository ? Slug.Telling(repository[(repository.LastIndexOf('/') + 1)..]) : null)
        ?? $"project-{project.Value.Key[..4]}";

    private static string LastPart(string session) => session[(session.IndexOf('/', StringComparison.Ordinal) + 1)..];

    private static string Slugged(string said)
    {
        var slash = said.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? Slug.From(said) : $"{Slug.From(said[..slash])}/{Slug.From(said[(slash + 1)..])}";
    }
}
