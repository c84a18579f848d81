using System.Net;
using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Server.Webhooks.CatchUp;
using Cluster.Storage.Leases;
using Cluster.Storage.Sources;
using Cluster.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Cluster.Server.Tests.OldHouse;

/// <summary>Deliveries of GitHub's that failed, and GitHub is asked for them.</summary>
[Trait("House", "old")]
public sealed partial class CatchUpTests
{
    private const string Token = "ghp_aTokenThatNobodyMaySee0123456789";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_failed_while_the_node_was_down_arrives_once_after_it_is_back()
    {
        var github = new FakeGitHub(Token, "acme/api", 7, pageSize: 2);
        await using var node = await NodeHost.StartInProcessAsync(adjust: With(github));
        await SetUpAsync(node, github);
        await FirstRoundAsync(node);
        await github.DeliverAsync(GitHubSender.CheckRunNumber(1));

        await node.StopAsync();
        string[] missed = [await github.DeliverAsync(GitHubSender.CheckRunNumber(2)), await github.DeliverAsync(GitHubSender.CheckRunNumber(3)), await github.DeliverAsync(GitHubSender.CheckRunNumber(4))];
        await node.StartAgainAsync();
        await UntilAsync(async () => (await EventsAsync(node)).Count == 4);
        var lists = github.Lists;
        await RoundAsync(node, times: 2);

        Assert.Equal(missed, github.Asked); // the oldest first, each once
        Assert.True(github.Lists > lists);
        Assert.Equal(4, (await EventsAsync(node)).Count);
        Assert.Empty(github.Faults);
        Assert.DoesNotContain(Token, string.Join("\n", node.Log.Lines));
    }

    [Fact]
    public async Task Another_node_goes_on_when_the_one_that_asked_is_gone()
    {
        var github = new FakeGitHub(Token, "acme/api", 7);
        await using var cluster = await ClusterHost.StartAsync(0);
        var first = await cluster.AddInProcessAsync(With(github));
        await SetUpAsync(first, github);
        await FirstRoundAsync(first);
        var second = await cluster.AddInProcessAsync(With(github));
        github.Target = github.Target!.At(second.Url);

        github.Miss(GitHubSender.CheckRunNumber(1));
        await first.StopAsync();
        await UntilAsync(async () => (await EventsAsync(second)).Count == 1);

        Assert.Single(github.Asked);
        Assert.Empty(github.Faults);
        Assert.DoesNotContain(Token, string.Join("\n", second.Log.Lines));
    }

    [Fact]
    public async Task A_limit_is_respected_and_what_is_wrong_is_shown_without_the_token()
    {
        var github = new FakeGitHub(Token, "acme/api", 7);
        await using var node = await NodeHost.StartInProcessAsync(adjust: With(github));
        var limited = new HttpResponseMessage(HttpStatusCode.Forbidden);
        limited.Headers.Add("x-ratelimit-remaining", "0");
        limited.Headers.Add("x-ratelimit-reset", $"{DateTimeOffset.UtcNow.AddMinutes(30).ToUnixTimeSeconds()}");
        github.Instead.Enqueue(limited);
        await SetUpAsync(node, github);
        using var api = node.Api();

        SourceInfo source = null!;
        await UntilAsync(async () => (source = (await api.GetFromJsonAsync("/api/sources", ApiJson.Default.IReadOnlyListSourceInfo))!.Single()).CatchUp!.Problem is not null);

        Assert.Contains("403", source.CatchUp!.Problem);
        Assert.Equal("https://api.github.com/repos/acme/api", source.CatchUp.From);
        Assert.DoesNotContain(Token, await api.GetStringAsync("/api/sources"));
        Assert.Empty(await node.Services.GetRequiredService<CatchUpStore>().DueAsync(all: true, Ct)); // not even after an outage
        Assert.Equal(0, github.Lists);
    }

