using System.Security.Cryptography;
using System.Text;

namespace Cluster.Core.Webhooks.Verification;

/// <summary>The secret itself in a header. It proves nothing about the body, and whoever reads one delivery can send others: for senders
/// that cannot sign.</summary>
/// <param name="header">Its name.</param>
/// <param name="forms">The whole values under which a secret may come; the first is the one that we would send.</param>
internal sealed class HeaderSecret(string header, params Func<string, string>[] forms) : WebhookScheme
{
    public static HeaderSecret Bearer { get; } = new("Authorization", secret => $"Bearer {secret}");

    public override string Title => $"the secret itself in {header}";

    public override WebhookProof? Begin(WebhookHeaders headers, IReadOnlyList<byte[]> keys, DateTimeOffset now)
    {
        if (headers.One(header) is not { } value)
        {
            return null;
        }

        // Hashes are of one length, so that the comparison does not tell how long a secret is.
        var given = SHA256.HashData(Encoding.UTF8.GetBytes(value));
        int? matched = null;
        for (var i = 0; i < keys.Count; i++)
        {
            var secret = Encoding.UTF8.GetString(keys[i]);
            foreach (var form in forms)
            {
                if (CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(form(secret))), given))
                {
                    matched ??= i;
                }
            }
        }

        return matched is { } key ? new BodyHash(key) : null;
    }

    public override IReadOnlyDictionary<string, string> Sign(string secret, string id, DateTimeOffset at, ReadOnlySpan<byte> body) =>
        new Dictionary<string, string> { [header] = forms[0](secret) };
}
