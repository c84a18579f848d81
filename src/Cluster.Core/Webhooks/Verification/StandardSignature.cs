using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Cluster.Core.Webhooks.Verification;

/// <summary>Standard Webhooks 1.0.0 (github.com/standard-webhooks, spec/standard-webhooks.md): a proof of <c>id.time.body</c> in base64, several
/// separated by spaces, each behind its version. A source takes one version and passes over all others, also those that it does not know: by the
/// specification a sender may add one at any time. Of its own version each must be spelled as an encoder writes it.</summary>
/// <param name="svix">True when the same headers may come under the names of Svix (svix-webhooks, verifying payloads), which made the standard.</param>
public abstract partial class StandardScheme(bool svix) : WebhookScheme
{
    private const int MostSignatures = 8; // of the source's own version
    private const int MostEntries = 16;
    private const int MostLength = 8 * 1024; // what is still to come may be much longer than what is

    private protected static readonly StandardHeaders Standard = new("webhook-id", "webhook-timestamp", "webhook-signature");
    private static readonly StandardHeaders Svix = new("svix-id", "svix-timestamp", "svix-signature");

    /// <summary>What stands before a signature of this version.</summary>
    private protected abstract string Version { get; }

    private protected abstract int Length { get; }

    private protected abstract WebhookProof? Prove(IReadOnlyList<byte[]> keys, byte[] prefix, IReadOnlyList<byte[]> signatures);

    public sealed override WebhookProof? Begin(WebhookHeaders headers, IReadOnlyList<byte[]> keys, DateTimeOffset now) =>
        NamesOf(headers) is { } names
            && headers.One(names.Id) is { } id && IdForm().IsMatch(id)
            && headers.One(names.Time) is { } time && IsNow(time, now)
            && headers.One(names.Signature) is { } given && Read(given) is { Count: > 0 } signatures
            ? Prove(keys, Encoding.ASCII.GetBytes($"{id}.{time}."), signatures)
            : null;

    /// <summary>The id that was proved.</summary>
    internal string? IdOf(WebhookHeaders headers) => NamesOf(headers) is { } names ? headers.One(names.Id) : null;

    // Exactly one set: of two, one would be proved and the other believed.
    private StandardHeaders? NamesOf(WebhookHeaders headers) =>
        !svix ? Standard
        : !Svix.Any(headers) ? Standard
        : !Standard.Any(headers) ? Svix
        : null;

    private List<byte[]>? Read(string value)
    {
        if (value.Length > MostLength || value.Split(' ', MostEntries + 1) is not { Length: <= MostEntries } parts)
        {
            return null;
        }

        var signatures = new List<byte[]>();
        foreach (var part in parts)
        {
            if (!part.StartsWith(Version, StringComparison.Ordinal))
            {
                if (OtherVersion().IsMatch(part))
                {
                    continue;
                }

                return null;
            }

            if (Canonical(part[Version.Length..]) is not { } signature || signature.Length != Length)
            {
                return null;
            }

            signatures.Add(signature);
        }

        return signatures.Count <= MostSignatures ? signatures : null;
    }

    // Base64 has several spellings of the same bytes; only the one that an encoder writes counts.
    private protected static byte[]? Canonical(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) && Convert.ToBase64String(bytes, 0, length) == text ? bytes[..length] : null;
    }

    // The specification forbids the dot, which separates what is signed.
    [GeneratedRegex(@"\A[A-Za-z0-9_:=+/-]{1,128}\z")]
    private static partial Regex IdForm();

    [GeneratedRegex(@"\A[a-z][a-z0-9]{0,15},[!-~]+\z")]
    private static partial Regex OtherVersion();

    private protected sealed record StandardHeaders(string Id, string Time, string Signature)
    {
        public bool Any(WebhookHeaders headers) => headers.Has(Id) || headers.Has(Time) || headers.Has(Signature);
    }
}

/// <summary><c>v1</c>: HMAC-SHA256 with a shared secret.</summary>
internal sealed class StandardSignature(bool svix = false) : StandardScheme(svix)
{
    private const string SecretPrefix = "whsec_";

    public override string Title => $"HMAC-SHA256 of id, time and body in {Standard.Signature}";

    public override string SecretForm => "whsec_ and the base64 of 24 to 64 bytes";

    private protected override string Version => "v1,";

    private protected override int Length => 32;

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
            [Standard.Id] = id,
            [Standard.Time] = time,
            [Standard.Signature] = Version + Convert.ToBase64String(mac),
        };
    }

    private protected override WebhookProof Prove(IReadOnlyList<byte[]> keys, byte[] prefix, IReadOnlyList<byte[]> signatures) =>
        new MacProof(keys, prefix, signatures);
}
