using System.Net;
using System.Net.Http.Json;
using System.Text;
using Cluster.Core.Api;
using Cluster.Server.Tests.Chats;
using Cluster.Testing;

namespace Cluster.Server.Tests.Routing;

/// <summary>What a route does beside its session: people are told, and what nobody receives goes on.</summary>
public sealed class RoutePeopleTests
{
    private const long Alice = 184;
    private const long Bob = 22;

    [Fact]
    public async Task People_are_told_of_an_event_without_any_session_and_may_answer_it()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        var github = await SetUpAsync(node);
        await team.PairAsync(node, Alice);
        await ApplyAsync(node, "routes: [{ name: one, when: { source: ci }, to: { session: web }, notify: \"telegram:184\" }]");

        using var sent = await github.SendAsync(GitHubSender.CheckRunNumber(1));
        var told = await team.NextAsync(Alice);
        var life = await UntilNotedAsync(node, (await EventsAsync(node, "web"))[0].Id, "the notice for telegram:184 was sent");
        team.Telegram.SendText(Alice, Alice, "I am on it.", replyTo: told.Id);
        await using var web = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "web");

        Assert.StartsWith("github.check_run, repository ", told.Text);
        Assert.Contains("conclusion failure\nhttps://github.com/", told.Text);
        Assert.EndsWith($"\nEvent {life.Id} is with admin/web: it waits.", told.Text);
        Assert.Contains(life.History, note => note.Note == "a notice for telegram:184 is on its way");
        Assert.Contains("github.check_run", ChatTeam.Content(await web.NextAsync()));
        Assert.EndsWith("I am on it.", ChatTeam.Content(await web.NextAsync()));
    }

    [Fact]
    public async Task Whose_right_ends_between_the_notice_and_its_sending_is_not_told()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        var github = await SetUpAsync(node);
        await team.PairAsync(node, Bob, await node.InviteAsync("bob"));
        await node.AllowAsync("telegram:22", "web", "watch");
        await ApplyAsync(node, "routes: [{ name: one, when: { source: ci }, to: { session: web }, notify: [\"telegram:22\"] }]");
        team.Telegram.LimitNext("sendMessage", retryAfterSeconds: 3);

        using var sent = await github.SendAsync(GitHubSender.CheckRunNumber(1));
        var id = (await EventsAsync(node, "web"))[0].Id;
        await UntilNotedAsync(node, id, "a notice for telegram:22 is on its way");
        await node.RevokeAsync("telegram:22", "web");
        await UntilNotedAsync(node, id, "the notice for telegram:22 was not sent");

        Assert.DoesNotContain(team.Telegram.Messages(Bob), message => message.Text.Contains("check_run"));
    }

    [Fact]
    public async Task An_account_that_may_not_watch_is_refused_with_the_routes_line()
    {
        await using var node = await NodeHost.StartAsync();
        await SetUpAsync(node);
        using var api = node.Api();

        using var refused = await PutAsync(api, """
            routes:
              - { name: one, when: { source: ci }, to: { session: web } }
              - { name: two, when: { source: ci }, to: { session: web }, notify: ["telegram:99"] }
            """);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("Line 3: Route 'two': 'telegram:99' may not watch admin/web", await refused.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task All_that_is_wrong_with_a_route_is_told_by_one_dry_run()
    {
        await using var node = await NodeHost.StartAsync();
        await SetUpAsync(node);
        using var api = node.Api();

        using var answer = await api.PutAsync("/api/routes?dryRun=true", new StringContent("""
            routes:
              - name: one
                when: { source: [ci, nobodys], brunch: main }
                to: { session: web }
                otherwise: { session: attic }
                fold: { by: [title], within: soon }
                quiet: { from: "22:00", to: "07:00", zone: Mars/Olympus }
                escalate: { after: 2d, session: web }
                notify: ["telegram:99"]
            """), Ct);
        var faults = (await answer.Content.ReadFromJsonAsync(ApiJson.Default.RoutesAnswer, Ct))!.Faults;

        Assert.Collection(
            faults.Select(fault => $"{fault.Line}: {fault.Text}"),
            fault => Assert.StartsWith("3: No event has a field 'brunch'", fault),
            fault => Assert.StartsWith("3: Route 'one': You have no source 'nobodys'", fault),
            fault => Assert.StartsWith("5: Route 'one': You have no session 'admin/attic'", fault),
            fault => Assert.StartsWith("6: 'within' is a time such as", fault),
            fault => Assert.StartsWith("6: Route 'one': Strangers can write 'title'", fault),
            fault => Assert.StartsWith("7: Route 'one': The node knows no time zone 'Mars/Olympus'", fault),
            fault => Assert.StartsWith("8: Route 'one': 'escalate' comes 'after' 1m to 1d", fault),
            fault => Assert.StartsWith("8: Route 'one': 'escalate' names admin/web, which has the event already", fault),
            fault => Assert.StartsWith("9: Route 'one': 'telegram:99' may not watch admin/web", fault));
    }

    [Fact]
    public async Task A_dry_run_says_what_would_end_and_an_apply_what_ends()
    {
        await using var node = await NodeHost.StartAsync();
        var github = await SetUpAsync(node);
        await ApplyAsync(node, "routes: [{ name: one, when: { source: ci }, to: { session: web } }]");
        using var one = await github.SendAsync(GitHubSender.CheckRunNumber(1));
        using var two = await github.SendAsync(GitHubSender.CheckRunNumber(2));
        using var api = node.Api();

        using var dry = await api.PutAsync("/api/routes?dryRun=true", new StringContent("routes: []", Encoding.UTF8, "text/yaml"), Ct);
        using var applied = await PutAsync(api, "routes: []");

        Assert.Equal(
            "2 waiting events of source ci for admin/web would end as dead(revoked).",
            Assert.Single((await dry.Content.ReadFromJsonAsync(ApiJson.Default.RoutesAnswer, Ct))!.Ending));
        Assert.Equal(
            "2 waiting events of source ci for admin/web end as dead(revoked).",
            Assert.Single((await applied.Content.ReadFromJsonAsync(ApiJson.Default.RoutesAnswer, Ct))!.Ending));
    }

    [Fact]
    public async Task Of_two_nodes_one_tells()
    {
        await using var cluster = await ClusterHost.StartAsync(2);
        await using var team = await ChatTeam.StartAsync(cluster[0]);
        var github = await SetUpAsync(cluster[0]);
        await team.PairAsync(cluster[0], Alice);
        await ApplyAsync(cluster[0], "routes: [{ name: one, when: { source: ci }, to: { session: web }, notify: [\"telegram:184\"] }]");
        await Task.WhenAll(cluster.Nodes.Select(node => UntilRoutedAsync(node, github)));

        var ids = new HashSet<string>();
        for (var i = 0; i < 10; i++)
        {
            using var sent = await github.At(cluster[i % 2].Url).SendAsync(GitHubSender.CheckRunNumber(100 + i));
        }

        var all = await EventsAsync(cluster[0], "web");
        foreach (var _ in all)
        {
            Assert.True(ids.Add((await team.NextAsync(Alice)).Text));
        }

        foreach (var one in all)
        {
            var life = await UntilNotedAsync(cluster[1], one.Id, "the notice for telegram:184 was sent");
            Assert.Single(life.History, note => note.Note.StartsWith("a notice for", StringComparison.Ordinal));
        }

        Assert.Equal(all.Count, team.Telegram.Messages(Alice).Count(message => message.Text.StartsWith("github.check_run", StringComparison.Ordinal)));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    internal static async Task<GitHubSender> SetUpAsync(NodeHost node)
    {
        foreach (var session in new[] { "api", "web", "triage" })
        {
            await node.CreateSessionAsync(session);
        }

        return await node.AddSourceAsync("api");
    }

    internal static async Task ApplyAsync(NodeHost node, string yaml)
    {
        using var api = node.Api();
        using var applied = await PutAsync(api, yaml);
        Assert.True(applied.IsSuccessStatusCode, await applied.Content.ReadAsStringAsync(Ct));
    }

    private static Task<HttpResponseMessage> PutAsync(HttpClient api, string yaml) =>
        api.PutAsync("/api/routes", new StringContent(yaml, Encoding.UTF8, "text/yaml"), Ct);

    internal static async Task<IReadOnlyList<EventInfo>> EventsAsync(NodeHost node, string session)
    {
        using var api = node.Api();
        return (await api.GetFromJsonAsync($"/api/events?session={session}&limit=200", ApiJson.Default.IReadOnlyListEventInfo, Ct))!;
    }

    internal static async Task<EventLife> LifeAsync(NodeHost node, string session)
    {
        using var api = node.Api();
        return (await api.GetFromJsonAsync($"/api/events/{(await EventsAsync(node, session))[0].Id}", ApiJson.Default.EventLife, Ct))!;
    }

    // New routes are seen within a second.
    private static async Task UntilRoutedAsync(NodeHost node, GitHubSender github)
    {
        var (patience, before) = (ChatTeam.Patience, (await EventsAsync(node, "web")).Count);
        for (var i = 0; (await EventsAsync(node, "web")).Count == before; i++)
        {
            patience.ThrowIfCancellationRequested();
            using var sent = await github.At(node.Url).SendAsync(GitHubSender.CheckRunNumber(Random.Shared.Next(1_000, int.MaxValue)));
        }
    }

    private static async Task<EventLife> UntilNotedAsync(NodeHost node, string eventId, string note)
    {
        using var api = node.Api();
        var patience = ChatTeam.Patience;
        while (true)
        {
            var life = (await api.GetFromJsonAsync($"/api/events/{eventId}", ApiJson.Default.EventLife, Ct))!;
            if (life.History.Any(one => one.Note.StartsWith(note, StringComparison.Ordinal)))
            {
                return life;
            }

            Assert.False(patience.IsCancellationRequested, $"Event {eventId} has no note: {note}");
        }
    }
}
