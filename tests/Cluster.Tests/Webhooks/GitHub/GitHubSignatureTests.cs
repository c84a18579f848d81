using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cluster.Core.Webhooks.GitHub;

namespace Cluster.Tests.Webhooks.GitHub;

public sealed class GitHubSignatureTests
{
    private const string Key = "It's a Secret to Everybody";

    private static readonly byte[] Body = File.ReadAllBytes(Samples.Path("github/check_run.completed.failure.json"));

    private static readonly string Signed = Sign(Key, Body);

    [Fact]
    public void GitHubs_own_vector_is_accepted()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(Samples.Path("signature-vectors.json")));
        var own = vectors.RootElement.EnumerateArray().Where(v => v.GetProperty("source").GetString() == "github").ToList();

        Assert.NotEmpty(own);
        foreach (var vector in own)
        {
            var header = vector.GetProperty("headers").GetProperty(GitHubSignature.Header).GetString();
            var body = Encoding.UTF8.GetBytes(vector.GetProperty("body").GetString()!);
            Assert.Equal(vector.GetProperty("valid").GetBoolean(), Accepts(header, vector.GetProperty("secret").GetString()!, body));
        }
    }

    [Fact]
    public void Signatures_of_other_services_are_refused()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(Samples.Path("signature-vectors.json")));
        foreach (var vector in vectors.RootElement.EnumerateArray().Where(v => v.GetProperty("source").GetString() is not ("github" or "bitbucket")))
        {
            foreach (var header in vector.GetProperty("headers").EnumerateObject())
            {
                Assert.False(GitHubSignature.TryParse(header.Value.GetString(), out _), $"{vector.GetProperty("source")} {header.Name}");
            }
        }
    }

    [Fact]
    public void A_signed_payload_is_accepted() => Assert.True(Accepts(Signed, Key, Body));

    [Fact]
    public void A_flip_of_any_bit_of_the_body_is_refused()
    {
        var body = Body.ToArray();
        using var hmac = new HMACSHA256(Encoding.UTF8.GetBytes(Key));
        Assert.True(GitHubSignature.TryParse(Signed, out var given));
        var accepted = 0;
        for (var bit = 0; bit < body.Length * 8; bit++)
        {
            body[bit / 8] ^= (byte)(1 << (bit % 8));
            accepted += GitHubSignature.Matches(hmac.ComputeHash(body), given) ? 1 : 0;
            body[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Equal(0, accepted);
        Assert.True(GitHubSignature.Matches(hmac.ComputeHash(body), given));
    }

    [Fact]
    public void A_flip_of_any_bit_of_the_header_is_refused()
    {
        var accepted = 0;
        for (var bit = 0; bit < Signed.Length * 16; bit++)
        {
            var header = Signed.ToCharArray();
            header[bit / 16] ^= (char)(1 << (bit % 16));
            accepted += Accepts(new string(header), Key, Body) ? 1 : 0;
        }

        Assert.Equal(0, accepted);
    }

    [Fact]
    public void Other_spellings_of_a_valid_signature_are_refused()
    {
        var hex = Signed["sha256=".Length..];
        var bytes = Convert.FromHexString(hex);
        string?[] spellings =
        [
            null,
            "",
            "sha256=",
            hex,
            $"SHA256={hex}",
            $"Sha256={hex}",
            $"sha256={hex.ToUpperInvariant()}",
            $"sha256:{hex}",
            $"sha256= {hex}",
            $" {Signed}",
            $"{Signed} ",
            $"{Signed}\n",
            $"{Signed}\r\n",
            $"{Signed}\0",
            $"{Signed}=",
            $"{Signed}00",
            $"sha256=00{hex}",
            $"sha256=0x{hex}",
            $"sha256=sha256={hex}",
            $"{Signed},{Signed}",
            $"{Signed}, {Signed}",
            $"sha256={Convert.ToBase64String(bytes)}",
            $"sha256={Convert.ToBase64String(bytes).PadRight(64, '=')}",
            $"sha256={Convert.ToBase64String(bytes).Replace('+', '-').Replace('/', '_').TrimEnd('=')}",
            $"sha1={Convert.ToHexStringLower(Sha1(Encoding.UTF8.GetBytes(Key), Body))}",
            $"sha256={Convert.ToHexStringLower(Sha1(Encoding.UTF8.GetBytes(Key), Body))}",
            $"sha256={new string('0', 64)}",
            $"sha256={hex[..^1]}\u0661",
            $"sha256={string.Concat(hex.Select(c => (char)(c + 0xFEE0)))}",
        ];

        Assert.All(spellings, spelling => Assert.False(Accepts(spelling, Key, Body), $"'{spelling}' was accepted"));
    }

    [Fact]
    public void A_piece_of_a_valid_signature_is_refused()
    {
        for (var length = 0; length < Signed.Length; length++)
        {
            Assert.False(Accepts(Signed[..length], Key, Body));
        }
    }

    [Fact]
    public void A_body_that_means_the_same_but_is_not_the_same_is_refused()
    {
        var text = Encoding.UTF8.GetString(Body);
        string[] bodies =
        [
            text + "\n",
            text + " ",
            " " + text,
            "\uFEFF" + text,
            text.Replace("\n", "\r\n"),
            text.Replace("  ", ""),
            text.Replace("/", "\\/"),
            text[..^1],
            "",
        ];

        Assert.All(bodies, body => Assert.False(Accepts(Signed, Key, Encoding.UTF8.GetBytes(body))));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("It's a Secret to Everybod")]
    [InlineData("It's a Secret to Everybody ")]
    [InlineData("it's a secret to everybody")]
    public void Another_secret_is_refused(string secret) => Assert.False(Accepts(Signed, secret, Body));

    private static bool Accepts(string? header, string secret, byte[] body) =>
        GitHubSignature.TryParse(header, out var given)
        && GitHubSignature.Matches(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body), given);

    private static string Sign(string secret, byte[] body) =>
        $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body))}";

#pragma warning disable CA5350 // the older header's algorithm, which must not be accepted
    private static byte[] Sha1(byte[] key, byte[] body) => HMACSHA1.HashData(key, body);
#pragma warning restore CA5350
}
