using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Server.Tests.Pages;
using Cluster.Testing;
using Microsoft.Playwright;

namespace Cluster.Server.Tests.Clusters;

/// <summary>Any node serves any request: who speaks, who listens and who answers are on different nodes.</summary>
public sealed class AnyNodeTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task A_message_given_to_one_node_reaches_a_stream_of_another_and_is_confirmed_and_answered_at_a_third()
    {
        await using var cluster = await ClusterHost.StartAsync(3);
        await using var client = await AttachAsync(cluster, post: 2, stream: 1);

        var eventId = await cluster[0].TellAsync("api", "hello");
        var pushed = await client.NextAsync();
        await cluster[0].UntilAsync("api", eventId, "received");
        var answer = await client.CallAsync("reply", new JsonObject { ["chat_id"] = "console:admin", ["text"] = "hi", ["reply_to"] = eventId });

        Assert.Equal("hello", pushed["params"]!["content"]!.GetValue<string>());
        Assert.StartsWith("Sent as message", answer);
        Assert.Equal("answered", (await cluster[1].EventAsync("api", eventId)).State);
    }

    [Fact]
    public async Task A_webhook_that_comes_to_every_node_enters_once()
    {
        await using var cluster = await ClusterHost.StartAsync(3);
        await cluster[0].CreateSessionAsync("api");
        var github = await cluster[0].AddSourceAsync("api");

        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(i =>
            github.At(cluster[i % 3].Url).SendAsync(GitHubSender.CheckRun, deliveryId: i < 15 ? "11111111-1111-1111-1111-111111111111" : null)));

        Assert.All(answers, answer => Assert.True(answer.IsSuccessStatusCode));
        using var api = cluster[1].Api();
        var events = await api.GetFromJsonAsync("/api/events?session=api&limit=200", ApiJson.Default.IReadOnlyListEventInfo);
        Assert.Single(events!);
    }

    [Fact]
    public async Task A_verdict_given_at_one_node_reaches_the_client_that_asked_at_another()
    {
        await using var cluster = await ClusterHost.StartAsync(2);
        await using var client = await AttachAsync(cluster, post: 0, stream: 0);
        using var asked = await client.NotifyAsync("notifications/claude/channel/permission_request", new JsonObject
        {
            ["request_id"] = "abcde",
            ["tool_name"] = "Bash",
            ["description"] = "Run the tests",
            ["input_preview"] = "dotnet test",
        });

        var request = Assert.Single(await cluster[1].PermissionsAsync("api"));
        using var decided = await cluster[1].DecideAsync(request.Id, "allow");
        var pushed = await client.NextAsync();

        Assert.Equal("notifications/claude/channel/permission", pushed["method"]!.GetValue<string>());
        Assert.Equal("allow", pushed["params"]!["behavior"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_sender_revoked_at_one_node_is_refused_at_another_that_has_just_admitted_it()
    {
        await using var cluster = await ClusterHost.StartAsync(2);
        await cluster[0].CreateSessionAsync("api");
        var bob = await cluster[0].InviteAsync("bob");
        await cluster[0].AllowAsync("console:bob", "api", "talk");
        await cluster[1].TellAsync("admin/api", "first", bob);

        await cluster[0].RevokeAsync("console:bob", "api");
        using var api = cluster[1].Api(bob);
        var refused = await api.PostAsJsonAsync("/api/sessions/admin/api/messages", new SendMessage { Text = "second" }, ApiJson.Default.SendMessage);

        Assert.Equal(404, (int)refused.StatusCode);
    }

    [Fact]
    public async Task A_token_revoked_at_one_node_ends_its_stream_at_another_within_two_seconds()
    {
        await using var cluster = await ClusterHost.StartAsync(2);
        var bob = await cluster[0].InviteAsync("bob");
        await using var client = await HttpMcpClient.AttachAsync(cluster[1].Url, bob, "api");
        using var api = cluster[0].Api(bob);
        var token = Assert.Single((await api.GetFromJsonAsync("/api/tokens", ApiJson.Default.IReadOnlyListTokenInfo))!);

        using var revoked = await api.DeleteAsync($"/api/tokens/{token.Id}");

        Assert.True(revoked.IsSuccessStatusCode);
        await client.StreamEnded.WaitAsync(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_client_whose_node_stops_goes_on_at_another_with_the_same_mcp_session()
    {
        await using var cluster = await ClusterHost.StartAsync(2);
        await using var client = await HttpMcpClient.AttachAsync(cluster[1].Url, cluster.AdminToken, "api");
        client.AnswersPings = false;
        var first = await cluster[0].TellAsync("api", "before");
        await client.NextAsync();

        await cluster[1].StopAsync();
        client.StreamUrl = client.PostUrl = cluster[0].Url;
        client.AnswersPings = true;
        await client.OpenStreamAsync();
        await cluster[0].TellAsync("api", "after");
        var (again, next) = (await client.NextAsync(), await client.NextAsync());

        Assert.Equal(first, again["params"]!["meta"]!["event_id"]!.GetValue<string>());
        Assert.Equal("true", again["params"]!["meta"]!["redelivery"]!.GetValue<string>());
        Assert.Equal("after", next["params"]!["content"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_page_at_one_node_sees_what_happens_at_another()
    {
        await using var cluster = await ClusterHost.StartAsync(2);
        await cluster[0].CreateSessionAsync("api");
        await using var visitor = await Visitor.LogInAsync(chromium, cluster[1], cluster.AdminToken);
        await visitor.GoAsync("/s/admin/api");

        await cluster[0].TellAsync("api", "hello from elsewhere");

        await Assertions.Expect(visitor.Page.GetByText("hello from elsewhere")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Nodes_list_one_another_and_one_of_them_keeps_house()
    {
        await using var cluster = await ClusterHost.StartAsync(3);
        await using var client = await AttachAsync(cluster, post: 0, stream: 2);
        var eventId = await cluster[0].TellAsync("api", "hello");
        await cluster[0].UntilAsync("api", eventId, "received");
        using var api = cluster[1].Api();

        var nodes = (await api.GetFromJsonAsync("/api/nodes", ApiJson.Default.IReadOnlyListNodeInfo))!;

        Assert.Equal(["node-1", "node-2", "node-3"], nodes.Select(node => node.Name).Order());
        Assert.Equal(("node-2", 1), (Assert.Single(nodes, node => node.Here).Name, nodes.Single(node => node.Name == "node-3").Attachments));
        Assert.Single(nodes.SelectMany(node => node.Leases), lease => lease == "housekeeping");
    }

    [Fact]
    public async Task A_node_works_on_and_starts_beside_a_newer_one_whose_schema_has_more_columns()
    {
        await using var cluster = await ClusterHost.StartAsync(1);
        await using var client = await AttachAsync(cluster, post: 0, stream: 0);
        await cluster[0].TellAsync("api", "before");
        await client.NextAsync();

        // What the next release's migration may do while nodes of this one run.
        await PostgresServer.ExecuteAsync(cluster.ConnectionString, """
            DO $$ DECLARE t record; BEGIN
              FOR t IN SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' LOOP
                EXECUTE format('ALTER TABLE %I ADD COLUMN later INTEGER DEFAULT 7', t.table_name);
              END LOOP;
            END $$;
            INSERT INTO migration (name, applied_at) VALUES ('9999_later.additive', 0);
            """);
        var eventId = await cluster[0].TellAsync("api", "after");
        await client.NextAsync();
        var newcomer = await cluster.AddAsync();
        await newcomer.TellAsync("api", "by a node that has started since");
        var pushed = await client.NextAsync();
        await client.CallAsync("reply", new JsonObject { ["chat_id"] = "console:admin", ["text"] = "yes", ["reply_to"] = eventId });

        Assert.Equal("by a node that has started since", pushed["params"]!["content"]!.GetValue<string>());
        Assert.Equal("answered", (await newcomer.EventAsync("api", eventId)).State);
    }

    [Fact]
    public async Task While_the_engine_is_away_nothing_is_accepted_and_a_stream_stays_and_goes_on_afterwards()
    {
        await using var cluster = await ClusterHost.StartAsync(1);
        await using var client = await AttachAsync(cluster, post: 0, stream: 0);
        await cluster[0].TellAsync("api", "before");
        await client.NextAsync();
        using var api = cluster[0].Api();

        await PostgresServer.SetAwayAsync(cluster.ConnectionString, away: true);
        using var refused = await api.PostAsJsonAsync("/api/sessions/me/api/messages", new SendMessage { Text = "lost?" }, ApiJson.Default.SendMessage);
        using var ready = await api.GetAsync("/readyz");
        using var alive = await api.GetAsync("/healthz");
        await PostgresServer.SetAwayAsync(cluster.ConnectionString, away: false);
        await cluster[0].TellAsync("api", "after");
        var next = await client.NextAsync();

        Assert.Equal([503, 503, 200], new[] { refused, ready, alive }.Select(answer => (int)answer.StatusCode));
        Assert.Equal("after", next["params"]!["content"]!.GetValue<string>());
        Assert.False(client.StreamEnded.IsCompleted);
    }

    [Fact]
    public async Task A_node_without_the_clusters_key_is_told_so()
    {
        var connectionString = await PostgresServer.CreateDatabaseAsync();

        var refused = await Assert.ThrowsAsync<NodeFailedException>(() => NodeHost.StartAsync([$"--Cluster:Engine={connectionString}"]));

        Assert.Contains("CLUSTER_KEY is missing", refused.Message);
        await PostgresServer.DropDatabaseAsync(connectionString);
    }

    private static async Task<HttpMcpClient> AttachAsync(ClusterHost cluster, int post, int stream)
    {
        var client = new HttpMcpClient(cluster[post].Url, cluster.AdminToken, "api") { StreamUrl = cluster[stream].Url };
        await client.InitializeAsync();
        await client.OpenStreamAsync();
        return client;
    }
}
