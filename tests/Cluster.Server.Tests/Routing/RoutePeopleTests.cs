using System.Net;
using System.Net.Http.Json;
using System.Text;
using Cluster.Core.Api;
using Cluster.Server.Tests.Chats;
using Cluster.Storage.Engines;
using Cluster.Testing;
using Microsoft.Extensions.DependencyInjection;

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
        await UntilAsync(node, "SELECT COUNT(*) FROM event_note WHERE note = 'the notice for telegram:184 was sent'");
        var life = await LifeAsync(node, "web");
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
        await UntilAsync(node, "SELECT COUNT(*) FROM outbox WHERE lane = 4 AND state = 'queued'");
        await node.RevokeAsync("telegram:22", "web");
        await UntilAsync(node, "SELECT COUNT(*) FROM outbox WHERE lane = 4 AND state = 'refused'");

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
    public async Task What_nobody_receives_goes_on_and_what_was_received_stays()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        var github = await SetUpAsync(node);
        await team.PairAsync(node, Alice);
        await ApplyAsync(node, """
            routes:
              - name: one
                when: { source: ci }
                to: { session: web }
                escalate: { after: 1m, session: triage, notify: ["telegram:184"] }
            """);
        await using var triage = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "triage");

        using var late = await github.SendAsync(GitHubSender.CheckRunNumber(1));
        await UntilAsync(node, "SELECT COUNT(*) FROM delivery WHERE told = 1");
        Assert.False(triage.TryNext(out _));
        await AMinuteLaterAsync(node);
        var passed = await triage.NextAsync();
        var told = await team.NextAsync(Alice);
        await using var web = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "web");
        using var inTime = await github.SendAsync(GitHubSender.CheckRunNumber(2));
        await web.NextAsync();
        await UntilAsync(node, "SELECT COUNT(*) FROM delivery WHERE told = 1 AND watch_at IS NOT NULL AND state = 'received'");
        await AMinuteLaterAsync(node);
        await UntilAsync(node, "SELECT COUNT(*) FROM delivery WHERE session_id = 'admin/web' AND state = 'received' AND watch_at IS NULL");

        Assert.Contains("github.check_run", ChatTeam.Content(passed));
        Assert.Contains("Nobody has received this for 1m.", told.Text);
        var life = await LifeAsync(node, "triage");
        Assert.Equal([("admin/triage", null), ("admin/web", "escalated")], life.Deliveries.Select(one => (one.Session, one.Reason)));
        Assert.Contains(life.History, note => note.Note == "not received in 1m; passed on to admin/triage");
        Assert.False(triage.TryNext(out _));
        Assert.False(web.TryNext(out _));
    }

    [Fact]
    public async Task What_cannot_be_looked_after_keeps_nobody_else_waiting()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        var github = await SetUpAsync(node);
        await team.PairAsync(node, Alice);
        await ApplyAsync(node, "routes: [{ name: one, when: { source: ci }, to: { session: web }, notify: [\"telegram:184\"] }]");
        await Engine(node).TurnAsync(
            async turn =>
            {
                await turn.Db.ExecuteAsync("INSERT INTO route_table (owner, version, routes) VALUES ('mallory', 1, '[{')");
                await turn.Db.ExecuteAsync(
                    "INSERT INTO source (name, kind, owner, path, secret, created_at) SELECT 'broken', kind, 'mallory', 'broken', secret, 0 FROM source WHERE name = 'ci'");
                await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO event (id, kind, name, sender, chat_id, trust, body, created_at, route)
                    VALUES (-1, 'webhook', 'x', 'source:broken', 'source:broken', 'system', @body, 1, 'one')
                    """,
                    ("@body", Packed("x")));
                return await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO delivery (session_id, event_id, chat_id, priority, state, attempts, queued_at, expires_at, watch_at)
                    VALUES ('admin/web', -1, 'source:broken', 1, 'queued', 0, 1, 9000000000000, 1)
                    """);
            },
            Ct);
        await UntilAsync(node, "SELECT COUNT(*) FROM delivery WHERE event_id = -1 AND watch_at > 1");

        using var sent = await github.SendAsync(GitHubSender.CheckRunNumber(1));

        Assert.StartsWith("github.check_run, repository ", (await team.NextAsync(Alice)).Text);
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

        await UntilAsync(cluster[0], "SELECT CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM delivery WHERE watch_at IS NOT NULL");
        Assert.Equal(all.Count, await NumberAsync(cluster[0], "SELECT COUNT(*) FROM outbox WHERE lane = 4"));
    }

    [Fact]
    public async Task An_event_that_came_is_explained_by_its_payload_or_by_its_summary()
    {
        await using var node = await NodeHost.StartAsync();
        var github = await SetUpAsync(node);
        await ApplyAsync(node, """
            routes:
              - { name: apps, when: { source: ci, "$.check_run.app.slug": github-* }, to: { session: web }, untrusted: true }
              - { name: issues, when: { source: ci, type: issues }, to: { session: triage } }
            """);
        using var red = await github.SendAsync(GitHubSender.CheckRunNumber(1));
        using var issue = await github.SendAsync(GitHubSender.Sample("issues.opened.json"), "issues");
        await Engine(node).TurnAsync(
            turn => turn.Db.ExecuteAsync("UPDATE event SET payload = @payload WHERE name = 'github.check_run'", ("@payload", Packed(GitHubSender.CheckRunNumber(1)))), Ct);
        await Engine(node).TurnAsync(turn => turn.Db.ExecuteAsync("UPDATE event SET payload = NULL WHERE name = 'github.issues'"), Ct);

        var whole = await TestAsync(node, (await EventsAsync(node, "web"))[0].Id);
        var kept = await TestAsync(node, (await EventsAsync(node, "triage"))[0].Id);
        using var bob = node.Api(await node.InviteAsync("bob"));
        using var others = await bob.PostAsJsonAsync(
            "/api/routes/test", new TestRoutes { EventId = long.Parse((await EventsAsync(node, "web"))[0].Id) }, ApiJson.Default.TestRoutes, Ct);

        Assert.Equal(("payload", "apps", true), (whole.Read, Assert.Single(whole.Targets).Route, whole.Fields.ContainsKey("branch")));
        Assert.Equal(("summary", "issues"), (kept.Read, Assert.Single(kept.Targets).Route));
        Assert.Contains("payload is not kept", kept.Routes[0].Reason);
        Assert.Equal(HttpStatusCode.NotFound, others.StatusCode);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Engine Engine(NodeHost node) => node.Services.GetRequiredService<Engine>();

    // As the engine keeps bytes that are not compressed.
    private static byte[] Packed(string payload) => [0, .. Encoding.UTF8.GetBytes(payload)];

    private static async Task<GitHubSender> SetUpAsync(NodeHost node)
    {
        foreach (var session in new[] { "api", "web", "triage" })
        {
            await node.CreateSessionAsync(session);
        }

        return await node.AddSourceAsync("api");
    }

    private static async Task ApplyAsync(NodeHost node, string yaml)
    {
        using var api = node.Api();
        using var applied = await PutAsync(api, yaml);
        Assert.True(applied.IsSuccessStatusCode, await applied.Content.ReadAsStringAsync(Ct));
    }

    private static Task<HttpResponseMessage> PutAsync(HttpClient api, string yaml) =>
        api.PutAsync("/api/routes", new StringContent(yaml, Encoding.UTF8, "text/yaml"), Ct);

    private static async Task<RoutesTest> TestAsync(NodeHost node, string eventId)
    {
        using var api = node.Api();
        using var answer = await api.PostAsJsonAsync("/api/routes/test", new TestRoutes { EventId = long.Parse(eventId) }, ApiJson.Default.TestRoutes, Ct);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.RoutesTest, Ct))!;
    }

    private static async Task<IReadOnlyList<EventInfo>> EventsAsync(NodeHost node, string session)
    {
        using var api = node.Api();
        return (await api.GetFromJsonAsync($"/api/events?session={session}&limit=200", ApiJson.Default.IReadOnlyListEventInfo, Ct))!;
    }

    private static async Task<EventLife> LifeAsync(NodeHost node, string session)
    {
        using var api = node.Api();
        return (await api.GetFromJsonAsync($"/api/events/{(await EventsAsync(node, session))[0].Id}", ApiJson.Default.EventLife, Ct))!;
    }

    // New routes are seen within a second.
    private static async Task UntilRoutedAsync(NodeHost node, GitHubSender github)
    {
        var (patience, before) = (ChatTeam.Patience, await NumberAsync(node, "SELECT COUNT(*) FROM event WHERE route = 'one'"));
        for (var i = 0; await NumberAsync(node, "SELECT COUNT(*) FROM event WHERE route = 'one'") == before; i++)
        {
            patience.ThrowIfCancellationRequested();
            using var sent = await github.At(node.Url).SendAsync(GitHubSender.CheckRunNumber(Random.Shared.Next(1_000, int.MaxValue)));
        }
    }

    private static Task<int> AMinuteLaterAsync(NodeHost node) =>
        Engine(node).TurnAsync(turn => turn.Db.ExecuteAsync("UPDATE delivery SET watch_at = watch_at - 60000 WHERE told = 1"), Ct);

    private static async Task<long> NumberAsync(NodeHost node, string sql) => (await Engine(node).ReadAsync(db => db.NumberAsync(sql), Ct))!.Value;

    private static async Task UntilAsync(NodeHost node, string sql)
    {
        var patience = ChatTeam.Patience;
        while (await NumberAsync(node, sql) == 0)
        {
            Assert.False(patience.IsCancellationRequested, $"Nothing came of: {sql}");
        }
    }
}
