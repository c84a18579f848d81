namespace Cluster.Chaos;

/// <summary>The product's programs as its own projects built them, beside this one's output.</summary>
internal static class ChaosPrograms
{
    public static string Node { get; } = Built("Cluster.Server", "Cluster.Server.dll");

    public static string Connector { get; } = Built("Cluster.Cli", "cluster.dll");

    /// <summary>This program, whose <c>node</c> mode is a node with a fault.</summary>
    public static string Chaos { get; } = Path.Combine(AppContext.BaseDirectory, "Cluster.Chaos.dll");

    // artifacts/bin/PROJECT/release
    private static string Built(string project, string file)
    {
        var mine = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var path = Path.GetFullPath(Path.Combine(mine, "..", "..", project, Path.GetFileName(mine), file));
        return File.Exists(path) ? path : throw new FileNotFoundException($"{project} has not been built: {path} is missing.");
    }
}
