using System.Net;
using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Storage.Principals;
using Cluster.Storage.Sources;
using Cluster.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Cluster.Server.Tests.OldHouse;

// What one round asks for, and when.
public sealed partial class CatchUpTests
{
    [Fact]
    public async Task Rounds_in_a_row_ask_once_for_a_delivery_and_not_at_all_when_it_has_entered()
    {
        var github = new FakeGitHub(Token, "acme/api", 7);
        await using var node = await NodeHost.StartInProcessAsync(adjust: With(github));
        var sender = await SetUpAsync(node, github);
        await FirstRoundAsync(node);
        using var entered = await sender.SendAsync(GitHubSender.CheckRunNumber(1), deliveryId: "11111111-1111-1111-1111-111111111111");
        github.Miss(GitHubSender.CheckRunNumber(1), "11111111-1111-1111-1111-111111111111"); // a proxy lost our answer
        var lost = github.Miss(GitHubSender.CheckRunNumber(2));
        github.Target = sender.At("http://127.0.0.1:9");

        await RoundAsync(node, times: 5); // as after an engine that comes and goes
        var first = github.Asked.ToList();
        await RoundAsync(node, times: 2, later: TimeSpan.FromMinutes(6));

        Assert.Equal([lost], first);
        Assert.Equal([lost, lost], github.Asked);
    }

    [Fact]
    public async Task What_failed_through_an_outage_in_front_of_the_node_of_many_hours_comes_after_it()
    {
        var github = new FakeGitHub(Token, "acme/api", 7);
        await using var node = await NodeHost.StartInProcessAsync(adjust: With(github));
        var sender = await SetUpAsync(node, github);
        await FirstRoundAsync(node);
        github.Miss(GitHubSender.CheckRunNumber(1));
        github.Target = sender.At("http://127.0.0.1:9");
        foreach (var minutes in new[] { 0, 6, 70, 300 })
        {
            await RoundAsync(node, times: 1, later: TimeSpan.FromMinutes(minutes));
        }

        github.Target = sender;
        await RoundAsync(node, times: 1, later: TimeSpan.FromHours(8));

        Assert.Equal(4, github.Asked.Count);
        Assert.Single(await EventsAsync(node));
    }

    [Fact]
    public async Task Of_more_attempts_than_a_round_reads_the_oldest_comes_too()
    {
        var github = new FakeGitHub(Token, "acme/api", 7, pageSize: 1);
        await using var node = await NodeHost.StartInProcessAsync(adjust: With(github));
        await SetUpAsync(node, github);
        await FirstRoundAsync(node);
        var oldest = github.Miss(GitHubSender.CheckRunNumber(0));
        for (var i = 1; i <= 12; i++)
        {
            await github.DeliverAsync(GitHubSender.CheckRunNumber(i));
        }

        await RoundAsync(node, times: 1);
        using var api = node.Api();
        var more = (await CatchUpAsync(api))!.More;
        await UntilAsync(async () => (await EventsAsync(node)).Count == 13); // the node's own next round comes at once

        Assert.True(more || !github.Asked.IsEmpty);
        Assert.Equal([oldest], github.Asked);
        await UntilAsync(async () => !(await CatchUpAsync(api))!.More);
    }

    [Fact]
    public async Task A_refused_ask_costs_none_and_one_that_GitHub_has_no_more_ends_alone()
    {
        var github = new FakeGitHub(Token, "acme/api", 7);
        await using var node = await NodeHost.StartInProcessAsync(adjust: With(github));
        await SetUpAsync(node, github);
        await FirstRoundAsync(node);
        string[] missed = [github.Miss(GitHubSender.CheckRunNumber(1)), github.Miss(GitHubSender.CheckRunNumber(2)), github.Miss(GitHubSender.CheckRunNumber(3))];
        github.Refused[missed[0]] = HttpStatusCode.UnprocessableEntity;
        github.Refused[missed[1]] = HttpStatusCode.Forbidden;
        using var api = node.Api();
        var job = Assert.Single(await node.Services.GetRequiredService<CatchUpStore>().DueAsync(all: true, Ct));

        await RoundAsync(node, times: 1, job: job);
        var refused = (await CatchUpAsync(api))!;
        github.Refused.TryRemove(missed[1], out _);
        await RoundAsync(node, times: 1, job: job); // GitHub's minute is over

        Assert.Contains("403", refused.Problem);
        Assert.Equal((2, 1), (refused.Waiting, refused.GivenUp));
        Assert.Equal([missed[0], missed[1], missed[1], missed[2]], github.Asked);
        Assert.Equal(2, (await EventsAsync(node)).Count);
    }

    [Fact]
    public async Task A_hook_that_was_made_again_at_GitHub_is_found_again()
    {
        var github = new FakeGitHub(Token, "acme/api", 7);
        await using var node = await NodeHost.StartInProcessAsync(adjust: With(github));
        await SetUpAsync(node, github);
        await FirstRoundAsync(node);

        github.Hook = 70;
        github.Miss(GitHubSender.CheckRunNumber(1));
        await RoundAsync(node, times: 1);

        Assert.Single(await EventsAsync(node));
        Assert.Empty(github.Faults);
    }

    [Fact]
    public async Task An_address_that_is_none_stops_neither_the_node_nor_the_others()
    {
        var github = new FakeGitHub(Token, "acme/api", 7);
        await using var node = await NodeHost.StartInProcessAsync(adjust: With(github));
        await SetUpAsync(node, github);
        await FirstRoundAsync(node);
        using var api = node.Api();
        using var other = await api.PostAsJsonAsync("/api/sources", new AddSource { Kind = "github", Name = "odd", Session = "api" }, ApiJson.Default.AddSource);
        var caller = (await node.Services.GetRequiredService<PrincipalStore>().AuthenticateAsync(node.AdminToken, page: false, Ct))!;
        await node.Services.GetRequiredService<CatchUpStore>().SetAsync(
            "odd", new CatchUpWish { Api = "https://ghe.example.com:84430/api/v3", Owner = "repos/acme/api", Token = Token }, caller, Ct); // as an earlier version let it in
        async Task<string?> ProblemAsync() =>
            (await api.GetFromJsonAsync("/api/sources", ApiJson.Default.IReadOnlyListSourceInfo))!.Single(source => source.Name == "odd").CatchUp!.Problem;

        await UntilAsync(async () => await ProblemAsync() is not null);
        var lists = github.Lists;
        await SetAsync(api, Token); // due at once
        await UntilAsync(() => Task.FromResult(github.Lists > lists));

        Assert.Contains("log says more", await ProblemAsync());
    }
}
