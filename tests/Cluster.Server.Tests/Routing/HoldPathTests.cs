using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Core.Events;
using Cluster.Testing;

namespace Cluster.Server.Tests.Routing;

public sealed class HoldPathTests
{
    private const string Playbook = "Fix the branch.";

    [Fact]
    public async Task Thirty_failing_checks_of_one_commit_are_one_message_and_each_can_be_asked_for()
    {
        var (node, github) = await StartAsync($$"""
            routes:
              - name: red
                when: { source: ci, type: check_run }
                to: { session: web }
                fold: { by: [repository, head_sha], within: 2s, at_most: 1m }
                playbook: {{Playbook}}
            """);
        await using var stopping = node;
        await using var web = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "web");

        for (var i = 1; i <= 30; i++)
        {
            await AcceptAsync(github, Check(i, $"test {i}"));
        }

        var pushed = await web.NextAsync(60);
        var content = Content(pushed);
        var json = Json(content);
        var ids = json.GetProperty("event_ids").EnumerateArray().Select(id => id.GetInt64()).ToList();
        var one = await web.CallAsync("get_event", new JsonObject { ["event_id"] = $"{ids[4]}", ["path"] = "/check_run/name" });

        var whole = await web.CallAsync("get_event", new JsonObject { ["event_id"] = (string)pushed["params"]!["meta"]!["event_id"]! });

