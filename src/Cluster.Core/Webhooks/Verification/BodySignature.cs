using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Cluster.Core.Webhooks.Verification;

/// <summary>A header with HMAC-SHA256 of the raw body in lower hex, behind a fixed prefix.</summary>
/// <param name="header">Its name.</param>
/// <param name="prefix">What stands before the hex: <c>sha256=</c>, or nothing.</param>
/// <param name="list">True when several signatures may stand in it, separated by commas, each behind a version; the prefix names ours.</param>
internal sealed partial class BodySignature(string header, string prefix, bool list = false) : WebhookScheme
{
    private const int MostSignatures = 8; // behind our prefix
    private const int MostEntries = 16;
    private const int MostLength = 8 * 1024; // what is still to come may be much longer than what is

    public override string Title => $"HMAC-SHA256 of the body in {header}";

    public override bool SignsBodyAlone => true;

    public override WebhookProof? Begin(WebhookHeaders headers, IReadOnlyList<byte[]> keys, DateTimeOffset now) =>
        headers.One(header) is { } value && Read(value) is { Count: > 0 } signatures ? new MacProof(keys, [], signatures) : null;

    public override IReadOnlyDictionary<string, string> Sign(string secret, string id, DateTimeOffset at, ReadOnlySpan<byte> body) =>
        new Dictionary<string, string> { [header] = prefix + Convert.ToHexStringLower(HMACSHA256.HashData(Key(secret)!, body)) };

    private List<byte[]>? Read(string value)
    {
        if (value.Length > MostLength || (list ? value.Split(',', MostEntries + 1) : [value]) is not { Length: <= MostEntries } parts)
        {
            return null;
        }

        var signatures = new List<byte[]>();
        foreach (var part in parts)
        {
            if (list && IsOtherVersion(part))
            {
                continue;
            }

            if (!part.StartsWith(prefix, StringComparison.Ordinal) || LowerHex(part.AsSpan(prefix.Length)) is not { } signature)
            {
                return null;
            }

            signatures.Add(signature);
        }

        return signatures.Count <= MostSignatures ? signatures : null;
    }

    // v2=…: a scheme that the sender may introduce beside ours, in its own form.
    private bool IsOtherVersion(string part) => !part.StartsWith(prefix, StringComparison.Ordinal) && OtherVersion().IsMatch(part);

    [GeneratedRegex(@"\A[a-z][a-z0-9]{0,15}=[!-~]+\z")]
    private static partial Regex OtherVersion();
}
