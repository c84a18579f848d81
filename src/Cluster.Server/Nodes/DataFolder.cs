using Cluster.Storage.Engines;

namespace Cluster.Server.Nodes;

/// <summary>Sees to it that nobody else on the machine reads what a node keeps: at each start, also what an earlier one or somebody's hand
/// has left open.</summary>
internal static partial class DataFolder
{
    // What shows that a node has used the folder: a folder of other things is not taken over, since all of it would be closed.
    private static readonly string[] Ours = ["cluster.db", "key", "admin-token", "node.lock", "local.json"];

    /// <summary>Closes the data folder, if it is there already, to everybody but its owner.</summary>
    /// <returns>What is to be logged of it.</returns>
    /// <exception cref="EngineUnusableException">It is a folder of other things.</exception>
    public static Action<ILogger> Close(ClusterOptions options)
    {
        var folder = options.Data;
        if (!Directory.Exists(folder))
        {
            return _ => { };
        }

        var others = Others(folder);
        if (others.Length > 0 && !Array.Exists(Ours, name => Path.Exists(Path.Combine(folder, name))))
        {
            // A node that keeps nothing there leaves it alone.
            return options is { Engine.Length: > 0, AdminToken.Length: > 0 } ? _ => { }
            : throw new EngineUnusableException(
                    $"The data folder {folder} holds other things ({string.Join(", ", others.Order().Take(3))}{(others.Length > 3 ? ", …" : "")}) and none of a node's, "
                    + "and everything in a data folder is closed to other users: name a new or an empty one with --Cluster:Data.");
        }

        var (mended, open, fault) = PrivateFolder.Close(folder);
        return logger =>
        {
            if (mended > 0)
            {
                LogClosed(logger, mended, Path.GetFullPath(folder));
            }

            if (open > 0)
            {
                LogOpen(logger, Path.GetFullPath(folder), open, fault!);
            }
        };
    }

    private static string[] Others(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)!).Where(name => name[0] != '.' && name != "lost+found")];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // whoever opens it says so
        }
    }

    [LoggerMessage(
        LogLevel.Warning,
        "Other users of this machine could read or change {Count} files and folders of the data folder {Folder}; from now on only their owner can.")]
    private static partial void LogClosed(ILogger logger, int count, string folder);

    [LoggerMessage(
        LogLevel.Warning,
        "Other users of this machine may read the data folder {Folder}: the modes of {Count} files and folders in it are not this node's to change ({Reason}). "
        + "Make the node's user their owner, or choose another folder with --Cluster:Data.")]
    private static partial void LogOpen(ILogger logger, string folder, int count, string reason);
}
