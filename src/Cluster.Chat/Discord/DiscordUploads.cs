using System.Text.Json;

namespace Cluster.Chat.Discord;

/// <summary>Files as Discord takes them: up to ten in one message (Discord: API Reference, uploading files).</summary>
internal static class DiscordUploads
{
    private const int MostFiles = 10;

    /// <summary>Discord: API Reference, uploading files: "The default limit is 20 MiB for all users". Servers that are boosted take more; which,
    /// a bot is not told where it writes.</summary>
    private const long LargestFile = 20 * 1024 * 1024;

    /// <summary>Discord: Message, create message: "The maximum request size when sending a message is 25 MiB"; the rest is for the form around
    /// the files.</summary>
    private const long LargestMessage = 24 * 1024 * 1024;

    public static IReadOnlyList<IReadOnlyList<ChatUpload>> Group(IReadOnlyList<ChatUpload> files) =>
        UploadGroups.Of(files, _ => true, MostFiles, LargestMessage, LargestFile);

    /// <summary>Why Discord would not take a group; null when it may.</summary>
    public static string? RefusalOf(IReadOnlyList<ChatUpload> group) =>
        group.Count is 0 or > MostFiles ? $"Discord takes 1 to {MostFiles} files at once."
        : group.FirstOrDefault(file => file.Size > LargestFile) is { } large
            ? $"{large.Name} has {large.Size} bytes; Discord takes files up to {LargestFile / 1024 / 1024} MiB."
        : null;

    public static UploadForm Form(CreateMessage message, IReadOnlyList<ChatUpload> group)
    {
        var form = new UploadForm();
        message = message with { Attachments = [.. group.Select((file, i) => new SentAttachment(i, file.Name))] };
        form.AddJson("payload_json", JsonSerializer.SerializeToUtf8Bytes(message, DiscordJson.Default.CreateMessage));
        for (var i = 0; i < group.Count; i++)
        {
            form.Add($"files[{i}]", group[i]);
        }

        return form;
    }
}
