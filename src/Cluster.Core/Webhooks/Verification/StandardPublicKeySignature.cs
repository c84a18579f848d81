using System.Buffers;
using System.Security.Cryptography;

namespace Cluster.Core.Webhooks.Verification;

/// <summary>Whether this is the ed25519 signature of a message under a public key.</summary>
public delegate bool PublicKeyCheck(byte[] key, ReadOnlySpan<byte> message, byte[] signature);

/// <summary><c>v1a</c>: ed25519 under the sender's public key, so that nothing here could sign. The framework has no ed25519; the node brings one, and
/// without it nothing is proved.</summary>
public sealed class StandardPublicKeySignature : StandardScheme
{
    private const string KeyPrefix = "whpk_";
    private const int MostSignatures = 3;
    private const int MostChecks = 6; // each costs more than a hash does, before anything is proved; two signatures under three keys are all tried

    private readonly PublicKeyCheck? _check;

    internal StandardPublicKeySignature(PublicKeyCheck? check = null)
        : base(svix: true) => _check = check;

    public override string Title => $"ed25519 of id, time and body in {Standard.Signature}";

    public override string SecretForm => "whpk_ and the base64 of 32 bytes: the sender's public key";

    public override bool CanSign => false;

    private protected override string Version => "v1a,";

    private protected override int Length => 64;

    public static StandardPublicKeySignature With(PublicKeyCheck check) => new(check);

    public override byte[]? Key(string secret) =>
        secret.StartsWith(KeyPrefix, StringComparison.Ordinal) && Canonical(secret[KeyPrefix.Length..]) is { Length: 32 } key ? key : null;

    /// <summary>Holds the place until the sender's key is given.</summary>
    public override string NewSecret() => KeyPrefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public override IReadOnlyDictionary<string, string> Sign(string secret, string id, DateTimeOffset at, ReadOnlySpan<byte> body) =>
        throw new NotSupportedException("Only who has the private key signs.");

    private protected override WebhookProof? Prove(IReadOnlyList<byte[]> keys, byte[] prefix, IReadOnlyList<byte[]> signatures) =>
        _check is { } check && signatures.Count <= MostSignatures ? new Proof(check, keys, prefix, signatures) : null;

    // What is signed is hashed behind a part of each signature, so the body is kept until its end.
    private sealed class Proof : WebhookProof
    {
        private readonly PublicKeyCheck _check;
        private readonly IReadOnlyList<byte[]> _keys;
        private readonly IReadOnlyList<byte[]> _signatures;
        private readonly ArrayBufferWriter<byte> _message = new(16 * 1024);

        public Proof(PublicKeyCheck check, IReadOnlyList<byte[]> keys, byte[] prefix, IReadOnlyList<byte[]> signatures)
        {
            (_check, _keys, _signatures) = (check, keys, signatures);
            _message.Write(prefix);
        }

        public override void Append(ReadOnlySpan<byte> part) => _message.Write(part);

        public override Proven? Finish()
        {
            for (var i = 0; i < Math.Min(MostChecks, _keys.Count * _signatures.Count); i++)
            {
                var key = i / _signatures.Count; // the present one first
                if (_check(_keys[key], _message.WrittenSpan, _signatures[i % _signatures.Count]))
                {
                    return new Proven(key, SHA256.HashData(_message.WrittenSpan)); // nothing here is secret, so time may tell
                }
            }

            return null;
        }

        public override void Dispose() => _message.Clear();
    }
}
