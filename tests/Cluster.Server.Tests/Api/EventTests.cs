using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Server.Tests.Chats;
using Cluster.Testing;

namespace Cluster.Server.Tests.Api;

/// <summary>The life of events, and events once more, at a real node with a real client.</summary>
public sealed class EventTests
{
    [Fact]
    public async Task The_life_of_a_webhook_is_shown_from_its_proof_to_its_answer()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        using var sent = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        var id = Meta(await client.NextAsync(), "event_id");
        using var again = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        await node.UntilAsync("api", id, "received");
        await client.CallAsync("reply", new JsonObject { ["chat_id"] = "source:ci", ["text"] = "Flaky.", ["reply_to"] = id });

        using var api = node.Api();
        var life = (await api.GetFromJsonAsync($"/api/events/{id}", ApiJson.Default.EventLife))!;
        var source = Assert.Single((await api.GetFromJsonAsync("/api/sources", ApiJson.Default.IReadOnlyListSourceInfo))!);

        Assert.Equal($"HMAC-SHA256 of the body in X-Hub-Signature-256, with the present secret …{source.Secrets[0].End}", life.Verified);
        Assert.Equal(("webhook", "github.check_run", "source:ci", 1), (life.Kind, life.Name, life.Sender, life.Duplicates));
        var delivery = Assert.Single(life.Deliveries);
        Assert.Equal(("admin/api", "answered", 1), (delivery.Session, delivery.State, delivery.Attempts));
        Assert.NotNull(delivery.Batch);
        Assert.Equal(Assert.Single(delivery.Answers).Id, delivery.AnsweredBy);
    }

    [Fact]
    public async Task A_replayed_webhook_reaches_its_session_or_another_one_of_its_owner()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api", "Look at the log first.");
        await using var api = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await using var web = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "web");
        using var sent = await github.SendAsync(GitHubSender.CheckRun);
        var first = await api.NextAsync();
        await node.UntilAsync("api", Meta(first, "event_id"), "received");

        var here = await ReplayAsync(node, Meta(first, "event_id"));
        var again = await api.NextAsync();
        var there = await ReplayAsync(node, Meta(first, "event_id"), "web");
        var brought = await web.NextAsync();
        var answered = await web.CallAsync("reply", new JsonObject { ["chat_id"] = Meta(brought, "chat_id"), ["text"] = "Seen.", ["reply_to"] = there.EventId });
        var payload = await web.CallAsync("get_event", new JsonObject { ["event_id"] = there.EventId, ["path"] = "/check_run/id" });

        Assert.Equal(here.EventId, Meta(again, "event_id"));
        Assert.Equal(Content(first), Content(again));
        Assert.Equal(("source:ci", "webhook"), (Meta(again, "user"), Meta(again, "kind")));
        Assert.Null(again["params"]!["meta"]!["redelivery"]);
        Assert.Equal(Content(first), Content(brought));
        Assert.Equal(("console:admin", "console:admin", "webhook", "admin/web"), (Meta(brought, "user"), Meta(brought, "chat_id"), Meta(brought, "kind"), there.Session));
        Assert.StartsWith("Sent as message", answered);
        Assert.Contains("128620228", payload);
    }

    [Fact]
    public async Task A_replayed_chat_message_stays_its_senders_and_its_answer_reaches_the_chat()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, 184);
        var asked = team.Telegram.SendText(184, 184, "Is <main> green?");
        var first = await client.NextAsync();
        await team.ReactsAsync(184, asked, "👀");

        var replayed = await ReplayAsync(node, Meta(first, "event_id"));
        var again = await client.NextAsync();
        await client.CallAsync("reply", new JsonObject { ["chat_id"] = Meta(again, "chat_id"), ["text"] = "Yes.", ["reply_to"] = replayed.EventId });
        var answer = await team.NextAsync(184);
        using var api = node.Api();
        var life = (await api.GetFromJsonAsync($"/api/events/{Meta(first, "event_id")}", ApiJson.Default.EventLife))!;
        using var elsewhere = await AskAsync(node, Meta(first, "event_id"), "web");

        Assert.Equal(Content(first), Content(again));
        Assert.Equal(("telegram:184", "owner", "telegram:184@team"), (Meta(again, "user"), Meta(again, "trust"), Meta(again, "chat_id")));
        Assert.Equal("Yes.", answer.Text);
        Assert.Equal([("received", asked.ToString())], life.Deliveries[0].Shown.Select(one => (one.Shown, one.MessageId)));
        Assert.False(elsewhere.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Nobody_else_sees_or_replays_an_event_and_all_of_them_get_one_answer()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var (bob, carol) = (await node.InviteAsync("bob"), await node.InviteAsync("carol"));
        await node.AllowAsync("console:bob", "api", "watch");
        var id = await node.TellAsync("api", "hello");
        await node.UntilAsync("api", id, "received");

        using var bobs = node.Api(bob);
        using var carols = node.Api(carol);
        using var watched = await bobs.GetAsync($"/api/events/{id}");
        using var strange = await carols.GetAsync($"/api/events/{id}");
        using var unknown = await carols.GetAsync("/api/events/4711");
        using var replayed = await AskAsync(node, id, token: bob);
        using var redriven = await bobs.PostAsJsonAsync(
            "/api/sessions/admin/api/redrive", new RedriveEvents { State = "dead", Go = true }, ApiJson.Default.RedriveEvents);

        Assert.Equal(HttpStatusCode.OK, watched.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, strange.StatusCode);
        Assert.Equal(
            (await unknown.Content.ReadAsStringAsync()).Replace("4711", id), (await strange.Content.ReadAsStringAsync()), ignoreCase: true);
        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.NotFound], [replayed.StatusCode, redriven.StatusCode]);
        Assert.False(client.TryNext(out var first) && client.TryNext(out _), $"{first}");
    }

    [Fact]
    public async Task Dead_events_are_listed_counted_and_redriven_once_their_sender_is_let_in_again()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var bob = await node.InviteAsync("bob");
        await node.AllowAsync("console:bob", "api", "talk");
        var id = await node.TellAsync("admin/api", "let me in", bob);
        await node.RevokeAsync("console:bob", "api");
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await node.UntilAsync("api", id, "dead");
        using var api = node.Api();

        var listed = await api.GetFromJsonAsync("/api/events?session=api&state=dead", ApiJson.Default.IReadOnlyListEventInfo);
        var refused = await RedriveAsync(api, go: true);
        await node.AllowAsync("console:bob", "api", "talk");
        var counted = await RedriveAsync(api, go: false);
        var redriven = await RedriveAsync(api, go: true);
        var arrived = await client.NextAsync();
        var after = await RedriveAsync(api, go: true);
        using var wrong = await api.GetAsync("/api/events?state=lost");
        using var received = await api.PostAsJsonAsync("/api/sessions/me/api/redrive", new RedriveEvents { State = "received" }, ApiJson.Default.RedriveEvents);

        Assert.Equal([id], listed!.Select(one => one.Id));
        Assert.Contains("console:bob may not talk", Assert.Single(refused.Refused).Why);
        Assert.Equal((1, 0, 1), (counted.Found, counted.Replayed.Count, redriven.Replayed.Count));
        Assert.Equal(("let me in", redriven.Replayed[0].EventId), (Content(arrived), Meta(arrived, "event_id")));
        Assert.Equal(0, after.Found);
        Assert.Equal([HttpStatusCode.BadRequest, HttpStatusCode.BadRequest], [wrong.StatusCode, received.StatusCode]);
    }

    private static async Task<Redriven> RedriveAsync(HttpClient api, bool go)
    {
        using var answer = await api.PostAsJsonAsync("/api/sessions/me/api/redrive", new RedriveEvents { State = "dead", SinceHours = 1, Go = go }, ApiJson.Default.RedriveEvents);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.Redriven))!;
    }

    private static async Task<Replayed> ReplayAsync(NodeHost node, string id, string? to = null)
    {
        using var answer = await AskAsync(node, id, to);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.Replayed))!;
    }

    private static async Task<HttpResponseMessage> AskAsync(NodeHost node, string id, string? to = null, string? token = null)
    {
        using var api = node.Api(token);
        return await api.PostAsJsonAsync($"/api/events/{id}/replay", new ReplayEvent { To = to }, ApiJson.Default.ReplayEvent);
    }

    private static string Meta(JsonObject pushed, string key) => ChatTeam.Meta(pushed, key);

    private static string Content(JsonObject pushed) => ChatTeam.Content(pushed);
}
