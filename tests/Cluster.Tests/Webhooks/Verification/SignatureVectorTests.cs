using System.Text;
using System.Text.Json;
using Cluster.Core.Webhooks;
using Cluster.Core.Webhooks.Verification;
using Cluster.Server.Webhooks;
using Cluster.Testing;

namespace Cluster.Tests.Webhooks.Verification;

public sealed class SignatureVectorTests
{
    public static IEnumerable<TheoryDataRow<int>> Vectors =>
        Read().Select((vector, i) => new TheoryDataRow<int>(i) { TestDisplayName = $"{vector.GetProperty("source")}: {vector.GetProperty("case")}" });

    [Theory]
    [MemberData(nameof(Vectors))]
    public void A_known_answer_is_accepted_or_refused_as_it_says(int number)
    {
        var vector = Read()[number];

        Assert.Equal(vector.GetProperty("valid").GetBoolean(), Prove(vector, vector.GetProperty("source").GetString()!));
    }

    [Fact]
    public void A_signature_of_one_sender_is_worth_nothing_at_another()
    {
        // GitLab's signing tokens are Standard Webhooks under another name.
        var crossed =
            from vector in Read()
            from other in WebhookSenders.All
            let own = vector.GetProperty("source").GetString()
            where other.Kind != own && !(own is "gitlab" or "standard-webhooks" && other.Kind is "gitlab" or "standard-webhooks")
            select (vector, other.Kind);

        Assert.NotEmpty(crossed);
        Assert.All(crossed, pair => Assert.False(Prove(pair.vector, pair.Kind), $"{pair.vector.GetProperty("source")} at {pair.Kind}"));
    }

    [Fact]
    public void A_false_delivery_costs_a_bounded_number_of_checks_under_public_keys()
    {
        var checks = 0;
        var scheme = StandardPublicKeySignature.With((_, _, _) => ++checks < 0);
        var (_, headers) = KeyPair.Sign("msg_1", Signed.Now, "{}"u8.ToArray());
        headers[2] = KeyValuePair.Create(headers[2].Key, string.Join(' ', Enumerable.Repeat(headers[2].Value, 3)));

        using var proof = scheme.Begin(WebhookSamples.View(headers), [new byte[32], new byte[32], new byte[32]], Signed.Now)!;
        proof.Append("{}"u8);

        Assert.Null(proof.Finish());
        Assert.Equal(6, checks);
    }

    private static bool Prove(JsonElement vector, string kind)
    {
        var headers = vector.GetProperty("headers").EnumerateObject().Select(header => KeyValuePair.Create(header.Name, header.Value.GetString()!)).ToList();
        var own = vector.GetProperty("source").GetString() == kind;
        var settings = new SourceSettings
        {
            Mode = !own ? null
                : kind == "gitlab" ? "signing"
                : vector.GetProperty("secret").GetString()!.StartsWith("whpk_", StringComparison.Ordinal) ? "v1a"
                : kind == "grafana" && !vector.TryGetProperty("config", out _) && headers.Count == 1 ? "body"
                : null,
        };
        var now = vector.TryGetProperty("clock", out var clock) ? DateTimeOffset.FromUnixTimeSeconds(clock.GetInt64()) : DateTimeOffset.UtcNow;
        var scheme = PublicKeys.SchemeOf(WebhookSenders.Find(kind)!, settings);
        if (scheme.Key(vector.GetProperty("secret").GetString()!) is not { } key)
        {
            return false;
        }

        using var proof = scheme.Begin(WebhookSamples.View(headers), [key], now);
        proof?.Append(Encoding.UTF8.GetBytes(vector.GetProperty("body").GetString()!));
        return proof?.Finish() is not null;
    }

    private static List<JsonElement> Read() =>
        [.. JsonDocument.Parse(File.ReadAllBytes(Path.Combine(WebhookSamples.Folder, "signature-vectors.json"))).RootElement.EnumerateArray()];
}
