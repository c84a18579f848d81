namespace Cluster.Core.Channel;

/// <summary>How much goes through the file tools: node and connector keep to the same.</summary>
public static class FileLimits
{
    /// <summary>Files of one answer.</summary>
    public const int MaxFiles = 10;

    /// <summary>Bytes of one file, either way.</summary>
    public const long MaxFile = 25 * 1024 * 1024;

    /// <summary>Bytes of images that one answer of a tool holds.</summary>
    public const int MaxShownImages = 3_500_000;

    /// <summary>Bytes of a text that an answer of a tool holds.</summary>
    public const int MaxShownText = 64 * 1024;

    /// <summary>What the id of an upload begins with; no absolute path does.</summary>
    public const string UploadPrefix = "up_";
}
