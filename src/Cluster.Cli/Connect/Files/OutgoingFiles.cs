using System.Text;
using Cluster.Cli.Nodes;
using Cluster.Core.Channel;
using Cluster.Core.Chats;
using Cluster.Core.Secrets;

namespace Cluster.Cli.Connect.Files;

/// <summary>A file that may be sent, open since it was checked.</summary>
/// <param name="Name">What people see.</param>
/// <param name="Content">From its start.</param>
/// <param name="Length">Bytes that were checked; what was added since then was not, and is not sent.</param>
internal sealed record OutgoingFile(string Name, FileStream Content, long Length) : IDisposable
{
    public void Dispose() => Content.Dispose();
}

/// <summary>
/// Decides which files leave this machine. A model that was talked into it must not send what opens the cluster: the connector's
/// settings, its token, wherever it stands and under whatever name, a node's database or a backup of it, or what is no plain file.
/// </summary>
internal sealed class OutgoingFiles(ClusterHome home)
{
    // As `cluster` and nodes name what holds their secrets.
    private static readonly HashSet<string> OwnNames = new(
        ["credentials.json", "local.json", "admin-token", "key", "cluster.db", "cluster.db-wal"], StringComparer.OrdinalIgnoreCase);

    private static readonly Encoding[] TextForms = [Encoding.UTF8, Encoding.Unicode, Encoding.BigEndianUnicode];

    /// <summary>Opens all of them, or none.</summary>
    /// <param name="paths">As Claude gave them.</param>
    /// <param name="tokens">What no file may hold.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="FileRefused">One of them may not be sent.</exception>
    public async Task<IReadOnlyList<OutgoingFile>> OpenAsync(IReadOnlyList<string> paths, IReadOnlyCollection<string> tokens, CancellationToken ct)
    {
        if (paths.Count > FileLimits.MaxFiles)
        {
            throw new FileRefused($"files names {paths.Count} files; {FileLimits.MaxFiles} are the most. Nothing was sent.");
        }

        var open = new List<OutgoingFile>();
        try
        {
            foreach (var path in paths)
            {
                open.Add(Open(path));
                open[^1] = open[^1] with { Length = await CheckContentAsync(path, open[^1].Content, tokens, ct) };
            }

            return open;
        }
        catch
        {
            open.ForEach(file => file.Dispose());
            throw;
        }
    }

    private OutgoingFile Open(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal) || !Path.IsPathFullyQualified(path))
        {
            throw Refuse(path, "is no absolute path");
        }

        try
        {
            var real = RealPath.Of(path) ?? throw Refuse(path, "does not exist, or cannot be read");
            if (IsOwn(path, real))
            {
                throw Refuse(path, "belongs to Channel Cluster itself and is never sent");
            }

            if (Directory.Exists(real))
            {
                throw Refuse(path, "is a directory; name the files in it");
            }

            // Devices, pipes and what a system makes up have no length. A pipe would not even be opened before somebody writes.
            string[] madeUp = ["/proc", "/sys", "/dev"];
            var length = new FileInfo(real).Length;
            if (length == 0 || (!OperatingSystem.IsWindows() && madeUp.Any(folder => RealPath.IsInside(real, folder))))
            {
                throw Refuse(path, "is empty, or no regular file");
            }

            if (length > FileLimits.MaxFile)
            {
                throw Refuse(path, $"has {Attachments.Size(length)}, and {Attachments.Size(FileLimits.MaxFile)} are the most");
            }

            return new OutgoingFile(
                Path.GetFileName(path), new FileStream(real, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, useAsync: true), length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Refuse(path, "does not exist, or cannot be read");
        }
    }

    private bool IsOwn(string path, string real) =>
        OwnNames.Contains(Path.GetFileName(real)) || OwnNames.Contains(Path.GetFileName(path))
        || RealPath.IsInside(real, home.Folder) || (RealPath.Of(home.Folder) is { } folder && RealPath.IsInside(real, folder));

    // Copies and hard links bear any name; a file that grows is read no further than it may be. Text of Windows often has two bytes a letter.
    private static async Task<long> CheckContentAsync(string path, FileStream content, IReadOnlyCollection<string> tokens, CancellationToken ct)
    {
        var secrets = tokens.SelectMany(token => TextForms.Select(form => form.GetBytes(token))).ToList();
        var overlap = secrets.Select(secret => secret.Length - 1).DefaultIfEmpty(0).Max();
        var buffer = new byte[256 * 1024];
        var header = new byte[EngineFile.HeaderLength];
        var (kept, total) = (0, 0L);
        try
        {
            while (await content.ReadAsync(buffer.AsMemory(kept), ct) is > 0 and var read)
            {
                var seen = buffer.AsSpan(0, kept + read);
                if (total < EngineFile.HeaderLength)
                {
                    // Read in small pieces, the start may come in several.
                    seen[kept..].Slice(0, Math.Min(read, EngineFile.HeaderLength - (int)total)).CopyTo(header.AsSpan((int)total));
                    if (EngineFile.Begins(header))
                    {
                        throw Refuse(path, "is a database of Channel Cluster, with everybody's messages in it, and is never sent");
                    }
                }

                total += read;
                foreach (var secret in secrets)
                {
                    if (seen.IndexOf(secret) >= 0)
                    {
                        throw Refuse(path, "holds this terminal's access token and is never sent");
                    }
                }

                if (total > FileLimits.MaxFile)
                {
                    throw Refuse(path, $"has more than {Attachments.Size(FileLimits.MaxFile)}, which are the most");
                }

                kept = Math.Min(overlap, seen.Length);
                seen[^kept..].CopyTo(buffer);
            }

            content.Position = 0;
            return total;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw Refuse(path, "cannot be read");
        }
    }

    private static FileRefused Refuse(string path, string why) => new($"files: {Core.Events.HostileText.Cut(path, 300)} {why}. Nothing was sent.");
}
