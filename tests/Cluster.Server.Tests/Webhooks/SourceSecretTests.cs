using System.Net;
using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Core.Webhooks;
using Cluster.Server.Webhooks;
using Cluster.Storage.Engines;
using Cluster.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

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
    public async Task A_secret_that_is_none_of_its_kind_is_skipped_and_said_once()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:WebhooksPerSecond=100000"]);
        await node.CreateSessionAsync("api");
        using var api = node.Api();
        using var http = new HttpClient();
        var sample = WebhookSamples.Find("standard-webhooks/contact.created");
        var good = sample.Sender.Scheme(sample.Settings).NewSecret();
        var source = await AddAsync(api, new AddSource { Kind = "github", Name = "ci", Session = "api", Secret = "not base64 at all!" });
        await node.Services.GetRequiredService<Engine>().TurnAsync(
            turn => turn.Db.ExecuteAsync("UPDATE source SET kind = 'standard-webhooks'"), TestContext.Current.CancellationToken);

        using var none = await http.SendAsync(sample.Request(source.Url, good, sample.Body));
        var test = await TestAsync(api, "ci");
        using var rotated = await RotateAsync(api, "ci", new RotateSecret { KeepOldHours = 24, Secret = good });
        using var accepted = await UntilAnsweredAsync(http, () => sample.Request(source.Url, good, sample.Body));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, none.StatusCode);
        Assert.False(test.Ok);
        Assert.Contains("is none of kind standard-webhooks", Assert.Single(test.Steps));
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        Assert.InRange(node.Log.Lines.Count(line => line.Text.Contains("A secret of source ci cannot be read")), 1, 2); // the present one, then as an old one
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

    [Fact]
    public async Task A_delivery_under_an_old_secret_is_in_even_if_its_use_cannot_be_noted()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:WebhooksPerSecond=100000"]);
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");
        using var api = node.Api();
        (await RotateAsync(api, "ci", new RotateSecret { KeepOldHours = 24 })).Dispose();
        await node.Services.GetRequiredService<Engine>().TurnAsync(
            turn => turn.Db.ExecuteAsync("CREATE TRIGGER never BEFORE UPDATE ON source_secret BEGIN SELECT RAISE(ABORT, 'never'); END"),
            TestContext.Current.CancellationToken);
        bool Failed() => node.Log.Lines.Any(line => line.Text.Contains("The use of an old secret of source ci was not noted"));

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20)); // a node knows a source's secrets for a second
        for (var i = 0; !Failed() && !patience.IsCancellationRequested; i++)
        {
            using var answer = await github.SendAsync(GitHubSender.CheckRunNumber(i));
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        }

        Assert.True(Failed());
    }

    [Fact]
    public async Task Of_many_deliveries_at_once_one_notes_the_use_of_an_old_secret()
    {
        var clock = new FakeTimeProvider();
        var use = new OldSecretUse();
        async Task<int> ClaimAsync() =>
            (await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => use.Claim(clock))))).Count(claimed => claimed);

        var first = await ClaimAsync();
        clock.Advance(TimeSpan.FromSeconds(59));
        var soon = await ClaimAsync();
        clock.Advance(TimeSpan.FromSeconds(1));
        var later = await ClaimAsync();

        Assert.Equal([1, 0, 1], [first, soon, later]);
    }

    private static async Task<NewSource> AddAsync(HttpClient api, AddSource request)
    {
        using var added = await api.PostAsJsonAsync("/api/sources", request, ApiJson.Default.AddSource);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        return (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!;
    }

    private static Task<HttpResponseMessage> RotateAsync(HttpClient api, string name, RotateSecret request) =>
        api.PostAsJsonAsync($"/api/sources/{name}/secret", request, ApiJson.Default.RotateSecret);

    private static async Task<SourceTest> TestAsync(HttpClient api, string name)
    {
        using var answer = await api.PostAsync($"/api/sources/{name}/test", null);
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.SourceTest))!;
    }

    // A node knows a source for a second; the last answer within twenty counts.
    private static async Task<HttpResponseMessage> UntilAnsweredAsync(HttpClient http, Func<HttpRequestMessage> request)
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
