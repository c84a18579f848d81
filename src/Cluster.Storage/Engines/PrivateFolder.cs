namespace Cluster.Storage.Engines;

/// <summary>Folders and files for their owner only: made so from the first byte on, whatever the umask, and mended where they were not.</summary>
public static class PrivateFolder
{
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode FolderMode = FileMode | UnixFileMode.UserExecute;

    private static readonly EnumerationOptions All = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    /// <summary>Makes the folder if it is not there. Windows has no modes; there a user's folders are closed by what they inherit.</summary>
    public static void Create(string folder)
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

    /// <summary>For a file that is made.</summary>
    public static FileStreamOptions File(System.IO.FileMode mode, FileAccess access = FileAccess.Write, FileShare share = FileShare.Read)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = FileMode;
        }

        return options;
    }

    /// <summary>Takes from everybody else what they could do with the folder and with all that is in it.</summary>
    /// <returns>How many files and folders were mended, how many were not, and of these the first with the reason.</returns>
    public static (int Mended, int Open, string? Fault) Close(string folder)
    {
        var (mended, open, fault) = (0, 0, (string?)null);
        if (OperatingSystem.IsWindows() || !Directory.Exists(folder))
        {
            return (mended, open, fault);
        }

        // A folder is closed before one looks into it: from then on nobody else can put a link where a file was.
        var top = new DirectoryInfo(Path.GetFullPath(folder));
        var folders = new Stack<FileSystemInfo>([top.ResolveLinkTarget(returnFinalTarget: true) ?? top]);
        while (folders.TryPop(out var next))
        {
            Mend(next, FolderMode);
            foreach (var entry in Inside((DirectoryInfo)next))
            {
                if (entry.LinkTarget is not null)
                {
                    continue; // what it leads to is not ours
                }

                if (entry is DirectoryInfo)
                {
                    folders.Push(entry);
                }
                else
                {
                    Mend(entry, FileMode);
                }
            }
        }

        return (mended, open, fault);

        void Mend(FileSystemInfo entry, UnixFileMode most)
        {
            try
            {
                // What the owner may not do stays so for a file; a folder must be one that can be used.
                var before = entry.UnixFileMode;
                var after = entry is DirectoryInfo ? most : before & most;
                if (!OperatingSystem.IsWindows() && entry.Exists && before != after)
                {
                    System.IO.File.SetUnixFileMode(entry.FullName, after);
                    mended++;
                }
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                // It is gone, which is as good.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                open++;
                fault ??= e.Message.TrimEnd('.');
            }
        }
    }

    // One that this user may not look into is closed by whoever owns it.
    private static FileSystemInfo[] Inside(DirectoryInfo folder)
    {
        try
        {
            return folder.GetFileSystemInfos("*", All);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
