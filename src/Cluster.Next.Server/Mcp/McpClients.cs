using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Cluster.Core.Secrets;
using Cluster.Core.Sessions;

namespace Cluster.Next.Server.Mcp;

/// <summary>A client's MCP session, as its id says: which session it serves, and 128 random bits whose hash that session's grain knows.</summary>
/// <param name="Session">The session.</param>
/// <param name="Hash">SHA-256 of the whole id.</param>
/// <param name="TokenId">The token that came with it.</param>
internal sealed record McpClient(SessionId Session, string Hash, string TokenId)
{
    private const int MaxLength = 256;
    private const int RandomBytes = 16;

    public static string NewId(SessionId session) =>
        $"{Base64Url.EncodeToString(Encoding.ASCII.GetBytes(session.ToString()))}.{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes))}";

    public static string HashOf(string id) => Secret.Hash(id);

    /// <summary>Reads an id, before any grain is woken for it.</summary>
    public static bool TryRead(string id, string tokenId, [NotNullWhen(true)] out McpClient? client)
    {
        client = null;
        var dot = id.IndexOf('.', StringComparison.Ordinal);
        if (dot < 1 || id.Length > MaxLength || !TryDecode(id.AsSpan(0, dot), out var name) || !SessionId.TryParse(name, "", out var session))
        {
            return false;
        }

        client = new McpClient(session, HashOf(id), tokenId);
        return true;
    }

    private static bool TryDecode(ReadOnlySpan<char> text, out string name)
    {
        Span<byte> bytes = stackalloc byte[MaxLength];
        var read = Base64Url.TryDecodeFromChars(text, bytes, out var written);
        name = read ? Encoding.ASCII.GetString(bytes[..written]) : "";
        return read;
    }
}
