using System.Text;
using Cluster.Core.Webhooks;
using Cluster.Testing;

namespace Cluster.Tests.Webhooks.Verification;

public sealed class HeaderSecretTests
{
    private const string Secret = "0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("datadog", "Authorization", "Bearer 0123456789abcdef0123456789abcdef")]
    [InlineData("alertmanager", "Authorization", "Bearer 0123456789abcdef0123456789abcdef")]
    [InlineData("cloudevents", "Authorization", "Bearer 0123456789abcdef0123456789abcdef")]
    [InlineData("generic", "Authorization", "Bearer 0123456789abcdef0123456789abcdef")]
    [InlineData("gitlab", "X-Gitlab-Token", "0123456789abcdef0123456789abcdef")]
    [InlineData("jenkins", "Authorization", "Bearer 0123456789abcdef0123456789abcdef")]
    [InlineData("jenkins", "Authorization", "Basic Y2x1c3RlcjowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==")]
    public void Only_the_whole_header_with_the_secret_proves(string kind, string header, string value)
    {
        Assert.True(Accepts(kind, (header, value)));
        Assert.True(Accepts(kind, (header.ToLowerInvariant(), value)));

        string[] others =
        [
            "", value[..^1], value[1..], value + "0", value + " ", " " + value, value + "\n", value.ToUpperInvariant(), value.Replace("Bearer", "bearer "),
            "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"other:{Secret}")), "Token " + Secret, Secret + Secret,
        ];
        Assert.All(others.Where(other => other != value), other => Assert.False(Accepts(kind, (header, other)), other));
        Assert.False(Accepts(kind));
        Assert.False(Accepts(kind, (header, value), (header, value)));
        Assert.False(Accepts(kind, (header, value), (header, "")));
        Assert.False(Accepts(kind, ("X-Other", value)));
    }

    [Fact]
    public void The_hash_of_the_body_tells_one_delivery_from_another()
    {
        var scheme = WebhookSenders.Find("datadog")!.Scheme(SourceSettings.None);
        var headers = scheme.Sign(Secret, "1", Signed.Now, []);
        string Hash(string body)
        {
            using var proof = scheme.Begin(WebhookSamples.View(headers), [scheme.Key(Secret)!], Signed.Now)!;
            proof.Append(Encoding.UTF8.GetBytes(body));
            return Convert.ToHexString(proof.Finish()!.Value.Hash);
        }

        Assert.Equal(Hash("{}"), Hash("{}"));
        Assert.NotEqual(Hash("{}"), Hash("{ }"));
    }

    [Theory]
    [InlineData("github", "short", false)]
    [InlineData("github", "It's a Secret to Everybody", true)]
    [InlineData("github", " leading and trailing ", false)]
    [InlineData("github", "with a\nnewline in it!", false)]
    [InlineData("github", "sécret with an accent", false)]
    [InlineData("standard-webhooks", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true)]
    [InlineData("standard-webhooks", "whsec_dG9vIHNob3J0IQ==", false)]
    [InlineData("standard-webhooks", "whsec_-fKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false)]
    [InlineData("standard-webhooks", "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false)]
    public void A_secret_that_the_operator_brings_must_be_one(string kind, string secret, bool valid) =>
        Assert.Equal(valid, WebhookSenders.SecretFault(WebhookSenders.Find(kind)!, SourceSettings.None, secret) is null);

    private static bool Accepts(string kind, params (string Name, string Value)[] headers)
    {
        var scheme = WebhookSenders.Find(kind)!.Scheme(SourceSettings.None);
        using var proof = scheme.Begin(WebhookSamples.View(headers.Select(h => KeyValuePair.Create(h.Name, h.Value))), [scheme.Key(Secret)!], Signed.Now);
        return proof?.Finish() is not null;
    }
}
