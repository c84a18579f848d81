using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Cluster.Core.Webhooks.GitHub;

/// <summary>GitHub's signature: <c>X-Hub-Signature-256: sha256=</c> and the HMAC-SHA256 of the raw body in lower hex
/// (GitHub Docs: validating webhook deliveries). The older SHA-1 header is ignored.</summary>
public static class GitHubSignature
{
    public const string Header = "X-Hub-Signature-256";

    private const string Prefix = "sha256=";

    /// <summary>Reads the header strictly: other spellings of the same bytes are refused, so that none makes a second delivery.</summary>
    public static bool TryParse(string? header, [NotNullWhen(true)] out byte[]? signature)
    {
        signature = null;
        if (header is null || header.Length != Prefix.Length + 64 || !header.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        foreach (var c in header.AsSpan(Prefix.Length))
        {
            if (!char.IsAsciiHexDigitLower(c))
            {
                return false;
            }
        }

        signature = Convert.FromHexString(header.AsSpan(Prefix.Length));
        return true;
    }

    /// <summary>Compares in constant time.</summary>
    public static bool Matches(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> given) =>
        CryptographicOperations.FixedTimeEquals(expected, given);
}
