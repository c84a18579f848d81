using Cluster.Cli.Nodes;
using Cluster.Core.Secrets;

namespace Cluster.Cli.Connect;

/// <summary>A random word in the user's settings that tells this machine from others. The system's own id will not do: containers of one image have the same.</summary>
internal static class MachineId
{
    public static string Read(ClusterHome home)
    {
        var path = Path.Combine(home.Folder, "machine");
        try
        {
            if (Kept(path) is { } known)
            {
                return known;
            }

            Write(path);
            if (Kept(path) is { } made)
            {
                return made;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Settings that cannot be written.
        }

        return $"{Environment.UserName}@{Environment.MachineName}";
    }

    private static string? Kept(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim() is { Length: > 0 } id ? id : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    // Whole at once, and never over that of another process which was faster.
    private static void Write(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var draft = Path.Combine(folder, $".machine-{Environment.ProcessId}.tmp");
        using (var writer = new StreamWriter(draft, options))
        {
            writer.WriteLine(Secret.NewCode());
        }

        try
        {
            File.Move(draft, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(draft);
        }
    }
}
