using System.Net;
using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Server.Tests.Webhooks;

/// <summary>What an answered rotation means on every node, however well that knows the source.</summary>
public sealed class RotationTests
{
    private const int Rounds = 4;

    [Theory]
    [InlineData("github/check_run.completed.failure")]
    [InlineData("standard-webhooks/contact.created")]
    [InlineData("generic/deploy")]
    public async Task Once_the_end_of_the_old_secret_is_answered_no_node_takes_it_and_every_node_takes_the_new_one(string name)
    {
        await using var cluster = await ClusterHost.StartAsync(2);
        await cluster[0].CreateSessionAsync("api");
        using var api = cluster[0].Api();
        using var http = new HttpClient();
        var sample = WebhookSamples.Find(name);
        var source = await AddAsync(api, sample);
        var (path, secret) = (new Uri(source.Url).AbsolutePath, source.Secret!);

        for (var round = 0; round < Rounds; round++)
        {
            var old = secret;
            Assert.All(await SendAsync(old), status => Assert.Equal(HttpStatusCode.Accepted, status)); // now every node knows it

            secret = await RotateAsync(api, keepOldHours: 0);

            Assert.All(await SendAsync(old), status => Assert.Equal(HttpStatusCode.Unauthorized, status));
            Assert.All(await SendAsync(secret), status => Assert.Equal(HttpStatusCode.Accepted, status));
        }

        async Task<HttpStatusCode[]> SendAsync(string with) => await Task.WhenAll(cluster.Nodes.Select(async node =>
        {
            using var answer = await http.SendAsync(sample.Request(node.Url + path, with, Fresh(sample)));
            return answer.StatusCode;
        }));
    }

    [Fact]
    public async Task While_the_old_secret_is_good_every_node_takes_both_from_the_answer_on()
    {
        await using var cluster = await ClusterHost.StartAsync(2);
        await cluster[0].CreateSessionAsync("api");
        using var api = cluster[0].Api();
        using var http = new HttpClient();
        var sample = WebhookSamples.Find("generic/deploy");
        var source = await AddAsync(api, sample);
        var path = new Uri(source.Url).AbsolutePath;
        await SendAsync(source.Secret!);

        var secret = await RotateAsync(api, keepOldHours: 24);

        Assert.All(await SendAsync(source.Secret!), status => Assert.Equal(HttpStatusCode.Accepted, status));
        Assert.All(await SendAsync(secret), status => Assert.Equal(HttpStatusCode.Accepted, status));

        async Task<HttpStatusCode[]> SendAsync(string with) => await Task.WhenAll(cluster.Nodes.Select(async node =>
        {
            using var answer = await http.SendAsync(sample.Request(node.Url + path, with, Fresh(sample)));
            return answer.StatusCode;
        }));
    }

    [Fact]
    public async Task A_secret_that_the_sender_made_counts_on_every_node_from_the_answer_on()
    {
        await using var cluster = await ClusterHost.StartAsync(2);
        await cluster[0].CreateSessionAsync("api");
        using var api = cluster[0].Api();
        using var http = new HttpClient();
        var sample = WebhookSamples.Find("pagerduty/incident.triggered");
        var path = new Uri((await AddAsync(api, sample)).Url).AbsolutePath;
        foreach (var node in cluster.Nodes)
        {
            using var early = await http.SendAsync(sample.Request(node.Url + path, "the-senders-own-secret", sample.Body));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, early.StatusCode);
        }

        await RotateAsync(api, keepOldHours: 0, "the-senders-own-secret");

        using var first = await http.SendAsync(sample.Request(cluster[1].Url + path, "the-senders-own-secret", sample.Body));
        using var again = await http.SendAsync(sample.Request(cluster[0].Url + path, "the-senders-own-secret", sample.Body));
        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.OK), (first.StatusCode, again.StatusCode));
    }

    // Another id wherever the sample tells its events apart.
    private static byte[] Fresh(WebhookSample sample)
    {
        var json = System.Text.Json.Nodes.JsonNode.Parse(sample.Body)!.AsObject();
        json["fresh"] = Guid.NewGuid().ToString();
        if (json["event"] is System.Text.Json.Nodes.JsonObject one)
        {
            one["id"] = Guid.NewGuid().ToString();
        }

        return System.Text.Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    private static async Task<NewSource> AddAsync(HttpClient api, WebhookSample sample)
    {
        using var added = await api.PostAsJsonAsync(
            "/api/sources", new AddSource { Kind = sample.Kind, Name = "ci", Session = "api", Settings = sample.Settings }, ApiJson.Default.AddSource);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        return (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!;
    }

    private static async Task<string> RotateAsync(HttpClient api, int keepOldHours, string? given = null)
    {
        using var rotated = await api.PostAsJsonAsync(
            "/api/sources/ci/secret", new RotateSecret { KeepOldHours = keepOldHours, Secret = given }, ApiJson.Default.RotateSecret);
        Assert.True(rotated.IsSuccessStatusCode, await rotated.Content.ReadAsStringAsync());
        return given ?? (await rotated.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!.Secret!;
    }
}
