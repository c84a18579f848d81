using System.Security.Cryptography;
using System.Text;
using Cluster.Core.Secrets;

namespace Cluster.Tests.Secrets;

public sealed class SecretBoxTests
{
    private const string Plain = "whsec-Ω-canary";

    private readonly SecretBox _box = new(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());

    [Theory]
    [InlineData("")]
    [InlineData(Plain)]
    public void What_was_sealed_opens_under_the_same_key_and_purpose(string plain) =>
        Assert.Equal(plain, _box.Open(_box.Seal(plain, "source:ci"), "source:ci"));

    [Fact]
    public void A_sealed_secret_shows_nothing_and_never_looks_the_same()
    {
        var one = _box.Seal(Plain, "source:ci");
        var two = _box.Seal(Plain, "source:ci");

        Assert.Equal(-1, one.AsSpan().IndexOf(Encoding.UTF8.GetBytes("canary")));
        Assert.NotEqual(one, two);
    }

    [Theory]
    [InlineData("source:cd")]
    [InlineData("")]
    [InlineData("source:ci ")]
    public void Another_purpose_does_not_open_it(string purpose)
    {
        var box = _box.Seal(Plain, "source:ci");

        Assert.ThrowsAny<CryptographicException>(() => _box.Open(box, purpose));
    }

    [Fact]
    public void Another_key_does_not_open_it()
    {
        var box = _box.Seal(Plain, "source:ci");

        Assert.ThrowsAny<CryptographicException>(() => new SecretBox(new byte[32]).Open(box, "source:ci"));
    }

    [Fact]
    public void A_change_of_any_bit_is_noticed()
    {
        var box = _box.Seal(Plain, "source:ci");
        for (var bit = 0; bit < box.Length * 8; bit++)
        {
            var changed = box.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));

            Assert.ThrowsAny<CryptographicException>(() => _box.Open(changed, "source:ci"));
        }
    }

    [Fact]
    public void A_piece_of_it_is_noticed()
    {
        var box = _box.Seal(Plain, "source:ci");
        for (var length = 0; length < box.Length; length++)
        {
            Assert.ThrowsAny<CryptographicException>(() => _box.Open(box.AsSpan(0, length), "source:ci"));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(33)]
    public void A_key_of_another_length_is_refused_by_name(int length)
    {
        var refusal = Assert.Throws<ArgumentException>(() => new SecretBox(new byte[length]));

        Assert.Contains("CLUSTER_KEY must be 32 bytes", refusal.Message);
        Assert.Contains($"{length} bytes", refusal.Message);
    }
}
