using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Cluster.Core.Logs;

/// <summary>One record as it stands in a log: one thing that happened to one grain.</summary>
public sealed record LogRecord
{
    /// <summary>A record's body at the most, in bytes; what is larger is kept as a blob.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Its number in its log; the first is 1.</summary>
    public required long Position { get; init; }

    /// <summary>The position of the claim under which it was written; a claim's own.</summary>
    public required long Claim { get; init; }

    /// <summary>What happened, such as <c>event-accepted</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The form of the body.</summary>
    public required int Version { get; init; }

    /// <summary>JSON, in UTF-8.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>When it was appended, by the store's clock.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>SHA-256 over everything that the writer gave. A snapshot names it, so that one of another history is known.</summary>
    public string Hash()
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> numbers = stackalloc byte[28];
        var kind = Encoding.UTF8.GetBytes(Kind);
        BinaryPrimitives.WriteInt64BigEndian(numbers, Position);
        BinaryPrimitives.WriteInt64BigEndian(numbers[8..], Claim);
        BinaryPrimitives.WriteInt64BigEndian(numbers[16..], Version);
        BinaryPrimitives.WriteInt32BigEndian(numbers[24..], kind.Length);
        sha.AppendData(numbers);
        sha.AppendData(kind);
        sha.AppendData(Body.Span);
        return Convert.ToHexStringLower(sha.GetHashAndReset());
    }
}

/// <summary>A record that is to be appended; its position follows from where it stands.</summary>
public sealed record NewRecord(string Kind, int Version, ReadOnlyMemory<byte> Body);

/// <summary>The kinds of records that every log knows.</summary>
public static class LogKinds
{
    /// <summary>An activation takes the grain over. Never cut: whoever writes under an older one meets it.</summary>
    public const string Claim = "claim";

    /// <summary>The grain was removed; what it was ends here.</summary>
    public const string Removed = "removed";
}
