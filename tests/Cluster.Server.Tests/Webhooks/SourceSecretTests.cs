using System.Net;
using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Core.Webhooks;
using Cluster.Testing;

namespace Cluster.Server.Tests.Webhooks;

/// <summary>Secrets that are not there yet, and those that are of no use.</summary>
public sealed class SourceSecretTests
{
    [Theory]
    [InlineData("pagerduty/incident.triggered", "PagerDuty")]
    [InlineData("sentry/event_alert.triggered", "Sentry")]
    [InlineData("buildkite/ping", "Buildkite")]
    public async Task Until_the_senders_secret_is_given_its_deliveries_are_to_come_again(string name, string platform)
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        using var api = node.Api();
        using var http = new HttpClient();
        var sample = WebhookSamples.Find(name);
        var source = await AddAsync(api, new AddSource { Kind = sample.Kind, Name = "duty", Session = "api" });

        using var early = await http.SendAsync(sample.Request(source.Url, "the-senders-own-secret", sample.Body));
        var waiting = Assert.Single((await api.GetFromJsonAsync("/api/sources", ApiJson.Default.IReadOnlyListSourceInfo))!);
        var test = await TestAsync(api, "duty");
        using var empty = await RotateAsync(api, "duty", new RotateSecret { KeepOldHours = 0 });
        using var given = await RotateAsync(api, "duty", new RotateSecret { KeepOldHours = 24, Secret = "the-senders-own-secret" });
        using var late = await UntilAnsweredAsync(http, () => sample.Request(source.Url, "the-senders-own-secret", sample.Body));
        using var emptyAgain = await RotateAsync(api, "duty", new RotateSecret { KeepOldHours = 0 });

        Assert.Null(source.Secret);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, early.StatusCode);
        Assert.True(early.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.True(waiting.Settings!.AwaitsSecret);
        Assert.False(test.Ok);
        Assert.Contains($"{platform} makes this source's secret. Give it first", Assert.Single(test.Steps));
        Assert.All([empty, emptyAgain], answer => Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode));
        Assert.Contains($"{platform} makes the secret: give it with --secret-file", await empty.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.OK, given.StatusCode);
        Assert.Null((await given.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!.OldUntil);
        Assert.Equal(HttpStatusCode.Accepted, late.StatusCode);
        var ready = Assert.Single((await api.GetFromJsonAsync("/api/sources", ApiJson.Default.IReadOnlyListSourceInfo))!);
        Assert.True(ready.Settings is null or { AwaitsSecret: false });
        Assert.Single(ready.Secrets);
    }

    [Fact]
    public async Task Only_the_node_says_that_a_source_waits()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        using var api = node.Api();

        await AddAsync(api, new AddSource { Kind = "generic", Name = "deploys", Session = "api", Settings = new SourceSettings { AwaitsSecret = true } });

        Assert.True((await TestAsync(api, "deploys")).Ok);
    }

    [Fact]
    public async Task A_source_that_was_made_again_takes_the_ids_of_the_one_before()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        using var api = node.Api();
        using var http = new HttpClient();
        var sample = WebhookSamples.Find("generic/deploy");
        var wish = new AddSource { Kind = "generic", Name = "deploys", Session = "api", Settings = sample.Settings, Secret = "one and the same secret" };
        var before = await AddAsync(api, wish);
        using var first = await http.SendAsync(sample.Request(before.Url, wish.Secret, sample.Body));
        (await api.DeleteAsync("/api/sources/deploys")).EnsureSuccessStatusCode();
        var after = await AddAsync(api, wish);

        using var second = await http.SendAsync(sample.Request(after.Url, wish.Secret, sample.Body));
        using var again = await http.SendAsync(sample.Request(after.Url, wish.Secret, sample.Body));

        Assert.Equal(
            [HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.OK], [first.StatusCode, second.StatusCode, again.StatusCode]);
    }

    internal static async Task<NewSource> AddAsync(HttpClient api, AddSource request)
    {
        using var added = await api.PostAsJsonAsync("/api/sources", request, ApiJson.Default.AddSource);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        return (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!;
    }

    internal static Task<HttpResponseMessage> RotateAsync(HttpClient api, string name, RotateSecret request) =>
        api.PostAsJsonAsync($"/api/sources/{name}/secret", request, ApiJson.Default.RotateSecret);

    internal static async Task<SourceTest> TestAsync(HttpClient api, string name)
    {
        using var answer = await api.PostAsync($"/api/sources/{name}/test", null);
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.SourceTest))!;
    }

    // A node knows a source for a second; the last answer within twenty counts.
    internal static async Task<HttpResponseMessage> UntilAnsweredAsync(HttpClient http, Func<HttpRequestMessage> request)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var answer = await http.SendAsync(request());
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || patience.IsCancellationRequested)
            {
                return answer;
            }

            answer.Dispose();
            await Task.Yield();
        }
    }
}
