using System.Security.Cryptography;
using System.Text;

namespace Cluster.Core.Secrets;

/// <summary>Encrypts what must be readable again (AES-256-GCM under <c>CLUSTER_KEY</c>): webhook secrets, data-protection keys.</summary>
public sealed class SecretBox
{
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const byte Version = 1;

    private readonly byte[] _key;

    public SecretBox(ReadOnlySpan<byte> key)
    {
        if (key.Length != 32)
        {
            throw new ArgumentException($"CLUSTER_KEY must be 32 bytes in base64; it is {key.Length} bytes.", nameof(key));
        }

        _key = key.ToArray();
    }

    /// <summary>A key for another use, from which this one cannot be found.</summary>
    public byte[] Derive(string purpose) => HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, 32, info: Encoding.UTF8.GetBytes(purpose));

    /// <param name="plain">What to hide.</param>
    /// <param name="purpose">Bound into the result: a row's secret opens only under the same purpose.</param>
    public byte[] Seal(string plain, string purpose)
    {
        var text = Encoding.UTF8.GetBytes(plain);
        var box = new byte[1 + NonceSize + text.Length + TagSize];
        box[0] = Version;
        var nonce = box.AsSpan(1, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_key, TagSize);
        aes.Encrypt(nonce, text, box.AsSpan(1 + NonceSize, text.Length), box.AsSpan(1 + NonceSize + text.Length), Encoding.UTF8.GetBytes(purpose));
        return box;
    }

    /// <exception cref="CryptographicException">The key or the purpose is another one, or the bytes were changed.</exception>
    public string Open(ReadOnlySpan<byte> box, string purpose)
    {
        if (box.Length < 1 + NonceSize + TagSize || box[0] != Version)
        {
            throw new CryptographicException("Not a sealed secret.");
        }

        var length = box.Length - 1 - NonceSize - TagSize;
        var text = new byte[length];
        using var aes = new AesGcm(_key, TagSize);
        aes.Decrypt(box.Slice(1, NonceSize), box.Slice(1 + NonceSize, length), box[(1 + NonceSize + length)..], text, Encoding.UTF8.GetBytes(purpose));
        return Encoding.UTF8.GetString(text);
    }

    /// <summary>Whether this key and purpose are the ones that it was sealed with.</summary>
    public bool Opens(ReadOnlySpan<byte> box, string purpose)
    {
        try
        {
            Open(box, purpose);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
