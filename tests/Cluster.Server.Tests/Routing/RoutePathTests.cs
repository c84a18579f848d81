using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Core.Webhooks;
using Cluster.Testing;

namespace Cluster.Server.Tests.Routing;

public sealed class RoutePathTests
{
    private const string TwoRoutes = """
        routes:
          - name: main-red
            when: { source: ci, type: check_run, branch: changes, fork: false }
            to: { session: web }
            playbook: Fix the branch.
          - name: forks
            when: { source: ci, fork: true }
            to: { session: forks }
        """;

    [Fact]
    public async Task Events_go_where_their_route_says_with_its_playbook_and_a_forks_branch_is_no_branch()
    {
        await using var node = await StartAsync("api", "web", "forks");
        var github = await node.AddSourceAsync("api", playbook: "The own playbook.");
        await ApplyAsync(node, TwoRoutes);
        await using var web = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "web");
        await using var forks = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "forks");
        await using var own = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");

        using var red = await github.SendAsync(GitHubSender.CheckRunNumber(1));
        using var fork = await github.SendAsync(Fork(2));
        using var other = await github.SendAsync(GitHubSender.Sample("issues.opened.json"), "issues");

        Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.Accepted], [red.StatusCode, fork.StatusCode, other.StatusCode]);
        Assert.Contains("Fix the branch.", Content(await web.NextAsync()));
        Assert.Contains("The own playbook.", Content(await forks.NextAsync()));
        Assert.Contains("github.issues", Content(await own.NextAsync()));
        Assert.Equal(("main-red", "forks", null), (await RouteAsync(node, "web"), await RouteAsync(node, "forks"), await RouteAsync(node, "api")));
    }

    [Fact]
    public async Task Where_nobody_is_attached_the_event_waits_at_the_other_session()
    {
        await using var node = await StartAsync("api", "web", "triage");
        var github = await node.AddSourceAsync("api");
        await ApplyAsync(node, "routes: [{ name: one, when: { source: ci }, to: { session: web }, otherwise: { session: triage } }]");

        using var away = await github.SendAsync(GitHubSender.CheckRunNumber(1));
        await using var web = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "web");
        await node.UntilAttachedAsync("web");
        using var here = await github.SendAsync(GitHubSender.CheckRunNumber(2));
        await web.NextAsync();

        Assert.Equal("one", await RouteAsync(node, "triage"));
        Assert.Single(await EventsAsync(node, "web"));
        Assert.Empty(await EventsAsync(node, "api"));
    }

    [Fact]
    public async Task An_event_may_go_to_several_sessions_and_a_repeat_to_none_of_them()
    {
        await using var node = await StartAsync("api", "web", "triage");
        var github = await node.AddSourceAsync("api");
        await ApplyAsync(node, """
            routes:
              - { name: copy, when: { source: ci }, to: { session: web }, also: true, playbook: Only look. }
              - { name: same, when: { source: ci }, to: { session: web }, also: true }
              - { name: more, when: { source: ci, conclusion: fail* }, to: { session: triage }, also: true }
            """);

        using var first = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        using var again = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        using var newId = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "two");

        Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.OK, HttpStatusCode.OK], [first.StatusCode, again.StatusCode, newId.StatusCode]);
        foreach (var (session, route) in new[] { ("web", "copy"), ("triage", "more"), ("api", null) })
        {
            Assert.Equal(route, Assert.Single(await EventsAsync(node, session)).Route);
        }
    }

    [Fact]
    public async Task What_one_session_cannot_take_is_told_and_a_repeat_brings_only_that()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:MailboxWaiting=1"]);
        foreach (var session in new[] { "api", "web" })
        {
            await node.CreateSessionAsync(session);
        }

        var github = await node.AddSourceAsync("api");
        await node.TellAsync("web", "This fills the mailbox.");
        await ApplyAsync(node, "routes: [{ name: copy, when: { source: ci }, to: { session: web }, also: true }]");

        using var half = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        await using var web = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "web");
        await web.NextAsync();
        await node.UntilAsync("web", (await EventsAsync(node, "web"))[0].Id, "received");
        using var whole = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, half.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, whole.StatusCode);
        Assert.Single(await EventsAsync(node, "api"));
        Assert.Equal("copy", (await EventsAsync(node, "web"))[0].Route);
    }

    [Fact]
    public async Task A_session_that_has_an_event_gets_it_once_though_the_routes_changed_before_the_sender_came_again()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:MailboxWaiting=1"]);
        foreach (var session in new[] { "api", "web" })
        {
            await node.CreateSessionAsync(session);
        }

        var github = await node.AddSourceAsync("api");
        await ApplyAsync(node, "routes: [{ name: copy, when: { source: ci }, also: true, to: { session: web } }]");
        await node.TellAsync("api", "fills it");

        using var half = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        await ApplyAsync(node, "routes: [{ name: only, when: { source: ci }, to: { session: web } }]");
        using var again = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        using var third = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");

        Assert.Equal(
            [HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK, HttpStatusCode.OK], [half.StatusCode, again.StatusCode, third.StatusCode]);
        Assert.Single(await EventsAsync(node, "web"));
        Assert.Single(await EventsAsync(node, "api"));
    }

    [Fact]
    public async Task The_sources_own_session_gets_an_event_once_though_its_routes_are_gone_before_the_sender_comes_again()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:MailboxWaiting=1"]);
        foreach (var session in new[] { "api", "web" })
        {
            await node.CreateSessionAsync(session);
        }

        var github = await node.AddSourceAsync("api");
        await ApplyAsync(
            node, "routes: [{ name: copy, when: { source: ci }, also: true, to: { session: api } }, { name: rest, when: { source: ci }, to: { session: web } }]");
        await node.TellAsync("web", "fills it");

        using var half = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        await ApplyAsync(node, "routes: []");
        using var again = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");

        Assert.Equal([HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK], [half.StatusCode, again.StatusCode]);
        Assert.Single(await EventsAsync(node, "api"));
    }

    [Fact]
    public async Task A_route_that_is_gone_takes_nothing_from_that_moment_on_any_node()
    {
        await using var cluster = await ClusterHost.StartAsync(2);
        var (one, two) = (cluster[0], cluster[1]);
        foreach (var session in new[] { "api", "web" })
        {
            await one.CreateSessionAsync(session);
        }

        var github = await one.AddSourceAsync("api");
        for (var i = 0; i < 10; i++)
        {
            await ApplyAsync(one, "routes: [{ name: one, when: { source: ci }, to: { session: web } }]");
            await UntilRoutedAsync(two, github, i * 1000);
            var before = (await EventsAsync(one, "web")).Count;

            await ApplyAsync(one, "routes: []");
            using var after = await github.At(two.Url).SendAsync(GitHubSender.CheckRunNumber((i * 1000) + 999));

            Assert.Equal(HttpStatusCode.Accepted, after.StatusCode);
            Assert.Equal(before, (await EventsAsync(one, "web")).Count);
        }
    }

    [Fact]
    public async Task Routes_are_tried_applied_and_printed_as_a_file()
    {
        await using var node = await StartAsync("api", "web", "forks");
        await node.AddSourceAsync("api");

        var dry = await PutAsync(node, TwoRoutes, dryRun: true);
        var applied = await PutAsync(node, TwoRoutes);
        var faulty = await PutAsync(node, TwoRoutes.Replace("session: web", "session: unknown").Replace("fork: true", "frok: true"), dryRun: true);
        using var api = node.Api();
        var list = (await api.GetFromJsonAsync("/api/routes", ApiJson.Default.RouteList))!;
        var again = await PutAsync(node, list.Yaml);
        using var refused = await api.PutAsync("/api/routes", new StringContent("routes: [{}]"));

        Assert.False(dry.Applied);
        Assert.True(applied.Applied);
        Assert.Equal(dry.Changes, applied.Changes);
        Assert.Equal(2, applied.Changes.Count);
        Assert.Equal([4, 7], faulty.Faults.Select(fault => fault.Line));
        Assert.Contains("Route 'main-red': You have no session", faulty.Faults[0].Text);
        Assert.Equal(["main-red", "forks"], list.Routes.Select(route => route.Name));
        Assert.Empty(again.Changes);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("Line 1: The route has no 'name'.", await refused.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("fold: { by: repository, within: soon }")]
    [InlineData("quiet: { from: \"22:00\", to: late, zone: UTC }")]
    [InlineData("escalate: { after: soon, session: api }")]
    [InlineData("playbok: Look.")]
    public async Task Nothing_of_a_file_with_a_fault_becomes_so(string fault)
    {
        await using var node = await StartAsync("api", "web");
        await node.AddSourceAsync("api");
        using var api = node.Api();

        using var refused = await api.PutAsync(
            "/api/routes", new StringContent($"routes:\n  - name: one\n    when: {{ source: ci }}\n    to: {{ session: web }}\n    {fault}\n"));
        var list = (await api.GetFromJsonAsync("/api/routes", ApiJson.Default.RouteList))!;

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal((0, 0), (list.Version, list.Routes.Count));
    }

    [Fact]
    public async Task A_test_explains_and_sends_nothing()
    {
        await using var node = await StartAsync("api", "web", "forks");
        await node.AddSourceAsync("api");
        await ApplyAsync(node, TwoRoutes);
        using var api = node.Api();

        var test = await TestAsync(api, new TestRoutes { Source = "ci", Event = "check_run", Payload = Fork(1) });

        Assert.Equal(("github.check_run", "forks"), (test.Event, Assert.Single(test.Targets).Route));
        Assert.Equal(
            [(false, "the event does not prove its branch; changes is wanted"), (true, "every condition is met")],
            test.Routes.Select(route => (route.Takes, route.Reason)));
        Assert.Empty(await EventsAsync(node, "forks"));
        using var nameless = await api.PostAsJsonAsync("/api/routes/test", new TestRoutes { Source = "ci", Payload = "{}" }, ApiJson.Default.TestRoutes);
        Assert.Contains("say which with --event", await nameless.Content.ReadAsStringAsync());
        using var bob = node.Api(await node.InviteAsync("bob"));
        using var others = await bob.PostAsJsonAsync("/api/routes/test", new TestRoutes { Source = "ci", Event = "x", Payload = "{}" }, ApiJson.Default.TestRoutes);
        Assert.Equal(HttpStatusCode.NotFound, others.StatusCode);
    }

    [Fact]
    public async Task Nobody_sees_or_changes_anybody_elses_routes()
    {
        await using var node = await StartAsync("api", "web", "forks");
        await node.AddSourceAsync("api");
        await ApplyAsync(node, TwoRoutes);
        var bob = await node.InviteAsync("bob");
        await node.CreateSessionAsync("his", bob);

        var answer = await PutAsync(node, """
            routes:
              - { name: steal, when: { source: ci }, to: { session: his } }
              - { name: reach, when: { source: ci }, to: { session: admin/web } }
            """, dryRun: true, bob);
        using var api = node.Api(bob);
        var list = (await api.GetFromJsonAsync("/api/routes", ApiJson.Default.RouteList))!;

        Assert.Equal(3, answer.Faults.Count);
        Assert.Empty(list.Routes);
    }

    private static async Task<NodeHost> StartAsync(params string[] sessions)
    {
        var node = await NodeHost.StartAsync();
        foreach (var session in sessions)
        {
            await node.CreateSessionAsync(session);
        }

        return node;
    }

    private static async Task ApplyAsync(NodeHost node, string yaml) => Assert.True((await PutAsync(node, yaml)).Applied);

    [Fact]
    public async Task A_condition_that_another_kind_of_sender_may_ask_is_refused_with_its_line_where_anybody_writes_it()
    {
        await using var node = await StartAsync("api");
        using var api = node.Api();
        foreach (var (kind, settings) in new[] { ("alertmanager", SourceSettings.None), ("grafana", new SourceSettings { Hosts = ["grafana.example.com"] }) })
        {
            using var added = await api.PostAsJsonAsync("/api/sources", new AddSource { Kind = kind, Name = kind, Session = "api", Settings = settings }, ApiJson.Default.AddSource);
            Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        }

        const string routes = """
            routes:
              - name: one
                when:
                  source: [grafana, alertmanager]
                  status: firing
                  url: "http://alerts.example.com*"
                to: { session: api }
            """;

        var refused = await PutAsync(node, routes, dryRun: true);
        var accepted = await PutAsync(node, routes + "\n    untrusted: true\n", dryRun: true);
        using var named = await api.PostAsJsonAsync("/api/sources/alertmanager/hosts", new ChangeHosts { Add = ["alerts.example.com"] }, ApiJson.Default.ChangeHosts);
        var other = await PutAsync(node, routes, dryRun: true);

        var fault = Assert.Single(refused.Faults);
        Assert.Equal(6, fault.Line);
        Assert.Equal(
            "Route 'one': In events of source 'alertmanager' (alertmanager) strangers can write 'url'. If they may choose who gets their events, add 'untrusted: true' to the route.",
            fault.Text);
        Assert.Empty(accepted.Faults);
        Assert.Empty(other.Faults);
    }

    private static async Task<RoutesAnswer> PutAsync(NodeHost node, string yaml, bool dryRun = false, string? token = null)
    {
        using var api = node.Api(token);
        using var answer = await api.PutAsync($"/api/routes?dryRun={(dryRun ? "true" : "false")}", new StringContent(yaml, Encoding.UTF8, "text/yaml"));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.RoutesAnswer))!;
    }

    private static async Task<RoutesTest> TestAsync(HttpClient api, TestRoutes request)
    {
        using var answer = await api.PostAsJsonAsync("/api/routes/test", request, ApiJson.Default.TestRoutes);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.RoutesTest))!;
    }

    // New routes are seen within a second.
    private static async Task UntilRoutedAsync(NodeHost node, GitHubSender github, int number)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var before = (await EventsAsync(node, "web")).Count;
        for (var i = 0; (await EventsAsync(node, "web")).Count == before; i++)
        {
            Assert.False(patience.IsCancellationRequested, "The routes are not seen.");
            using var sent = await github.At(node.Url).SendAsync(GitHubSender.CheckRunNumber(number + (i % 900)));
        }
    }

    private static string Fork(long id)
    {
        var payload = JsonNode.Parse(GitHubSender.CheckRunNumber(id))!;
        payload["check_run"]!["pull_requests"]![0]!["head"]!["repo"]!["id"] = 5;
        return payload.ToJsonString();
    }

    private static async Task<string?> RouteAsync(NodeHost node, string session) => Assert.Single(await EventsAsync(node, session)).Route;

    private static async Task<IReadOnlyList<EventInfo>> EventsAsync(NodeHost node, string session)
    {
        using var api = node.Api();
        return (await api.GetFromJsonAsync($"/api/events?session={session}&limit=200", ApiJson.Default.IReadOnlyListEventInfo))!;
    }

    private static string Content(JsonObject notification) => (string)notification["params"]!["content"]!;
}
