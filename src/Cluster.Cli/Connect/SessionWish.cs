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

/// <summary>The session that this process wants to serve. The node may give it a further name of the same project.</summary>
/// <param name="Name"><c>name</c> or <c>owner/name</c>.</param>
/// <param name="By">Who said so.</param>
internal sealed record SessionWish(string Name, NamedBy By)
{
    /// <summary>Tells this process from those of other terminals, for as long as it lives.</summary>
    public string Instance { get; } = Secret.NewCode();

    /// <summary>The project folder, where git says what this process works on; null for none.</summary>
    public string? Folder { get; init; }

    /// <summary>True when a person asked for this very name, on the command line: then no other terminal keeps it.</summary>
    public bool Claims => By == NamedBy.Option;

    public static SessionWish Choose(string? given, Func<string, string?> environment)
    {
        var folder = environment("CLAUDE_PROJECT_DIR") is { Length: > 0 } project ? project : Environment.CurrentDirectory;
        if (!string.IsNullOrEmpty(given))
        {
            return new SessionWish(Slugged(given), NamedBy.Option) { Folder = folder };
        }

        if (environment("CLUSTER_SESSION") is { Length: > 0 } said)
        {
            return new SessionWish(Slugged(said), NamedBy.Environment) { Folder = folder };
        }

        return new SessionWish(Slug.From(Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))), NamedBy.Folder) { Folder = folder };
    }

    /// <summary>Which session it is, and why, for the person at the terminal.</summary>
    public string Explain(string given)
    {
        var asked = LastPart(Name);
        var why = LastPart(given) != asked ? $"because another terminal of this project is {asked}; `--session {asked}` takes that name over"
            : By == NamedBy.Option ? "as --session says; another terminal of that name gets no more events"
            : By == NamedBy.Environment ? "as CLUSTER_SESSION says"
            : "named after its folder";
        return $"this terminal is session {given}, {why}";
    }

    private static string LastPart(string session) => session[(session.IndexOf('/', StringComparison.Ordinal) + 1)..];

    private static string Slugged(string said)
    {
        var slash = said.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? Slug.From(said) : $"{Slug.From(said[..slash])}/{Slug.From(said[(slash + 1)..])}";
    }
}
