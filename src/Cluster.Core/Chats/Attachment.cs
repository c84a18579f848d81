using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cluster.Core.Events;

namespace Cluster.Core.Chats;

/// <summary>A file that came with a message, as the event keeps it. It stays at the platform until somebody asks for it.</summary>
public sealed record Attachment
{
    /// <summary>What the platform wants to hear to hand it out; never shown.</summary>
    public required string Id { get; init; }

    /// <summary>Such as <c>photo</c>, <c>document</c>, <c>voice</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Written by its sender; empty where the platform tells none.</summary>
    public string Name { get; init; } = "";

    /// <summary>Bytes, as the platform tells it; null where it does not.</summary>
    public long? Size { get; init; }
}

/// <summary>The files of a message: as its event keeps them, and as Claude reads of them.</summary>
public static class Attachments
{
    /// <summary>Files of one message; platforms allow ten.</summary>
    public const int Most = 20;

    private const int MaxShownName = 80;

    /// <summary>As they stand in the payload of the event.</summary>
    public static byte[] Write(IReadOnlyList<Attachment> files) =>
        files.Count == 0 ? [] : JsonSerializer.SerializeToUtf8Bytes(files, AttachmentJson.Default.IReadOnlyListAttachment);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static IReadOnlyList<Attachment> Read(ReadOnlySpan<byte> payload) =>
        payload.IsEmpty ? [] : JsonSerializer.Deserialize(payload, AttachmentJson.Default.IReadOnlyListAttachment) ?? [];

    /// <summary>One line that tells of a file: <c>[attached 1: photo, 118 KB, "name.png"; download_attachment fetches it]</c>.</summary>
    public static string Line(int number, Attachment file) =>
        $"[attached {number}: {Describe(file)}; download_attachment fetches it]";

    /// <summary>A file in words: <c>photo, 118 KB, "name.png"</c>.</summary>
    public static string Describe(Attachment file)
    {
        var name = Shown(file.Name);
        return $"{file.Kind}{(file.Size is { } size ? $", {Size(size)}" : "")}{(name.Length > 0 ? $", \"{name}\"" : "")}";
    }

    /// <summary>A name that neither ends the line that it stands in nor begins another.</summary>
    public static string Shown(string name) => HostileText.Cut(
        HostileText.Clean(name).ReplaceLineEndings(" ").Replace('\t', ' ').Replace('"', '\'').Replace('[', '(').Replace(']', ')').Trim(), MaxShownName)
        .Replace('[', '(').Replace(']', ')');

    /// <summary>Bytes in words.</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{(bytes + 512) / 1024} KB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024.0:0.#} MB"),
    };
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<Attachment>))]
internal sealed partial class AttachmentJson : JsonSerializerContext;