    [Fact]
    public async Task Another_token_mends_what_a_wrong_one_broke()
    {
        var github = new FakeGitHub("ghp_theRightOne0123456789", "acme/api", 7);
        await using var node = await NodeHost.StartInProcessAsync(adjust: With(github));
        await SetUpAsync(node, github);
        using var api = node.Api();
        await UntilAsync(async () => (await CatchUpAsync(api))?.Problem is not null);
        var wrong = await CatchUpAsync(api);

        github.Miss(GitHubSender.CheckRunNumber(1));
        using var mended = await api.PutAsJsonAsync("/api/sources/ci/catch-up", new SetCatchUp { Token = "ghp_theRightOne0123456789" }, ApiJson.Default.SetCatchUp);
        await UntilAsync(async () => (await CatchUpAsync(api))?.AskedAt is not null);

        Assert.Contains("does not accept the token", wrong!.Problem);
        Assert.Null((await CatchUpAsync(api))!.Problem);
        Assert.Single(await EventsAsync(node)); // missed before the new token came
        using var off = await api.DeleteAsync("/api/sources/ci/catch-up");
        Assert.Equal(HttpStatusCode.NoContent, off.StatusCode);
        Assert.Null(await CatchUpAsync(api));
    }

    private static Action<WebApplicationBuilder> With(FakeGitHub github) =>
        builder => builder.Services.AddKeyedSingleton<HttpMessageHandler>(GitHubApi.Handler, github);

    private static async Task<GitHubSender> SetUpAsync(NodeHost node, FakeGitHub github)
    {
        await node.CreateSessionAsync("api");
        using var api = node.Api();
        using var added = await api.PostAsJsonAsync("/api/sources", new AddSource { Kind = "github", Name = "ci", Session = "api" }, ApiJson.Default.AddSource);
        var source = (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!;
        github.Url = source.Url;
        github.Target = new GitHubSender(new HttpClient(), source.Url, source.Secret!);
        await SetAsync(api, Token);
        return github.Target;
    }

    private static async Task SetAsync(HttpClient api, string token)
    {
        using var set = await api.PutAsJsonAsync("/api/sources/ci/catch-up", new SetCatchUp { Repository = "acme/api", Token = token }, ApiJson.Default.SetCatchUp);
        Assert.True(set.IsSuccessStatusCode, await set.Content.ReadAsStringAsync());
    }

    // Rounds as the loop makes them, without the time between.
    private static async Task RoundAsync(NodeHost node, int times, TimeSpan later = default, CatchUpJob? job = null)
    {
        var leases = node.Services.GetRequiredService<LeaseStore>();
        var lease = (await leases.TakeAsync($"test-{Guid.NewGuid():N}", Ct))!;
        for (var i = 0; i < times; i++)
        {
            await node.Services.GetRequiredService<CatchUpRound>().RunAsync(
                lease, job ?? Assert.Single(await node.Services.GetRequiredService<CatchUpStore>().DueAsync(all: true, Ct)), DateTimeOffset.UtcNow + later, Ct);
        }
    }

    private static async Task FirstRoundAsync(NodeHost node)
    {
        using var api = node.Api();
        await UntilAsync(async () => (await CatchUpAsync(api))?.AskedAt is not null);
    }

    private static async Task<CatchUpInfo?> CatchUpAsync(HttpClient api) =>
        (await api.GetFromJsonAsync("/api/sources", ApiJson.Default.IReadOnlyListSourceInfo))!.Single().CatchUp;

    private static async Task<IReadOnlyList<EventInfo>> EventsAsync(NodeHost node)
    {
        using var api = node.Api();
        return (await api.GetFromJsonAsync("/api/events?session=api&limit=200", ApiJson.Default.IReadOnlyListEventInfo))!;
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(40));
        while (!await holds())
        {
            Assert.False(patience.IsCancellationRequested, "It did not become so within 40 seconds.");
            await Task.Yield();
        }
    }
}
