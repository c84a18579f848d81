namespace Cluster.Core.Chats;

/// <summary>What a file is, by its first bytes: names lie.</summary>
public static class MediaTypes
{
    /// <summary>For everything that is not known.</summary>
    public const string Unknown = "application/octet-stream";

    /// <summary>Bytes that are enough to tell.</summary>
    public const int HeadLength = 16;

    /// <summary>The type of an image that a model can see; null for everything else.</summary>
    public static string? Image(ReadOnlySpan<byte> head) =>
        head.StartsWith(Png) ? "image/png"
        : head.StartsWith(Jpeg) ? "image/jpeg"
        : head.StartsWith("GIF87a"u8) || head.StartsWith("GIF89a"u8) ? "image/gif"
        : head.Length >= 12 && head.StartsWith("RIFF"u8) && head[8..12].SequenceEqual("WEBP"u8) ? "image/webp"
        : null;

    /// <summary>The ending of a name for an image of this type.</summary>
    public static string Extension(string image) => image == "image/jpeg" ? ".jpg" : $".{image["image/".Length..]}";

    private static ReadOnlySpan<byte> Png => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    private static ReadOnlySpan<byte> Jpeg => [0xFF, 0xD8, 0xFF];
}
