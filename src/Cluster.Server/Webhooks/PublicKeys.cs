using Cluster.Core.Webhooks;
using Cluster.Core.Webhooks.Verification;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Cluster.Server.Webhooks;

/// <summary>Ed25519 (RFC 8032), which the framework does not have.</summary>
internal static class PublicKeys
{
    public static bool Check(byte[] key, ReadOnlySpan<byte> message, byte[] signature) =>
        key.Length == Ed25519.PublicKeySize
        && signature.Length == Ed25519.SignatureSize
        && Ed25519.Verify(signature, 0, key, 0, message.ToArray(), 0, message.Length);

    /// <summary>How a source's deliveries are proved on a node.</summary>
    public static WebhookScheme SchemeOf(IWebhookSender sender, SourceSettings settings) =>
        sender.Scheme(settings) switch
        {
            StandardPublicKeySignature => StandardPublicKeySignature.With(Check),
            var scheme => scheme,
        };

    /// <summary>What is wrong with a public key; null for a good one, and for a secret that is none. Under a key of small order anybody could sign.</summary>
    public static string? Fault(IWebhookSender sender, SourceSettings settings, string secret) =>
        sender.Scheme(settings) is StandardPublicKeySignature scheme && scheme.Key(secret) is { } key && !Ed25519.ValidatePublicKeyFull(key, 0)
            ? "This is no good ed25519 public key; copy it from the sender once more."
            : null;
}
