namespace Cluster.Core.Api;

/// <summary>A file that came with a message.</summary>
public sealed record AttachmentInfo
{
    /// <summary>Its place in the message, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>Such as <c>photo</c>, <c>document</c>, <c>voice</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Written by its sender; empty where the platform tells none.</summary>
    public required string Name { get; init; }

    /// <summary>Bytes, as the platform tells it; null where it does not.</summary>
    public long? Size { get; init; }
}

/// <summary>The files of one event.</summary>
public sealed record AttachmentList
{
    /// <summary>The event's conversation.</summary>
    public required string ChatId { get; init; }

    public required IReadOnlyList<AttachmentInfo> Files { get; init; }
}

/// <summary>A file that waits to be sent by an answer of its session.</summary>
public sealed record UploadInfo
{
    /// <summary>What the answer's <c>files</c> name.</summary>
    public required string Id { get; init; }

    /// <summary>As people will see it.</summary>
    public required string Name { get; init; }

    public required long Size { get; init; }
}
