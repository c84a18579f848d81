namespace Cluster.Cli.Nodes;

/// <summary>What this program keeps is for its user only, also what an earlier version or a copy left open. Windows has no such modes.</summary>
internal static class OwnerOnly
{
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode FolderMode = FileMode | UnixFileMode.UserExecute;

    /// <summary>For a file that is made.</summary>
    public static FileStreamOptions File(System.IO.FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = FileMode;
        }

        return options;
    }

    /// <summary>Makes the folder if it is not there. Of those above it, it makes what is missing, but for everybody the umask says.</summary>
    public static void CreateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, FolderMode);
        }
    }

    /// <summary>Closes a folder of ours that is there; one that a link stands for is somebody's choice.</summary>
    public static void CloseFolder(string path)
    {
        if (!OperatingSystem.IsWindows() && new DirectoryInfo(path) is { Exists: true, LinkTarget: null } folder)
        {
            Close(path, folder.UnixFileMode, FolderMode);
        }
    }

    /// <summary>Closes a file of ours; the same goes for a link.</summary>
    public static void CloseFile(string path)
    {
        if (!OperatingSystem.IsWindows() && new FileInfo(path) is { Exists: true, LinkTarget: null } file)
        {
            Close(path, file.UnixFileMode, FileMode);
        }
    }

    // What belongs to somebody else stays as it is: whoever made it has decided who reads it.
    private static void Close(string path, UnixFileMode before, UnixFileMode most)
    {
        try
        {
            if (!OperatingSystem.IsWindows() && (before & ~most) != 0)
            {
                System.IO.File.SetUnixFileMode(path, before & most);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
