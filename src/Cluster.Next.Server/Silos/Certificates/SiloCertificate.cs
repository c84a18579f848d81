using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cluster.Next.Server.Silos.Certificates;

/// <summary>A certificate that all nodes of a cluster present to one another, with its key. Only nodes can read it from the store, so who
/// holds its key is a node.</summary>
internal sealed class SiloCertificate
{
    private static readonly TimeSpan Life = TimeSpan.FromDays(365);

    private SiloCertificate(X509Certificate2 certificate, DateTimeOffset usedFrom)
    {
        Certificate = certificate;
        UsedFrom = usedFrom;
    }

    public X509Certificate2 Certificate { get; }

    /// <summary>When nodes begin to present it. Until then all have read it, and accept it.</summary>
    public DateTimeOffset UsedFrom { get; }

    public DateTimeOffset Ends => new(Certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);

    /// <returns>The certificate, and its text with the key: to be sealed.</returns>
    public static (SiloCertificate Certificate, string Text) Make(DateTimeOffset now, DateTimeOffset usedFrom)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=channel-cluster node", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new Oid("1.3.6.1.5.5.7.3.1", "server"), new Oid("1.3.6.1.5.5.7.3.2", "client")], critical: true));
        using var made = request.CreateSelfSigned(now.AddMinutes(-5), now + Life); // nodes' clocks differ by seconds
        var text = $"{made.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}";
        return (Read(text, usedFrom), text);
    }

    /// <exception cref="CryptographicException">The text is no certificate with its key.</exception>
    public static SiloCertificate Read(string text, DateTimeOffset usedFrom)
    {
        using var read = X509Certificate2.CreateFromPem(text, text);

        // Not every system's TLS takes a key that was never in a key store's form.
        return new SiloCertificate(
            X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), password: null), usedFrom);
    }

    /// <summary>Whether a peer showed exactly this one. TLS has proved that it holds the key.</summary>
    public bool Is(X509Certificate2 shown) => CryptographicOperations.FixedTimeEquals(Certificate.RawDataMemory.Span, shown.RawDataMemory.Span);
}
