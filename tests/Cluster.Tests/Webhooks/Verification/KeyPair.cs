using System.Text;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;

namespace Cluster.Tests.Webhooks.Verification;

/// <summary>A sender that signs with an ed25519 key pair by Standard Webhooks.</summary>
internal static class KeyPair
{
    public static (string PublicKey, List<KeyValuePair<string, string>> Headers) Sign(string id, DateTimeOffset at, byte[] body)
    {
        var key = new Ed25519PrivateKeyParameters(new SecureRandom());
        var time = $"{at.ToUnixTimeSeconds()}";
        var signer = new Ed25519Signer();
        signer.Init(true, key);
        byte[] message = [.. Encoding.ASCII.GetBytes($"{id}.{time}."), .. body];
        signer.BlockUpdate(message, 0, message.Length);
        return (
            $"whpk_{Convert.ToBase64String(key.GeneratePublicKey().GetEncoded())}",
            [
                KeyValuePair.Create("webhook-id", id),
                KeyValuePair.Create("webhook-timestamp", time),
                KeyValuePair.Create("webhook-signature", $"v1a,{Convert.ToBase64String(signer.GenerateSignature())}"),
            ]);
    }
}
