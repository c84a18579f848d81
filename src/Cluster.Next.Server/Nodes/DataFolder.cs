namespace Cluster.Next.Server.Nodes;

/// <summary>The folder of one node: its owner's alone, and no other process's while this one lives.</summary>
internal sealed class DataFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly FileStream _lock;

    private DataFolder(FileStream @lock) => _lock = @lock;

    /// <exception cref="NodeUnusableException">It cannot be written, or another node has it.</exception>
    public static DataFolder Open(string path)
    {
        var file = Path.Combine(path, "node.lock");
        try
        {
            Create(path);
            return new DataFolder(new FileStream(file, Held()));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeUnusableException(
                e is IOException && File.Exists(file) && !e.Message.Contains("Read-only", StringComparison.OrdinalIgnoreCase)
                    ? $"The data folder {path} is in use by another node. Stop that node, or choose another folder with --Cluster:Data."
                    : $"The data folder {path} cannot be written: {e.Message} Give the node's user write access, or choose another folder with --Cluster:Data.",
                e);
        }
    }

    public void Dispose() => _lock.Dispose();

    private static FileStreamOptions Held()
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }

    private static void Create(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerOnly);
            File.SetUnixFileMode(path, OwnerOnly); // it may have been there
        }
    }
}
