namespace Cluster.Cli.Connect.Files;

/// <summary>Where a path leads, once every link in it has been followed. What is checked and what is opened must be this, or a link
/// could lead from one to the other.</summary>
internal static class RealPath
{
    private const int MaxLinks = 40; // as Linux

    /// <returns>Null when it leads nowhere.</returns>
    public static string? Of(string path)
    {
        var links = 0;
        var rest = new Stack<string>();
        var current = Begin(path, rest);
        while (rest.TryPop(out var name))
        {
            var next = Path.Combine(current, name);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                current = next;
                continue;
            }

            if (++links > MaxLinks)
            {
                return null;
            }

            current = Begin(Path.Combine(current, target), rest);
        }

        return Path.Exists(current) ? current : null;
    }

    public static bool IsInside(string path, string folder) =>
        path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, Comparison);

    // Names that differ in case only are one file on most disks of these systems.
    private static StringComparison Comparison =>
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    private static string Begin(string path, Stack<string> rest)
    {
        var full = Path.GetFullPath(path);
        var root = Path.GetPathRoot(full)!;
        foreach (var name in full[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse())
        {
            rest.Push(name);
        }

        return root;
    }
}
