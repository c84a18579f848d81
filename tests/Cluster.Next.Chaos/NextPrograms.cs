namespace Cluster.Next.Chaos;

/// <summary>The programs that run as nodes.</summary>
internal static class NextPrograms
{
    /// <summary>The product's node, as its own project built it beside this one's output (artifacts/bin/PROJECT/release).</summary>
    public static string Node { get; } = Built("Cluster.Next.Server");

    /// <summary>This program, whose <c>node</c> mode is a node with a fault.</summary>
    public static string Chaos { get; } = Path.Combine(AppContext.BaseDirectory, "Cluster.Next.Chaos.dll");

    private static string Built(string project)
    {
        var mine = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var path = Path.GetFullPath(Path.Combine(mine, "..", "..", project, Path.GetFileName(mine), $"{project}.dll"));
        return File.Exists(path) ? path : throw new FileNotFoundException($"{project} has not been built: {path} is missing.");
    }
}
