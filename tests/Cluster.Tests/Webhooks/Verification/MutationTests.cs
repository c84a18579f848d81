using System.Text;
using System.Text.Json.Nodes;

namespace Cluster.Tests.Webhooks.Verification;

public sealed class MutationTests
{
    internal const int Mutations = 20_000;

    public static IEnumerable<TheoryDataRow<string>> Schemes => Signed.Schemes.Select(name => new TheoryDataRow<string>(name));

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Of_twenty_thousand_changed_deliveries_none_is_accepted(string name)
    {
        var signed = new Signed(name);
        var random = new Random(1);
        var accepted = new List<string>();
        Assert.True(signed.Accepts());

        for (var i = 0; i < Mutations; i++)
        {
            var (kind, proved) = (i % 10) switch
            {
                0 or 1 => Body(signed, FlipBit(signed.Body, random)),
                2 => Body(signed, signed.Body[..random.Next(signed.Body.Length)]),
                3 => Body(signed, [.. signed.Body, .. Signed.Random(random, random.Next(1, 40))]),
                4 => ("another secret", signed.Accepts(key: signed.OtherKey())),
                5 => Header(signed, random, FlipBit),
                6 => Header(signed, random, (value, r) => value[..r.Next(value.Length)]),
                7 => Header(signed, random, (value, r) => value + Pick(r, "0", "00", "\n", "\r\n", " ", "=", "\0", ",", "A", "é")),
                8 => Header(signed, random, (value, r) => value.Insert(r.Next(value.Length), Pick(r, " ", "0", "-", "_", "\t", "=", "٣"))),
                _ => Header(signed, random, SwapCharacter),
            };
            if (proved)
            {
                accepted.Add($"{i}: {kind}");
            }
        }

        Assert.Empty(accepted);
        Assert.True(signed.Accepts());
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Every_single_bit_of_body_and_headers_counts(string name)
    {
        var signed = new Signed(name);
        var accepted = 0;
        for (var bit = 0; bit < signed.Body.Length * 8; bit++)
        {
            var body = signed.Body.ToArray();
            body[bit / 8] ^= (byte)(1 << (bit % 8));
            accepted += signed.Accepts(body: body) ? 1 : 0;
        }

        for (var header = 0; header < signed.Headers.Count; header++)
        {
            for (var bit = 0; bit < signed.Headers[header].Value.Length * 16; bit++)
            {
                accepted += signed.Accepts(signed.With(header, value =>
                {
                    var changed = value.ToCharArray();
                    changed[bit / 16] ^= (char)(1 << (bit % 16));
                    return new string(changed);
                })) ? 1 : 0;
            }
        }

        Assert.Equal(0, accepted);
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Other_spellings_of_a_valid_signature_are_refused(string name)
    {
        var signed = new Signed(name);
        for (var header = 0; header < signed.Headers.Count; header++)
        {
            if (!signed.IsSignature(header))
            {
                continue;
            }

            var value = signed.Headers[header].Value;
            string[] spellings =
            [
                "", " ", value.ToUpperInvariant(), value.Replace("=", " ="), $" {value}", $"{value} ", $"{value}\n", $"{value}\0", $"{value}=", $"{value}00",
                value.TrimEnd('='), value.Replace('+', '-').Replace('/', '_'), $"v0,{value}", $"sha1={value}", $"0x{value}", $"{value};{value}", $"{value}, ",
                string.Concat(value.Select(c => c < 127 && c > 32 ? (char)(c + 0xFEE0) : c)), Signed.Sha256(signed.Body), $"sha256={Signed.Sha256(signed.Body)}",
                value.Replace("v1,", "v1a,").Replace("v1=", "v2="),
            ];

            // Some spelling leaves a value as it is where the sender's form has none of what it changes.
            Assert.All(spellings.Where(spelling => spelling != value), spelling =>
                Assert.False(signed.Accepts(signed.With(header, _ => spelling)), $"'{spelling}' was accepted"));
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void A_header_that_is_missing_or_comes_twice_is_refused(string name)
    {
        var signed = new Signed(name);
        foreach (var header in signed.Headers)
        {
            Assert.False(signed.Accepts(signed.Headers.Where(other => other.Key != header.Key)), $"without {header.Key}");
            Assert.False(signed.Accepts([.. signed.Headers, header]), $"{header.Key} twice");
            Assert.False(signed.Accepts([.. signed.Headers, KeyValuePair.Create(header.Key, "")]), $"{header.Key} and an empty one");
            Assert.False(signed.Accepts([.. signed.Headers, KeyValuePair.Create(header.Key.ToUpperInvariant(), header.Value)]), $"{header.Key} in capitals");
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void A_body_that_means_the_same_but_is_not_the_same_is_refused(string name)
    {
        var signed = new Signed(name);
        var text = Encoding.UTF8.GetString(signed.Body);
        string[] bodies = [text + "\n", text + " ", " " + text, "\uFEFF" + text, text.Replace(":", ": "), text.Replace("/", "\\/"), JsonNode.Parse(text)!.ToJsonString(), text[..^1], ""];

        Assert.All(bodies, body => Assert.False(signed.Accepts(body: Encoding.UTF8.GetBytes(body)), body));
        using var zipped = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(zipped, System.IO.Compression.CompressionLevel.Fastest))
        {
            gzip.Write(signed.Body);
        }

        Assert.False(signed.Accepts(body: zipped.ToArray()));
    }

    [Theory]
    [InlineData("buildkite")]
    [InlineData("grafana")]
    [InlineData("standard-webhooks")]
    [InlineData("standard-webhooks:v1a")]
    [InlineData("gitlab:signing")]
    public void A_signed_time_may_be_five_minutes_off_both_ways_and_not_more(string name)
    {
        var signed = new Signed(name);

        Assert.True(signed.Accepts(now: Signed.Now.AddSeconds(300)));
        Assert.True(signed.Accepts(now: Signed.Now.AddSeconds(-300)));
        Assert.False(signed.Accepts(now: Signed.Now.AddSeconds(301)));
        Assert.False(signed.Accepts(now: Signed.Now.AddSeconds(-301)));
    }

    [Theory]
    [InlineData("standard-webhooks", ' ')]
    [InlineData("pagerduty", ',')]
    [InlineData("circleci", ',')]
    public void Any_of_several_signatures_may_match(string name, char separator)
    {
        var signed = new Signed(name);
        var wrong = signed.Scheme.Sign(signed.Scheme.NewSecret(), "msg_1", Signed.Now, signed.Body);
        var header = Enumerable.Range(0, signed.Headers.Count).Single(signed.IsSignature);
        var other = wrong[signed.Headers[header].Key];

        Assert.True(signed.Accepts(signed.With(header, right => $"{other}{separator}{right}")));
        Assert.True(signed.Accepts(signed.With(header, right => $"{right}{separator}{other}")));
        Assert.False(signed.Accepts(signed.With(header, _ => $"{other}{separator}{other}")));
        Assert.False(signed.Accepts(signed.With(header, right => string.Join(separator, Enumerable.Repeat(other, 8).Append(right)))));
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Any_of_a_sources_secrets_proves_and_the_proof_says_which(string name)
    {
        var signed = new Signed(name);
        var keys = new[] { signed.OtherKey(), signed.OtherKey(), signed.Scheme.Key(signed.Secret)! };

        using var proof = signed.Scheme.Begin(Testing.WebhookSamples.View(signed.Headers), keys, Signed.Now)!;
        foreach (var part in signed.Body.Chunk(7))
        {
            proof.Append(part);
        }

        var proven = proof.Finish();
        Assert.Equal(2, proven?.Key);
        Assert.Equal(32, proven?.Hash.Length);
    }

    [Fact]
    public void No_more_public_key_signatures_are_tried_than_a_rotation_needs()
    {
        var signed = new Signed("standard-webhooks:v1a");
        var other = new Signed("standard-webhooks:v1a").Headers[2].Value;

        Assert.True(signed.Accepts(signed.With(2, right => $"{other} {other} {right}")));
        Assert.False(signed.Accepts(signed.With(2, right => $"{other} {other} {other} {right}")));
    }

    [Fact]
    public void Without_the_nodes_part_a_public_key_proves_nothing()
    {
        var signed = new Signed("standard-webhooks:v1a");
        var bare = Core.Webhooks.WebhookSenders.Find("standard-webhooks")!.Scheme(new Core.Webhooks.SourceSettings { Mode = "v1a" });

        Assert.Null(bare.Begin(Testing.WebhookSamples.View(signed.Headers), [bare.Key(signed.Secret)!], Signed.Now));
    }

    [Theory]
    [InlineData("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")] // of order one: a constant signature fits every message
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public void A_public_key_under_which_anybody_could_sign_is_refused(string key)
    {
        var sender = Core.Webhooks.WebhookSenders.Find("standard-webhooks")!;
        var settings = new Core.Webhooks.SourceSettings { Mode = "v1a" };

        Assert.NotNull(Cluster.Server.Webhooks.PublicKeys.Fault(sender, settings, $"whpk_{key}"));
        Assert.Null(Cluster.Server.Webhooks.PublicKeys.Fault(sender, settings, new Signed("standard-webhooks:v1a").Secret));
    }

    private static (string, bool) Body(Signed signed, byte[] body) => ("body", signed.Accepts(body: body));

    private static (string, bool) Header(Signed signed, Random random, Func<string, Random, string> change)
    {
        var header = random.Next(signed.Headers.Count);
        var value = change(signed.Headers[header].Value, random);
        return ($"{signed.Headers[header].Key}: {value}", value != signed.Headers[header].Value && signed.Accepts(signed.With(header, _ => value)));
    }

    private static byte[] FlipBit(byte[] bytes, Random random)
    {
        var changed = bytes.ToArray();
        changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
        return changed;
    }

    internal static string FlipBit(string text, Random random)
    {
        var changed = text.ToCharArray();
        changed[random.Next(changed.Length)] ^= (char)(1 << random.Next(8));
        return new string(changed);
    }

    internal static string SwapCharacter(string text, Random random)
    {
        const string Alphabet = "0123456789abcdefABCDEF+/=-_,. ";
        var changed = text.ToCharArray();
        changed[random.Next(changed.Length)] = Alphabet[random.Next(Alphabet.Length)];
        return new string(changed);
    }

    private static string Pick(Random random, params string[] from) => from[random.Next(from.Length)];
}
