using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cluster.Core.Api;
using Cluster.Core.Secrets;

namespace Cluster.Next.Server.Nodes;

/// <summary>The small files beside the store, each readable by its owner only: the key, the admin's token, and the note by which
/// <c>cluster</c> finds this node.</summary>
internal static class NodeFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static string AdminTokenFile(string folder) => Path.Combine(Path.GetFullPath(folder), "admin-token");

    /// <summary>The key from the settings, else from the data folder's key file, which is made at the first start.</summary>
    /// <exception cref="NodeUnusableException">The key is not 32 bytes in base64.</exception>
    public static SecretBox OpenKey(string configured, string folder)
    {
        var file = Path.Combine(folder, "key");
        var where = configured.Length > 0 ? "CLUSTER_KEY" : $"The key file {file}";
        if (configured.Length == 0)
        {
            if (!File.Exists(file))
            {
                Write(file, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
            }

            configured = File.ReadAllText(file).Trim();
        }

        try
        {
            return new SecretBox(Convert.FromBase64String(configured));
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            throw new NodeUnusableException($"{where} must hold 32 bytes in base64, as `openssl rand -base64 32` prints.", e);
        }
    }

    /// <summary>Writes a file that only its owner can read from its first byte on, whole or not at all.</summary>
    public static void Write(string file, string text)
    {
        var draft = $"{file}.{Environment.ProcessId}.new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        File.Delete(draft);
        using (var stream = new FileStream(draft, options))
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(draft, file, overwrite: true);
    }

    /// <summary>Leaves a note for <c>cluster</c> on this machine. A node without a home folder does without.</summary>
    public static void Announce(string home, LocalNode node)
    {
        try
        {
            Directory.CreateDirectory(home);
            Write(LocalFile(home), JsonSerializer.Serialize(node, ApiJson.Default.LocalNode));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    /// <summary>Takes the note back, unless another node has left its own since.</summary>
    public static void Withdraw(string home)
    {
        try
        {
            var file = LocalFile(home);
            if (JsonSerializer.Deserialize(File.ReadAllText(file), ApiJson.Default.LocalNode)?.ProcessId == Environment.ProcessId)
            {
                File.Delete(file);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
        }
    }

    /// <summary>The folder that <c>cluster</c> knows too.</summary>
    public static string Home(string configured) =>
        configured.Length > 0 ? configured
        : Environment.GetEnvironmentVariable("CLUSTER_HOME") is { Length: > 0 } home ? home
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "channel-cluster");

    private static string LocalFile(string home) => Path.Combine(home, "local.json");
}
