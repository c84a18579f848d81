using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Cluster.Core.Api;
using Cluster.Core.Webhooks;
using Cluster.Testing;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;

namespace Cluster.Server.Tests.Webhooks;

/// <summary>Standard Webhooks with a key pair, of which the source has the public key.</summary>
public sealed class PublicKeySourceTests
{
    private readonly Ed25519PrivateKeyParameters _key = new(new SecureRandom());

    private string PublicKey => $"whpk_{Convert.ToBase64String(_key.GeneratePublicKey().GetEncoded())}";

    [Fact]
    public async Task A_delivery_signed_with_the_senders_key_enters_once_under_either_names_and_no_other_does()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        using var api = node.Api();
        using var http = new HttpClient();
        var source = await AddAsync(api, null);

        using var early = await http.SendAsync(Signed(source.Url, "msg_0", "webhook"));
        using var given = await api.PostAsJsonAsync("/api/sources/signed/secret", new RotateSecret { Secret = PublicKey, KeepOldHours = 0 }, ApiJson.Default.RotateSecret);
        HttpResponseMessage first;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        do
        {
            first = await http.SendAsync(Signed(source.Url, "msg_1", "svix"), patience.Token); // the node knew the source without a key for a second
        }
        while (first.StatusCode == HttpStatusCode.ServiceUnavailable);

        using var again = await http.SendAsync(Signed(source.Url, "msg_1", "webhook"));
        using var other = await http.SendAsync(Signed(source.Url, "msg_2", "webhook", new Ed25519PrivateKeyParameters(new SecureRandom())));
        using var both = Signed(source.Url, "msg_3", "webhook");
        both.Headers.Add("svix-id", "msg_3");
        using var twofold = await http.SendAsync(both);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, early.StatusCode);
        Assert.True(given.IsSuccessStatusCode, await given.Content.ReadAsStringAsync());
        Assert.Equal(
            [HttpStatusCode.Accepted, HttpStatusCode.OK, HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized],
            [first.StatusCode, again.StatusCode, other.StatusCode, twofold.StatusCode]);
    }

    [Fact]
    public async Task A_source_with_a_public_key_says_that_only_the_sender_can_test_it()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        using var api = node.Api();
        await AddAsync(api, PublicKey);

        using var answer = await api.PostAsync("/api/sources/signed/test", null);

        var test = (await answer.Content.ReadFromJsonAsync(ApiJson.Default.SourceTest))!;
        Assert.False(test.Ok);
        Assert.Contains("Only the sender can sign", Assert.Single(test.Steps));
    }

    [Theory]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whpk_ and the base64 of 32 bytes")]
    [InlineData("whpk_AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "no good ed25519 public key")]
    public async Task What_is_no_public_key_is_refused(string secret, string expected)
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        using var api = node.Api();

        using var answer = await api.PostAsJsonAsync("/api/sources", Wish(secret), ApiJson.Default.AddSource);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(expected, await answer.Content.ReadAsStringAsync());
    }

    private static AddSource Wish(string? secret) =>
        new() { Kind = "standard-webhooks", Name = "signed", Session = "api", Settings = new SourceSettings { Mode = "v1a" }, Secret = secret };

    private static async Task<NewSource> AddAsync(HttpClient api, string? secret)
    {
        using var added = await api.PostAsJsonAsync("/api/sources", Wish(secret), ApiJson.Default.AddSource);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        return (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!;
    }

    private HttpRequestMessage Signed(string url, string id, string names, Ed25519PrivateKeyParameters? key = null)
    {
        var body = Encoding.UTF8.GetBytes("""{"type":"contact.created","timestamp":"2022-11-03T20:26:10Z","data":{"id":"1"}}""");
        var time = $"{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}";
        byte[] message = [.. Encoding.ASCII.GetBytes($"{id}.{time}."), .. body];
        var signer = new Ed25519Signer();
        signer.Init(true, key ?? _key);
        signer.BlockUpdate(message, 0, message.Length);
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add($"{names}-id", id);
        request.Headers.Add($"{names}-timestamp", time);
        request.Headers.Add($"{names}-signature", $"v1a,{Convert.ToBase64String(signer.GenerateSignature())}");
        return request;
    }
}