        Assert.Contains("It tells of several events", whole);
        Assert.Equal(30, json.GetProperty("folded").GetInt32());
        Assert.Equal(30, ids.Count);
        Assert.InRange(content.Length - Playbook.Length, 300, 1_199);
        Assert.Contains("test 5", one);
        var events = await EventsAsync(node, "web");
        Assert.Equal(31, events.Count);
        Assert.Equal(30, events.Count(e => e.State == "folded" && e.Reason == $"into {events[0].Id}"));
        Assert.False(web.TryNext(out _));
    }

    [Fact]
    public async Task Thirty_failing_checks_are_one_message_though_nobody_is_there_for_a_while()
    {
        var (node, github) = await StartAsync(
            "routes: [{ name: red, when: { source: ci }, to: { session: web }, fold: { by: head_sha, within: 1s, at_most: 1s } }]");
        await using var stopping = node;
        for (var i = 1; i <= 30; i++)
        {
            await AcceptAsync(github, Check(i, $"test {i}"));
            if (i % 10 == 0)
            {
                await UntilAsync(node, events => events.All(e => e.State != "held"));
            }
        }

        await using var web = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "web");
        var json = Json(Content(await web.NextAsync()));

        Assert.Equal(30, json.GetProperty("folded").GetInt32());
        Assert.False(web.TryNext(out _));
    }

    [Fact]
    public async Task A_recovery_heals_an_alert_that_nobody_was_told_of_with_routes_and_without()
    {
        var (node, github) = await StartAsync("routes: [{ name: red, when: { source: ci, conclusion: failure }, to: { session: web } }]");
        await using var stopping = node;

        await AcceptAsync(github, Check(1, "lint"));
        await AcceptAsync(github, Check(2, "test"));
        await AcceptAsync(github, Fork(Check(3, "test", "success")));
        await AcceptAsync(github, Check(4, "lint", "success"));
        await UntilAsync(node, events => events.Count(e => e.State != "held") == 2, "api");
        var (routed, recoveries) = (await EventsAsync(node, "web"), await EventsAsync(node, "api"));
        await PutAsync(node, "routes: []");
        await AcceptAsync(github, Check(5, "own"));
        await AcceptAsync(github, Check(6, "own", "success"));
        await UntilAsync(node, events => events.All(e => e.State != "held"), "api");

        Assert.Equal(["queued", "healed"], routed.Select(e => e.State));
        Assert.Equal($"by {recoveries[0].Id}", routed[1].Reason);
        Assert.Equal(["filtered", "healed", "filtered", "filtered"], (await EventsAsync(node, "api")).Select(e => e.State));
    }

    [Fact]
    public async Task An_urgent_event_goes_before_what_waits()
    {
        var (node, github) = await StartAsync("""
            routes:
              - { name: urgent, when: { source: ci, type: check_run }, to: { session: web }, priority: urgent }
              - { name: plain, when: { source: ci }, to: { session: web } }
            """);
        await using var stopping = node;
        using var plain = await github.SendAsync(GitHubSender.Sample("issues.opened.json"), "issues");
        await AcceptAsync(github, Check(1, "lint"));

        await using var web = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "web");

        Assert.Contains("github.check_run", Content(await web.NextAsync()));
        Assert.Contains("github.issues", Content(await web.NextAsync()));
    }

    [Fact]
    public async Task In_quiet_hours_events_are_kept_back_or_only_recorded()
    {
        var now = DateTimeOffset.UtcNow;
        var (from, to) = (now.AddHours(-1).ToString("HH:mm", CultureInfo.InvariantCulture), now.AddHours(2).ToString("HH:mm", CultureInfo.InvariantCulture));
        var (node, github) = await StartAsync($$"""
            routes:
              - { name: night, when: { source: ci, type: check_run }, to: { session: web }, quiet: { from: "{{from}}", to: "{{to}}", zone: UTC, then: filter } }
              - { name: wait, when: { source: ci }, to: { session: web }, quiet: { from: "{{from}}", to: "{{to}}", zone: UTC } }
            """);
        await using var stopping = node;

        await AcceptAsync(github, Check(1, "lint"));
        using var issue = await github.SendAsync(GitHubSender.Sample("issues.opened.json"), "issues");
        var events = await EventsAsync(node, "web");
        using var api = node.Api();
        var life = (await api.GetFromJsonAsync($"/api/events/{events[0].Id}", ApiJson.Default.EventLife))!;

        Assert.Equal([("held", null), ("filtered", "quiet hours of route night")], events.Select(e => (e.State, e.Reason)));
        Assert.InRange(life.Deliveries[0].HeldUntil!.Value, now.AddHours(1.9), now.AddHours(2.1));
    }

    [Fact]
    public async Task Where_nobody_is_attached_an_event_waits_as_long_as_its_route_says()
    {
        var (node, github) = await StartAsync("routes: [{ name: red, when: { source: ci }, to: { session: web }, otherwise: { queue: 4h } }]");
        await using var stopping = node;

        await AcceptAsync(github, Check(1, "lint"));
        await using var web = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "web");
        await web.NextAsync();
        await node.UntilAttachedAsync("web");
        await AcceptAsync(github, Check(2, "lint"));

        var waits = new List<double>();
        foreach (var e in await EventsAsync(node, "web"))
        {
            using var api = node.Api();
            var delivery = (await api.GetFromJsonAsync($"/api/events/{e.Id}", ApiJson.Default.EventLife))!.Deliveries[0];
            waits.Add((delivery.ExpiresAt - delivery.QueuedAt).TotalHours);
        }

        Assert.Equal([DeliveryRules.KeepWaiting.TotalHours, 4], waits);
    }

    private static async Task<(NodeHost Node, GitHubSender GitHub)> StartAsync(string routes)
    {
        var node = await NodeHost.StartAsync();
        foreach (var session in new[] { "api", "web" })
        {
            await node.CreateSessionAsync(session);
        }

        var github = await node.AddSourceAsync("api");
        await PutAsync(node, routes);
        return (node, github);
    }

    private static async Task PutAsync(NodeHost node, string yaml)
    {
        using var api = node.Api();
        using var answer = await api.PutAsync("/api/routes?dryRun=false", new StringContent(yaml, Encoding.UTF8, "text/yaml"));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        Assert.True((await answer.Content.ReadFromJsonAsync(ApiJson.Default.RoutesAnswer))!.Applied);
    }

    private static async Task AcceptAsync(GitHubSender github, JsonNode payload)
    {
        using var answer = await github.SendAsync(payload.ToJsonString());
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode}");
    }

    // A check of an app on a branch of the repository itself.
    private static JsonNode Check(long id, string name, string conclusion = "failure")
    {
        var payload = JsonNode.Parse(GitHubSender.CheckRunNumber(id))!;
        payload["check_run"]!["app"]!["slug"] = "octo-ci";
        payload["check_run"]!["name"] = name;
        payload["check_run"]!["conclusion"] = conclusion;
        payload["check_run"]!["html_url"] = $"https://github.com/Codertocat/Hello-World/runs/{id}";
        return payload;
    }

    private static JsonNode Fork(JsonNode payload)
    {
        payload["check_run"]!["pull_requests"]![0]!["head"]!["repo"]!["id"] = 5;
        return payload;
    }

    private static async Task UntilAsync(NodeHost node, Func<IReadOnlyList<EventInfo>, bool> holds, string session = "web")
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds(await EventsAsync(node, session)))
        {
            Assert.False(patience.IsCancellationRequested, "What is kept back is not let go.");
            await Task.Yield();
        }
    }

    private static async Task<IReadOnlyList<EventInfo>> EventsAsync(NodeHost node, string session)
    {
        using var api = node.Api();
        return (await api.GetFromJsonAsync($"/api/events?session={session}&limit=200", ApiJson.Default.IReadOnlyListEventInfo))!;
    }

    private static string Content(JsonObject notification) => (string)notification["params"]!["content"]!;

    private static JsonElement Json(string content) => JsonDocument.Parse(content[(content.IndexOf('\n') + 1)..]).RootElement;
}
