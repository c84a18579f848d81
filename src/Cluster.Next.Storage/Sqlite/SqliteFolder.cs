using Cluster.Next.Storage.Starting;
using Microsoft.Extensions.Logging;

namespace Cluster.Next.Storage.Sqlite;

/// <summary>The data folder: one process has it at a time, and only its user may read it, whatever the umask or an earlier release left.</summary>
internal sealed partial class SqliteFolder : IDisposable
{
    private const string LockName = "store.lock";

    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnersFolder = OwnersFile | UnixFileMode.UserExecute;

    private readonly string _folder;
    private readonly FileStream _lock;
    private readonly ILogger _logger;

    /// <exception cref="StoreUnusableException">It cannot be written, or another process has it.</exception>
    public SqliteFolder(string folder, ILogger logger)
    {
        _folder = folder;
        _logger = logger;
        _lock = Lock(folder);
        Close(folder, OwnersFolder);
        Close(_lock.Name, OwnersFile);
    }

    /// <summary>The path of a file there, made when it is missing; with what SQLite keeps beside it, it is its owner's only.</summary>
    public string OwnFile(string name)
    {
        var path = Path.Combine(_folder, name);
        if (!Directory.Exists(path))
        {
            new FileStream(path, Ours(FileMode.OpenOrCreate)).Dispose();
        }

        // What SQLite makes later beside the file has the mode of the file.
        foreach (var part in new[] { path, $"{path}-wal", $"{path}-shm", $"{path}-journal" }.Where(File.Exists))
        {
            Close(part, OwnersFile);
        }

        return path;
    }

    public void Dispose() => _lock.Dispose();

    private static FileStream Lock(string folder)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
            }
            else
            {
                Directory.CreateDirectory(folder, OwnersFolder);
            }

            return new FileStream(Path.Combine(folder, LockName), Ours(FileMode.OpenOrCreate));
        }
        catch (IOException e) when (File.Exists(Path.Combine(folder, LockName)) && !IsReadOnly(e))
        {
            throw new StoreUnusableException($"The data folder {folder} is in use by another node. Stop that node, or choose another folder with --Cluster:Data.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnusableException(
                $"The data folder {folder} cannot be written: {e.Message} Give the node's user write access, or choose another folder with --Cluster:Data.", e);
        }
    }

    // EROFS as .NET reports it on Unix.
    private static bool IsReadOnly(IOException e) => e.Message.Contains("Read-only", StringComparison.OrdinalIgnoreCase);

    // Without sharing: on Unix the file is locked for as long as it is open, also against other processes.
    private static FileStreamOptions Ours(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnersFile;
        }

        return options;
    }

    private void Close(string path, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows() || File.GetUnixFileMode(path) == mode)
        {
            return;
        }

        try
        {
            File.SetUnixFileMode(path, mode);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogOpen(path, File.GetUnixFileMode(path)); // a mounted volume's folder is often another user's
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Path} has the mode {Mode}, and this node's user may not change that. See that nobody else can read it.")]
    private partial void LogOpen(string path, UnixFileMode mode);
}
