using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cluster.Cli.Nodes;

/// <summary>What <c>cluster login</c> stores: which node, as whom, and the access token.</summary>
internal sealed record Credentials
{
    public required string Url { get; init; }
    public required string Principal { get; init; }
    public required string TokenId { get; init; }
    public required string Token { get; init; }

    /// <summary>Replaces the file in one step; only its owner can ever read it.</summary>
    public async Task SaveAsync(string path, CancellationToken ct)
    {
        var folder = Path.GetDirectoryName(path)!;
        var draft = Path.Combine(folder, $".credentials-{Environment.ProcessId}.tmp");
        OwnerOnly.CreateFolder(folder);
        if (Directory.EnumerateFileSystemEntries(folder).All(ClusterHome.Keeps))
        {
            OwnerOnly.CloseFolder(folder); // a folder that has other things, too, is not ours to close
        }

        File.Delete(draft);
        await using (var file = new FileStream(draft, OwnerOnly.File(FileMode.Create)))
        {
            await JsonSerializer.SerializeAsync(file, this, CredentialsJson.Default.Credentials, ct);
        }

        File.Move(draft, path, overwrite: true);
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, AllowDuplicateProperties = false, WriteIndented = true)]
[JsonSerializable(typeof(Credentials))]
internal sealed partial class CredentialsJson : JsonSerializerContext;
