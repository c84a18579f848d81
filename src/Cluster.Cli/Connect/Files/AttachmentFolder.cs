using Cluster.Cli.Nodes;
using Cluster.Core.Api;
using Cluster.Core.Channel;
using Cluster.Core.Chats;

namespace Cluster.Cli.Connect.Files;

/// <summary>Where files that people sent are saved: below the user's cache folder, for this user only, for a week.</summary>
internal sealed class AttachmentFolder(string root, TimeProvider clock)
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);
    private static readonly TimeSpan SweptEvery = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private long _swept;

    /// <summary>XDG Base Directory Specification on Linux (a relative <c>XDG_CACHE_HOME</c> is invalid); the system's own folder elsewhere.</summary>
    public static AttachmentFolder Find(Func<string, string?> environment, TimeProvider clock)
    {
        var user = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        var cache = OperatingSystem.IsWindows()
            ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify)
            : OperatingSystem.IsMacOS() ? Path.Combine(user, "Library", "Caches")
            : environment("XDG_CACHE_HOME") is { } xdg && Path.IsPathFullyQualified(xdg) ? xdg
            : Path.Combine(user, ".cache");
        return new AttachmentFolder(Path.Combine(cache, "channel-cluster", "attachments"), clock);
    }

    /// <summary>Saves one file under a harmless name that no other has.</summary>
    /// <param name="session"><c>owner/name</c>.</param>
    /// <param name="eventId">The event's id.</param>
    /// <param name="file">What is known of it.</param>
    /// <param name="content">Read to its end.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Its path and its size.</returns>
    /// <exception cref="FileRefused">It is too large, or the disk does not take it.</exception>
    /// <exception cref="HttpRequestException">It broke off.</exception>
    public async Task<(string Path, long Size)> SaveAsync(string session, long eventId, AttachmentInfo file, Stream content, CancellationToken ct)
    {
        Sweep();
        var parts = session.Split('/').Select(part => SafeFileName.Of(part, "session")).Append($"{eventId}").Prepend(root);
        var folder = Path.Combine([.. parts]);
        var draft = Path.Combine(folder, $".{Guid.NewGuid():N}.part");
        try
        {
            CreateForMe(folder);
            long size;
            byte[] head;
            await using (var draftFile = new FileStream(draft, OwnerOnly.File(FileMode.CreateNew)))
            {
                (size, head) = await CopyAsync(file, content, draftFile, ct);
            }

            return (Place(draft, folder, Name(file, head)), size);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new FileRefused($"file {file.Number} cannot be saved below {root}: {e.Message}");
        }
        finally
        {
            if (File.Exists(draft))
            {
                File.Delete(draft);
            }
        }
    }

    // Each level by itself: the mode is given to the last one only. Those from the root on are ours, and closed if they were open.
    private void CreateForMe(string folder)
    {
        if (folder.Length >= root.Length || !Directory.Exists(folder))
        {
            if (Path.GetDirectoryName(folder) is { } parent)
            {
                CreateForMe(parent);
            }

            OwnerOnly.CreateFolder(folder);
            OwnerOnly.CloseFolder(folder);
        }
    }

    private static async Task<(long Size, byte[] Head)> CopyAsync(AttachmentInfo file, Stream from, FileStream to, CancellationToken ct)
    {
        var buffer = new byte[128 * 1024];
        var (size, head) = (0L, Array.Empty<byte>());
        while (await ReadAsync(from, buffer, ct) is > 0 and var read)
        {
            if (size == 0)
            {
                head = buffer[..Math.Min(read, MediaTypes.HeadLength)];
            }

            size += read;
            if (size > FileLimits.MaxFile)
            {
                throw new FileRefused($"file {file.Number} has more than {Attachments.Size(FileLimits.MaxFile)}, which are the most");
            }

            await to.WriteAsync(buffer.AsMemory(0, read), ct);
        }

        return (size, head);
    }

    // What fails here is the way to the node, and not this disk.
    private static async Task<int> ReadAsync(Stream from, byte[] buffer, CancellationToken ct)
    {
        try
        {
            return await from.ReadAtLeastAsync(buffer, MediaTypes.HeadLength, throwOnEndOfStream: false, ct);
        }
        catch (IOException e)
        {
            throw new HttpRequestException(e.Message, e);
        }
    }

    // What opens an image goes by its ending; photos often come without a name.
    private static string Name(AttachmentInfo file, byte[] head)
    {
        var name = SafeFileName.Of(file.Name, $"{SafeFileName.Of(file.Kind, "file")}-{file.Number}");
        return SafeFileName.ExtensionOf(name).Length > 0 || MediaTypes.Image(head) is not { } image ? name : name + MediaTypes.Extension(image);
    }

    private static string Place(string draft, string folder, string name)
    {
        for (var number = 1; ; number++)
        {
            var path = Path.Combine(
                folder, number == 1 ? name : $"{Path.GetFileNameWithoutExtension(name)}-{number}{Path.GetExtension(name)}");
            try
            {
                File.Move(draft, path, overwrite: false);
                return path;
            }
            catch (IOException) when (Path.Exists(path) && number < 1000)
            {
                // The next number, then.
            }
        }
    }

    private void Sweep()
    {
        lock (_lock)
        {
            if (_swept != 0 && clock.GetElapsedTime(_swept) < SweptEvery)
            {
                return;
            }

            _swept = clock.GetTimestamp();
        }

        try
        {
            var before = (clock.GetUtcNow() - Kept).UtcDateTime;
            var ofEvents = new DirectoryInfo(root).EnumerateDirectories().Where(IsOurs)
                .SelectMany(owner => owner.EnumerateDirectories()).Where(IsOurs)
                .SelectMany(session => session.EnumerateDirectories()).Where(IsOurs);
            foreach (var folder in ofEvents.Where(folder => folder.LastWriteTimeUtc < before).ToList())
            {
                folder.Delete(recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is none yet, or another terminal sweeps as well.
        }
    }

    // A link leads elsewhere.
    private static bool IsOurs(DirectoryInfo folder) => folder.LinkTarget is null;
}
