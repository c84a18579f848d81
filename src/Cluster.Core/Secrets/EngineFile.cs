using System.Buffers.Binary;

namespace Cluster.Core.Secrets;

/// <summary>How a node's SQLite database is known, and every copy of it under whatever name: it holds everybody's messages.</summary>
public static class EngineFile
{
    /// <summary>As <c>PRAGMA application_id</c> sets it: "Clus".</summary>
    public const int ApplicationId = 0x436C_7573;

    /// <summary>Bytes of a file's start that show it.</summary>
    public const int HeaderLength = 72;

    private const int ApplicationIdAt = 68; // SQLite: database file format, the database header

    /// <summary>Whether a file that starts so is one.</summary>
    public static bool Begins(ReadOnlySpan<byte> header) =>
        header.Length >= HeaderLength && header.StartsWith("SQLite format 3\0"u8)
        && BinaryPrimitives.ReadInt32BigEndian(header[ApplicationIdAt..]) == ApplicationId;
}
