using System.Net;
using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Server.Tests.Chats;
using Cluster.Testing;

namespace Cluster.Server.Tests.Api;

public sealed class PauseTests
{
    [Fact]
    public async Task A_paused_session_gets_nothing_new_until_it_is_resumed()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var paused = await ChangeAsync(node, "pause", new PauseSession());
        var waits = await node.TellAsync("api", "while it is paused");
        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request("abcde"));
        using var decided = await node.DecideAsync(Assert.Single(await node.PermissionsAsync("api")).Id, "allow");
        var verdict = await client.NextAsync();

        var resumed = await ChangeAsync(node, "resume", null);

        Assert.Equal((true, null), (paused.Paused, paused.PausedUntil));
        Assert.Equal("notifications/claude/channel/permission", verdict["method"]!.GetValue<string>());
        Assert.False(resumed.Paused);
        Assert.Equal("while it is paused", ChatTeam.Content(await client.NextAsync()));
        await node.UntilAsync("api", waits, "received");
    }

    [Fact]
    public async Task A_pause_that_is_written_at_one_node_holds_at_another_and_ends_there()
    {
        await using var cluster = await ClusterHost.StartAsync(2);
        await using var client = await HttpMcpClient.AttachAsync(cluster[1].Url, cluster.AdminToken, "api");
        var paused = await ChangeAsync(cluster[0], "pause", new PauseSession { Seconds = 60 });
        await cluster[0].TellAsync("api", "while it is paused");
        Assert.InRange(paused.PausedUntil!.Value - DateTimeOffset.UtcNow, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(61));
        Assert.False(client.TryNext(out _));

        await ChangeAsync(cluster[1], "resume", null);

        Assert.Equal("while it is paused", ChatTeam.Content(await client.NextAsync()));
    }

    [Fact]
    public async Task Only_the_owner_pauses_and_a_time_has_its_bounds()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        using var bob = node.Api(await node.InviteAsync("bob"));
        await node.AllowAsync("console:bob", "api", "talk");
        using var api = node.Api();

        using var others = await bob.PostAsJsonAsync("/api/sessions/admin/api/pause", new PauseSession(), ApiJson.Default.PauseSession);
        using var resumed = await bob.PostAsync("/api/sessions/admin/api/resume", null);
        using var tooShort = await api.PostAsJsonAsync("/api/sessions/admin/api/pause", new PauseSession { Seconds = 5 }, ApiJson.Default.PauseSession);

        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.BadRequest], [others.StatusCode, resumed.StatusCode, tooShort.StatusCode]);
        Assert.False((await api.GetFromJsonAsync("/api/sessions/admin/api", ApiJson.Default.SessionInfo))!.Paused);
    }

    [Fact]
    public async Task People_in_chats_are_told_that_it_is_paused()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, 184);
        await ChangeAsync(node, "pause", new PauseSession());

        var asked = team.Telegram.SendText(184, 184, "hello");
        var line = await team.NextLineAsync(184);
        await team.ReactsAsync(184, asked, "😴");
        team.Telegram.SendText(184, 184, "/status");
        var status = await team.NextAsync(184);
        await ChangeAsync(node, "resume", null);
        var over = await team.Telegram.NextEditAsync(184, ChatTeam.Patience);

        Assert.StartsWith("admin/api is paused. Your message waits", line.Text);
        Assert.Contains("which is running, paused.", status.Text);
        Assert.Contains("is running again and has your message.", over.Text);
        Assert.Equal("hello", ChatTeam.Content(await client.NextAsync()));
    }

    private static async Task<SessionInfo> ChangeAsync(NodeHost node, string what, PauseSession? request)
    {
        using var api = node.Api();
        using var answer = request is null
            ? await api.PostAsync($"/api/sessions/admin/api/{what}", null)
            : await api.PostAsJsonAsync($"/api/sessions/admin/api/{what}", request, ApiJson.Default.PauseSession);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.SessionInfo))!;
    }
}
