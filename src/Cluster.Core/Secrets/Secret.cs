using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Cluster.Core.Secrets;

/// <summary>Makes and hashes the secrets that we hand out: tokens, codes, webhook secrets and paths.</summary>
public static class Secret
{
    // No vowels and no look-alikes: a code is read aloud and never spells a word.
    private const string CodeAlphabet = "23456789bcdfghjkmnpqrstvwxyz";

    /// <summary>256 random bits behind a prefix that secret scanners can know: <c>clt_…</c>.</summary>
    public static string NewToken() => "clt_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>256 random bits for a webhook's signature.</summary>
    public static string NewWebhookSecret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <summary>128 random bits that name a webhook's URL.</summary>
    public static string NewPath() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>A short public id for a row that a person names, such as a token to revoke.</summary>
    public static string NewShortId() => RandomNumberGenerator.GetString(CodeAlphabet, 8);

    /// <summary>120 bits and more: single use, never guessable while it lives.</summary>
    public static string NewCode() => RandomNumberGenerator.GetString(CodeAlphabet, 26);

    /// <summary>SHA-256 in lower hex. Enough for our own secrets, which are random and long, never chosen by people.</summary>
    public static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
