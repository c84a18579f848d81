using Cluster.Cli.Connect.Git;
using Cluster.Core.Sessions;

namespace Cluster.Cli.Connect;

/// <summary>Finds out which project a folder is: by its repository's remote wherever there is one, so that clones and worktrees are the same project
/// on all machines, else by its path on this machine. Only a hash of it leaves this class.</summary>
internal static class ProjectReader
{
    private const int MaxSteps = 400;

    /// <param name="folder">The project folder.</param>
    /// <param name="machine">Tells this machine from others; asked where a path counts.</param>
    public static Project Read(string folder, string machine)
    {
        var real = Real(folder);
        var (path, within, origin) = (real, ".", (string?)null);
        if (GitFolder.Locate(real) is var (top, common, written))
        {
            // A folder in a repository is a project of its own: two of the same name may lie there.
            within = Path.GetRelativePath(top, real).Replace('\\', '/');
            origin = written is null ? null : GitRemote.Identify(written);

            // As the folder's path was before there was a repository, and the same for its other worktrees.
            var main = Path.GetFileName(common) == ".git" ? Path.GetDirectoryName(common)! : common;
            path = within == "." ? main : Path.Combine(main, within);
        }

        var byPath = Project.KeyOf("path", machine, Folded(path));
        return origin is null ? new Project { Key = byPath } : new Project { Key = Project.KeyOf("repository", origin, within), Earlier = byPath };
    }

    // Where the system takes capital and small letters for the same.
    private static string Folded(string path) => OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? path.ToLowerInvariant() : path;

    private static string Real(string folder)
    {
        try
        {
            var steps = 0;
            var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

            // On Windows a link may lead to another machine, which must not be asked.
            return OperatingSystem.IsWindows() ? full : Real(full, ref steps);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return folder;
        }
    }

    // Links that lead in circles end with the steps.
    private static string Real(string path, ref int steps)
    {
        if (++steps > MaxSteps || Path.GetDirectoryName(path) is not { } parent)
        {
            return path;
        }

        var real = Path.Combine(Real(parent, ref steps), Path.GetFileName(path));
        return new FileInfo(real).LinkTarget is { } target ? Real(Path.GetFullPath(target, Path.GetDirectoryName(real)!), ref steps) : real;
    }
}
