using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Cluster.Core.Webhooks.Verification;

/// <summary>Standard Webhooks 1.0.0 (github.com/standard-webhooks, spec/standard-webhooks.md): HMAC-SHA256 over <c>id.time.body</c> in base64,
/// several signatures separated by spaces. Only <c>v1</c>, the one with a shared secret, counts.</summary>
internal sealed partial class StandardSignature : WebhookScheme
{
    public const string IdHeader = "webhook-id";

    private const string TimeHeader = "webhook-timestamp";
    private const string SignatureHeader = "webhook-signature";
    private const string Prefix = "v1,";
    private const string SecretPrefix = "whsec_";
    private const int MostSignatures = 8;

    public override string Title => $"HMAC-SHA256 of id, time and body in {SignatureHeader}";

    public override WebhookProof? Begin(WebhookHeaders headers, IReadOnlyList<byte[]> keys, DateTimeOffset now) =>
        headers.One(IdHeader) is { } id && IdForm().IsMatch(id)
            && headers.One(TimeHeader) is { } time && IsNow(time, now)
            && headers.One(SignatureHeader) is { } given && Read(given) is { Count: > 0 } signatures
            ? new MacProof(keys, Encoding.ASCII.GetBytes($"{id}.{time}."), signatures)
            : null;

    public override byte[]? Key(string secret)
    {
        var text = secret.StartsWith(SecretPrefix, StringComparison.Ordinal) ? secret[SecretPrefix.Length..] : secret;
        return Canonical(text) is { Length: >= 24 and <= 64 } key ? key : null;
    }

    // 32 bytes: GitLab takes no other length (gitlab-org/gitlab!231325).
    public override string NewSecret() => SecretPrefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public override IReadOnlyDictionary<string, string> Sign(string secret, string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var time = $"{at.ToUnixTimeSeconds()}";
        var mac = HMACSHA256.HashData(Key(secret)!, (byte[])[.. Encoding.ASCII.GetBytes($"{id}.{time}."), .. body]);
        return new Dictionary<string, string>
        {
            [IdHeader] = id,
            [TimeHeader] = time,
            [SignatureHeader] = Prefix + Convert.ToBase64String(mac),
        };
    }

    private static List<byte[]>? Read(string value)
    {
        if (value.Length > MostSignatures * 120)
        {
            return null;
        }

        var signatures = new List<byte[]>();
        foreach (var part in value.Split(' '))
        {
            if (part.StartsWith("v1a,", StringComparison.Ordinal))
            {
                continue; // ed25519 under a public key, which a source does not have
            }

            if (!part.StartsWith(Prefix, StringComparison.Ordinal) || Canonical(part[Prefix.Length..]) is not { Length: 32 } signature)
            {
                return null;
            }

            signatures.Add(signature);
        }

        return signatures.Count <= MostSignatures ? signatures : null;
    }

    // Base64 has several spellings of the same bytes; only the one that an encoder writes counts.
    private static byte[]? Canonical(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) && Convert.ToBase64String(bytes, 0, length) == text ? bytes[..length] : null;
    }

    // The specification forbids the dot, which separates what is signed.
    [GeneratedRegex(@"\A[A-Za-z0-9_:=+/-]{1,128}\z")]
    private static partial Regex IdForm();
}
