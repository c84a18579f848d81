using System.Security.Cryptography;
using System.Text;
using Cluster.Core.Webhooks;
using Cluster.Core.Webhooks.Verification;
using Cluster.Server.Webhooks;
using Cluster.Testing;

namespace Cluster.Tests.Webhooks.Verification;

/// <summary>One properly signed delivery of a scheme, and what becomes of changed ones.</summary>
internal sealed class Signed
{
    public static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_771_000_000);

    public static readonly IReadOnlyList<string> Schemes =
    [
        "github", "bitbucket", "sentry", "pagerduty", "circleci", "buildkite", "grafana", "grafana:body", "standard-webhooks", "standard-webhooks:svix", "standard-webhooks:v1a", "gitlab:signing",
    ];

    private readonly byte[] _key;

    public Signed(string name)
    {
        var parts = name.Split(':');
        var svix = parts.ElementAtOrDefault(1) == "svix"; // no mode: the same headers under other names
        Scheme = PublicKeys.SchemeOf(WebhookSenders.Find(parts[0])!, new SourceSettings { Mode = svix ? null : parts.ElementAtOrDefault(1) });
        if (Scheme.CanSign)
        {
            Secret = Scheme.NewSecret();
            Headers = [.. Scheme.Sign(Secret, "msg_1", Now, Body).Select(header => KeyValuePair.Create(svix ? header.Key.Replace("webhook-", "svix-") : header.Key, header.Value))];
        }
        else
        {
            (Secret, Headers) = KeyPair.Sign("msg_1", Now, Body);
        }

        _key = Scheme.Key(Secret)!;
    }

    public WebhookScheme Scheme { get; }

    public string Secret { get; }

    public byte[] Body { get; } = Encoding.UTF8.GetBytes("""{"event":{"id":"5ac64822","title":"A little bump in the road","list":[1,2,3]},"text":"\u00fc and / and \" are spelled in many ways"}""");

    public List<KeyValuePair<string, string>> Headers { get; }

    public bool Accepts(IEnumerable<KeyValuePair<string, string>>? headers = null, byte[]? body = null, DateTimeOffset? now = null, byte[]? key = null)
    {
        using var proof = Scheme.Begin(WebhookSamples.View(headers ?? Headers), [key ?? _key], now ?? Now);
        proof?.Append(body ?? Body);
        return proof?.Finish() is not null;
    }

    /// <summary>The headers with one value changed.</summary>
    public List<KeyValuePair<string, string>> With(int header, Func<string, string> change) =>
        [.. Headers.Select((one, i) => i == header ? KeyValuePair.Create(one.Key, change(one.Value)) : one)];

    /// <summary>A key of another secret.</summary>
    public byte[] OtherKey() => Scheme.Key(Scheme.NewSecret())!;

    /// <summary>Whether a header's value ends in the signature.</summary>
    public bool IsSignature(int header) => Headers[header].Key.Contains("signature", StringComparison.OrdinalIgnoreCase);

    public static byte[] Random(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    public static string Sha256(byte[] body) => Convert.ToHexStringLower(SHA256.HashData(body));
}
