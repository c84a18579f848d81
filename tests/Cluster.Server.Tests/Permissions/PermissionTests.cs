using System.Net;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Server.Tests.Permissions;

public sealed class PermissionTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private const string Ask = "notifications/claude/channel/permission_request";

    [Fact]
    public async Task A_verdict_reaches_the_session_that_asked_and_counts_once()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await client.NotifyAsync(Ask, Request("abcde"));
        var open = Assert.Single(await node.PermissionsAsync("api"));

        using var first = await node.DecideAsync(open.Id, "allow");
        using var second = await node.DecideAsync(open.Id, "deny");
        var verdict = await client.NextAsync();
        var relayed = await UntilAsync(node, "relayed");

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, second.StatusCode);
        Assert.Contains("console:admin has answered with allow", await second.Content.ReadAsStringAsync());
        Assert.Equal(
            """{"jsonrpc":"2.0","method":"notifications/claude/channel/permission","params":{"request_id":"abcde","behavior":"allow"}}""",
            verdict.ToJsonString());
        Assert.Equal(("console:admin", "allow"), (relayed.DecidedBy, relayed.Behavior));
        Assert.False(client.TryNext(out _));
    }

    [Fact]
    public async Task Of_many_approvers_at_once_the_first_verdict_wins()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var bob = await node.InviteAsync("bob");
        await node.AllowAsync("console:bob", "api", "approve");
        await client.NotifyAsync(Ask, Request("abcde"));
        var open = Assert.Single(await node.PermissionsAsync("api"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            node.DecideAsync(open.Id, i % 2 == 0 ? "allow" : "deny", i % 2 == 0 ? null : bob)));
        await client.NextAsync();
        await UntilAsync(node, "relayed");

        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
        Assert.False(client.TryNext(out _));
    }

    [Fact]
    public async Task A_request_expires_after_its_time_and_is_then_refused_with_its_reason()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:PermissionSeconds=1"]);
        await using var client = new HttpMcpClient(node.Url, node.AdminToken, "api");
        await client.InitializeAsync();
        await client.NotifyAsync(Ask, Request("abcde"));
        var open = Assert.Single(await node.PermissionsAsync("api"));

        await UntilAsync(node, "expired");
        using var late = await node.DecideAsync(open.Id, "allow");

        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
        Assert.Contains("has expired", await late.Content.ReadAsStringAsync());
        Assert.Null(Assert.Single(await node.PermissionsAsync("api")).DecidedBy);
    }

    [Fact]
    public async Task A_request_whose_client_has_gone_is_closed_and_an_unknown_one_unknown()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await client.NotifyAsync(Ask, Request("abcde"));
        var open = Assert.Single(await node.PermissionsAsync("api"));

        using var ended = await client.DeleteAsync();
        using var closed = await node.DecideAsync(open.Id, "allow");
        using var unknown = await node.DecideAsync("987654", "allow");
        using var nonsense = await node.DecideAsync(open.Id, "maybe");

        Assert.Contains("the client that asked is gone", await closed.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, nonsense.StatusCode);
    }

    [Fact]
    public async Task A_verdict_never_reaches_a_client_that_did_not_ask()
    {
        await using var node = await NodeHost.StartAsync();
        await using var asker = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await asker.NotifyAsync(Ask, Request("abcde"));
        var open = Assert.Single(await node.PermissionsAsync("api"));
        await asker.CloseStreamAsync();
        await using var other = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");

        using var decided = await node.DecideAsync(open.Id, "allow");
        var closed = await UntilAsync(node, "closed");
        await node.TellAsync("api", "a marker");
        var next = await other.NextAsync();

        Assert.Equal(HttpStatusCode.OK, decided.StatusCode);
        Assert.Equal("the client that asked is gone", closed.Reason);
        Assert.Equal("a marker", next["params"]!["content"]?.GetValue<string>());
    }

    [Theory]
    [InlineData("abcle", "Bash", "request_id must be five letters")]
    [InlineData("ABCDE", "Bash", "request_id must be five letters")]
    [InlineData("abcdef", "Bash", "request_id must be five letters")]
    [InlineData("abcde", "", "tool_name is missing")]
    public async Task A_malformed_request_is_refused_with_a_reason(string id, string tool, string reason)
    {
        var node = await shared.StartedAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var request = Request(id);
        request["tool_name"] = tool;

        using var refused = await client.NotifyAsync(Ask, request);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains(reason, await refused.Content.ReadAsStringAsync());
        Assert.Empty(await node.PermissionsAsync("api"));
    }

    private static JsonObject Request(string id) => new()
    {
        ["request_id"] = id,
        ["tool_name"] = "Bash",
        ["description"] = "List files",
        ["input_preview"] = """{"command":"ls"}""",
    };

    private static async Task<PermissionInfo> UntilAsync(NodeHost node, string state)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var found = Assert.Single(await node.PermissionsAsync("api"));
            if (found.State == state)
            {
                return found;
            }

            patience.Token.ThrowIfCancellationRequested();
        }
    }
}
