using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cluster.Core.Api;
using Cluster.Core.Secrets;
using Cluster.Storage.Engines;

namespace Cluster.Server.Nodes;

/// <summary>The small files beside the engine, each readable by its owner only: the key, the admin's token, and the note by which
/// <c>cluster</c> finds this node.</summary>
internal static class NodeFiles
{
    // What may stand in the folder that `cluster` knows, with the drafts of both.
    private static readonly string[] OfHome = ["local.json", "credentials.json", ".credentials-"];

    public static string AdminTokenFile(string folder) => Path.Combine(Path.GetFullPath(folder), "admin-token");

    /// <summary>The key from the settings, else from the data folder's key file, which is made at the first start.</summary>
    /// <exception cref="EngineUnusableException">The key is not 32 bytes in base64.</exception>
    public static NodeKey OpenKey(string configured, string folder)
    {
        var file = Path.Combine(folder, "key");
        var where = configured.Length > 0 ? "CLUSTER_KEY" : $"The key file {file}";
        var made = configured.Length == 0 && !File.Exists(file);
        if (configured.Length == 0)
        {
            try
            {
                if (made)
                {
                    Write(file, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
                }

                configured = File.ReadAllText(file).Trim();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new EngineUnusableException($"{where} cannot be {(made ? "written" : "read")}: {e.Message.TrimEnd('.')}. It must be a file that the node's user may read and write.", e);
            }
        }

        try
        {
            return new NodeKey(new SecretBox(Convert.FromBase64String(configured)), where, file, made);
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            throw new EngineUnusableException($"{where} must hold 32 bytes in base64, as `openssl rand -base64 32` prints.", e);
        }
    }

    /// <summary>Keeps the admin's token for <c>cluster</c> on this machine.</summary>
    /// <exception cref="EngineUnusableException">The folder does not take it.</exception>
    public static void WriteAdminToken(string folder, string token)
    {
        var file = AdminTokenFile(folder);
        try
        {
            PrivateFolder.Create(folder);
            Write(file, token);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineUnusableException($"The admin's token cannot be written to {file}: {e.Message.TrimEnd('.')}. Mend that, or set the token as Cluster:AdminToken.", e);
        }
    }

    /// <summary>Writes a file that only its owner can read from its first byte on, whole or not at all.</summary>
    public static void Write(string file, string text)
    {
        var draft = $"{file}.{Environment.ProcessId}.new";
        File.Delete(draft);
        using (var stream = new FileStream(draft, PrivateFolder.File(FileMode.Create)))
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
            PrivateFolder.Create(home);
            if (Directory.EnumerateFileSystemEntries(home).All(IsOfHome))
            {
                PrivateFolder.Close(home); // a folder of other things, such as a user's own, is not ours to close
            }

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

    private static bool IsOfHome(string path) => Array.Exists(OfHome, name => Path.GetFileName(path).StartsWith(name, StringComparison.Ordinal));

    private static string LocalFile(string home) => Path.Combine(home, "local.json");
}
