using System.Security.Cryptography;

namespace Cluster.Core.Webhooks.Verification;

/// <summary>Which key proved a delivery, and a hash of its body that no other delivery of the source shares.</summary>
public readonly record struct Proven(int Key, byte[] Hash);

/// <summary>A proof under way: takes the body piece by piece, so that no byte is looked at twice.</summary>
public abstract class WebhookProof : IDisposable
{
    public abstract void Append(ReadOnlySpan<byte> part);

    /// <returns>Null when nothing was proved.</returns>
    public abstract Proven? Finish();

    public abstract void Dispose();
}

/// <summary>HMAC-SHA256 under each key over a prefix and the body, against each signature that came.</summary>
internal sealed class MacProof : WebhookProof
{
    private readonly IReadOnlyList<byte[]> _signatures;
    private readonly IncrementalHash[] _macs;
    private readonly IncrementalHash? _body;

    /// <param name="keys">The keys.</param>
    /// <param name="prefix">What was signed before the body.</param>
    /// <param name="signatures">Those that came.</param>
    /// <param name="bodyAlone">True to know a repeat by its body, whatever stood before it; false to know it by all that was signed.</param>
    public MacProof(IReadOnlyList<byte[]> keys, ReadOnlySpan<byte> prefix, IReadOnlyList<byte[]> signatures, bool bodyAlone = false)
    {
        _body = bodyAlone ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        _signatures = signatures;
        _macs = new IncrementalHash[keys.Count];
        for (var i = 0; i < _macs.Length; i++)
        {
            _macs[i] = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, keys[i]);
            _macs[i].AppendData(prefix);
        }
    }

    public override void Append(ReadOnlySpan<byte> part)
    {
        foreach (var mac in _macs)
        {
            mac.AppendData(part);
        }

        _body?.AppendData(part);
    }

    public override Proven? Finish()
    {
        Proven? proven = null;
        var body = _body?.GetHashAndReset();
        for (var i = 0; i < _macs.Length; i++)
        {
            var expected = _macs[i].GetHashAndReset();
            foreach (var signature in _signatures)
            {
                // Every pair is compared: how long it takes does not say which one was right.
                if (CryptographicOperations.FixedTimeEquals(expected, signature))
                {
                    proven ??= new Proven(i, body ?? expected);
                }
            }
        }

        return proven;
    }

    public override void Dispose()
    {
        foreach (var mac in _macs)
        {
            mac.Dispose();
        }

        _body?.Dispose();
    }
}

/// <summary>Proved by the headers alone; the body is only hashed, to know it again.</summary>
internal sealed class BodyHash(int key) : WebhookProof
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public override void Append(ReadOnlySpan<byte> part) => _hash.AppendData(part);

    public override Proven? Finish() => new Proven(key, _hash.GetHashAndReset());

    public override void Dispose() => _hash.Dispose();
}
