using System.Text;

namespace Cluster.Benchmarks.Accept;

/// <summary>Where a leg's requests go.</summary>
internal sealed record Target(Uri Url, string Secret);

/// <summary>Requests that were signed before the clock runs. They differ in three places only, so that is all that is kept of each:
/// the check run's id, the delivery id and the signature.</summary>
internal sealed class SignedRequests
{
    private const int DeliveryLength = 36;
    private const int SignatureLength = 64;
    private const int StampLength = CheckRun.IdLength + DeliveryLength + SignatureLength;

    private readonly byte[] _template;
    private readonly byte[] _stamps;
    private readonly int _deliveryAt;
    private readonly int _signatureAt;
    private readonly int _idAt;

    private SignedRequests(byte[] template, byte[] stamps, int deliveryAt, int signatureAt, int idAt)
    {
        _template = template;
        _stamps = stamps;
        _deliveryAt = deliveryAt;
        _signatureAt = signatureAt;
        _idAt = idAt;
    }

    public int Count => _stamps.Length / StampLength;

    public static SignedRequests Sign(Target target, int count)
    {
        var head = new StringBuilder()
            .Append($"POST {target.Url.AbsolutePath} HTTP/1.1\r\nHost: {target.Url.Authority}\r\n")
            .Append("User-Agent: GitHub-Hookshot/044aadd\r\nContent-Type: application/json\r\nX-GitHub-Event: check_run\r\nX-GitHub-Delivery: ");
        var deliveryAt = head.Length;
        head.Append('0', DeliveryLength).Append("\r\nX-Hub-Signature-256: sha256=");
        var signatureAt = head.Length;
        head.Append('0', SignatureLength).Append($"\r\nContent-Length: {CheckRun.Sample.Length}\r\n\r\n");

        var body = CheckRun.Sample.ToArray();
        var secret = Encoding.UTF8.GetBytes(target.Secret);
        var stamps = new byte[count * StampLength];
        for (var i = 0; i < count; i++)
        {
            var stamp = stamps.AsSpan(i * StampLength, StampLength);
            CheckRun.WriteId(body, CheckRun.NextId());
            body.AsSpan(CheckRun.IdAt, CheckRun.IdLength).CopyTo(stamp);
            Guid.NewGuid().TryFormat(stamp[CheckRun.IdLength..], out _);
            Encoding.ASCII.GetBytes(Convert.ToHexStringLower(CheckRun.Sign(body, secret)), stamp[(CheckRun.IdLength + DeliveryLength)..]);
        }

        return new SignedRequests([.. Encoding.ASCII.GetBytes(head.ToString()), .. body], stamps, deliveryAt, signatureAt, head.Length + CheckRun.IdAt);
    }

    /// <summary>A buffer for <see cref="Fill"/>.</summary>
    public byte[] NewBuffer() => _template.ToArray();

    public void Fill(byte[] buffer, int index)
    {
        var stamp = _stamps.AsSpan(index * StampLength, StampLength);
        stamp[..CheckRun.IdLength].CopyTo(buffer.AsSpan(_idAt));
        stamp.Slice(CheckRun.IdLength, DeliveryLength).CopyTo(buffer.AsSpan(_deliveryAt));
        stamp[(CheckRun.IdLength + DeliveryLength)..].CopyTo(buffer.AsSpan(_signatureAt));
    }
}
