using System.Net;
using System.Net.Http.Json;
using System.Text;
using Cluster.Core.Api;
using Cluster.Server.Tests.Chats;
using Cluster.Server.Tests.Routing;
using Cluster.Storage.Engines;
using Cluster.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Cluster.Server.Tests.OldHouse;

/// <summary>Routes whose shortest times are minutes, and what only the store can be made to hold.</summary>
[Trait("House", "old")]
public sealed class WatchTests
{
    private const long Alice = 184;

    [Fact]
    public async Task What_nobody_receives_goes_on_and_what_was_received_stays()
    {
        await using var node = await NodeHost.StartInProcessAsync();
        await using var team = await ChatTeam.StartAsync(node);
        var github = await RoutePeopleTests.SetUpAsync(node);
        await team.PairAsync(node, Alice);
        await RoutePeopleTests.ApplyAsync(node, """
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
        var life = await RoutePeopleTests.LifeAsync(node, "triage");
        Assert.Equal([("admin/triage", null), ("admin/web", "escalated")], life.Deliveries.Select(one => (one.Session, one.Reason)));
        Assert.Contains(life.History, note => note.Note == "not received in 1m; passed on to admin/triage");
        Assert.False(triage.TryNext(out _));
        Assert.False(web.TryNext(out _));
    }

    [Fact]
    public async Task What_cannot_be_looked_after_keeps_nobody_else_waiting()
    {
        await using var node = await NodeHost.StartInProcessAsync();
        await using var team = await ChatTeam.StartAsync(node);
        var github = await RoutePeopleTests.SetUpAsync(node);
        await team.PairAsync(node, Alice);
        await RoutePeopleTests.ApplyAsync(node, "routes: [{ name: one, when: { source: ci }, to: { session: web }, notify: [\"telegram:184\"] }]");
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
    public async Task An_event_that_came_is_explained_by_its_payload_or_by_its_summary()
    {
        await using var node = await NodeHost.StartInProcessAsync();
        var github = await RoutePeopleTests.SetUpAsync(node);
        await RoutePeopleTests.ApplyAsync(node, """
            routes:
              - { name: apps, when: { source: ci, "$.check_run.app.slug": github-* }, to: { session: web }, untrusted: true }
              - { name: issues, when: { source: ci, type: issues }, to: { session: triage } }
            """);
        using var red = await github.SendAsync(GitHubSender.CheckRunNumber(1));
        using var issue = await github.SendAsync(GitHubSender.Sample("issues.opened.json"), "issues");
        await Engine(node).TurnAsync(
            turn => turn.Db.ExecuteAsync("UPDATE event SET payload = @payload WHERE name = 'github.check_run'", ("@payload", Packed(GitHubSender.CheckRunNumber(1)))), Ct);
        await Engine(node).TurnAsync(turn => turn.Db.ExecuteAsync("UPDATE event SET payload = NULL WHERE name = 'github.issues'"), Ct);

        var whole = await TestAsync(node, (await RoutePeopleTests.EventsAsync(node, "web"))[0].Id);
        var kept = await TestAsync(node, (await RoutePeopleTests.EventsAsync(node, "triage"))[0].Id);
        using var bob = node.Api(await node.InviteAsync("bob"));
        using var others = await bob.PostAsJsonAsync(
            "/api/routes/test", new TestRoutes { EventId = long.Parse((await RoutePeopleTests.EventsAsync(node, "web"))[0].Id) }, ApiJson.Default.TestRoutes, Ct);

        Assert.Equal(("payload", "apps", true), (whole.Read, Assert.Single(whole.Targets).Route, whole.Fields.ContainsKey("branch")));
        Assert.Equal(("summary", "issues"), (kept.Read, Assert.Single(kept.Targets).Route));
        Assert.Contains("payload is not kept", kept.Routes[0].Reason);
        Assert.Equal(HttpStatusCode.NotFound, others.StatusCode);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Engine Engine(NodeHost node) => node.Services.GetRequiredService<Engine>();

    // As the engine keeps bytes that are not compressed.
    private static byte[] Packed(string payload) => [0, .. Encoding.UTF8.GetBytes(payload)];

    private static async Task<RoutesTest> TestAsync(NodeHost node, string eventId)
    {
        using var api = node.Api();
        using var answer = await api.PostAsJsonAsync("/api/routes/test", new TestRoutes { EventId = long.Parse(eventId) }, ApiJson.Default.TestRoutes, Ct);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.RoutesTest, Ct))!;
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
