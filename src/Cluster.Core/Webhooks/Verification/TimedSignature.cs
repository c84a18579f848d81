using System.Security.Cryptography;
using System.Text;

namespace Cluster.Core.Webhooks.Verification;

/// <summary>HMAC-SHA256 in lower hex over the time in seconds, a separator and the raw body.</summary>
/// <param name="separator">Stands between time and body.</param>
internal abstract class TimedSignature(char separator) : WebhookScheme
{
    public sealed override string Title => $"HMAC-SHA256 of time and body in {Header}";

    protected abstract string Header { get; }

    /// <summary>True when a sender that comes again signs with the time of then, so that a repeat is known by its body.</summary>
    protected virtual bool SignsAnew => false;

    public sealed override WebhookProof? Begin(WebhookHeaders headers, IReadOnlyList<byte[]> keys, DateTimeOffset now)
    {
        var (time, hex) = Read(headers);
        return IsNow(time, now) && LowerHex(hex) is { } signature
            ? new MacProof(keys, Encoding.ASCII.GetBytes($"{time}{separator}"), [signature], SignsAnew)
            : null;
    }

    public sealed override IReadOnlyDictionary<string, string> Sign(string secret, string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var time = $"{at.ToUnixTimeSeconds()}";
        return Write(time, Convert.ToHexStringLower(HMACSHA256.HashData(Key(secret)!, (byte[])[.. Encoding.ASCII.GetBytes($"{time}{separator}"), .. body])));
    }

    protected abstract (string? Time, string? Signature) Read(WebhookHeaders headers);

    protected abstract IReadOnlyDictionary<string, string> Write(string time, string signature);
}

/// <summary>Time and signature in a header each.</summary>
internal sealed class TwoHeaderSignature(string timeHeader, string signatureHeader, char separator) : TimedSignature(separator)
{
    protected override string Header => signatureHeader;

    protected override (string? Time, string? Signature) Read(WebhookHeaders headers) => (headers.One(timeHeader), headers.One(signatureHeader));

    protected override IReadOnlyDictionary<string, string> Write(string time, string signature) =>
        new Dictionary<string, string> { [timeHeader] = time, [signatureHeader] = signature };
}

/// <summary>Both in one header: <c>timestamp=…,signature=…</c>.</summary>
internal sealed class OneHeaderSignature(string header, char separator) : TimedSignature(separator)
{
    private const string TimeName = "timestamp=";
    private const string SignatureName = "signature=";

    protected override string Header => header;

    protected override bool SignsAnew => true;

    protected override (string? Time, string? Signature) Read(WebhookHeaders headers) =>
        headers.One(header)?.Split(',') is [{ } time, { } signature]
            && time.StartsWith(TimeName, StringComparison.Ordinal) && signature.StartsWith(SignatureName, StringComparison.Ordinal)
            ? (time[TimeName.Length..], signature[SignatureName.Length..])
            : default;

    protected override IReadOnlyDictionary<string, string> Write(string time, string signature) =>
        new Dictionary<string, string> { [header] = $"{TimeName}{time},{SignatureName}{signature}" };
}
