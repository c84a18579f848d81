using System.Security.Cryptography;
using System.Text;
using Cluster.Core.Secrets;

namespace Cluster.Tests.Secrets;

public sealed class SecretTests
{
    [Fact]
    public void A_token_is_256_random_bits_behind_a_known_prefix()
    {
        var token = Secret.NewToken();

        Assert.Matches(@"\Aclt_[A-Za-z0-9_-]{43}\z", token);
        Assert.NotEqual(token, Secret.NewToken());
    }

    [Fact]
    public void Webhook_secrets_paths_codes_and_ids_have_their_forms()
    {
        Assert.Matches(@"\A[0-9a-f]{64}\z", Secret.NewWebhookSecret());
        Assert.Matches(@"\A[0-9a-f]{32}\z", Secret.NewPath());
        Assert.Matches(@"\A[2-9b-df-hj-km-np-tv-z]{26}\z", Secret.NewCode());
        Assert.Matches(@"\A[2-9b-df-hj-km-np-tv-z]{8}\z", Secret.NewShortId());
    }

    [Fact]
    public void A_hash_is_sha256_in_lower_hex()
    {
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Secret.Hash("abc"));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("clé"))), Secret.Hash("clé"));
    }

    [Fact]
    public void Thousands_of_codes_are_all_different() =>
        Assert.Equal(5_000, Enumerable.Range(0, 5_000).Select(_ => Secret.NewCode()).Distinct().Count());
}
