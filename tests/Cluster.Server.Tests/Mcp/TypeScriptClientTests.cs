using System.Text.Json.Nodes;
using Cluster.Testing;

namespace Cluster.Server.Tests.Mcp;

/// <summary>The official TypeScript SDK's client, over HTTP and with <c>cluster connect</c> as its child.</summary>
public sealed class TypeScriptClientTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_a_webhook_and_a_permission_make_their_round_trip(bool connector)
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api", "Read the log.");
        await using var client = connector
            ? TypeScriptClient.OverConnector(Path.Combine(node.Folder, "home"), Path.Combine(node.Folder, "api"))
            : TypeScriptClient.OverHttp(node.Url, node.AdminToken, "api");
        var connected = await client.NextAsync("connected");

        var message = await node.TellAsync("api", "Is <main> green?");
        var chat = await client.NextAsync("notification");
        var reply = await client.CallAsync("reply", new JsonObject { ["chat_id"] = "console:admin", ["text"] = "Yes.", ["reply_to"] = message });
        using var sent = await github.SendAsync(GitHubSender.CheckRun);
        var webhook = await client.NextAsync("notification");
        await client.NotifyAsync("notifications/claude/channel/permission_request", new JsonObject
        {
            ["request_id"] = "abcde",
            ["tool_name"] = "Bash",
            ["description"] = "List files",
            ["input_preview"] = """{"command":"ls"}""",
        });
        var request = await RequestAsync(node);
        using var decided = await node.DecideAsync(request, "deny");
        var verdict = await client.NextAsync("notification");

        Assert.Equal("2025-11-25", connected["protocolVersion"]!.GetValue<string>());
        Assert.Equal("notifications/claude/channel", chat["method"]!.GetValue<string>());
        Assert.Equal("Is &lt;main&gt; green?", chat["params"]!["content"]!.GetValue<string>());
        Assert.Equal(
            ["console:admin", message, message, "chat", "console:admin", "owner"],
            chat["params"]!["meta"]!.AsObject().Where(m => m.Key != "ts").Select(m => m.Value!.GetValue<string>()));
        Assert.StartsWith("Sent as message", reply["content"]![0]!["text"]!.GetValue<string>());
        Assert.Equal("answered", (await node.EventAsync("api", message)).State);
        Assert.Contains("""{"event":"github.check_run","playbook":"Read the log.","trusted":{"action":"completed",""", webhook["params"]!["content"]!.GetValue<string>());
        Assert.Equal("notifications/claude/channel/permission", verdict["method"]!.GetValue<string>());
        Assert.Equal("""{"request_id":"abcde","behavior":"deny"}""", verdict["params"]!.ToJsonString());
    }

    [Fact]
    public async Task A_node_that_is_away_when_the_connector_starts_is_no_loss()
    {
        var folder = Directory.CreateTempSubdirectory("cluster-test-").FullName;
        var port = Programs.FreePort();
        var token = await FirstStartAsync(folder, port);
        var home = Path.Combine(folder, "home");
        Directory.CreateDirectory(home);
        await File.WriteAllTextAsync(
            Path.Combine(home, "local.json"),
            $$"""{"url":"http://127.0.0.1:{{port}}","tokenFile":"{{Path.Combine(folder, "data", "admin-token")}}","processId":1}""");

        await using var client = TypeScriptClient.OverConnector(home, Path.Combine(folder, "api"));
        var connected = await client.NextAsync("connected");
        await client.DoAsync(new JsonObject { ["do"] = "tools" });
        var tools = await client.NextAsync("tools");
        await using var node = Programs.StartNode(folder, port);
        await node.LineWithAsync("is running");
        using var api = new NodeApi($"http://127.0.0.1:{port}", token);
        await api.TellAsync("api", "good morning");
        var pushed = await client.NextAsync("notification", 60);

        Assert.Equal("2025-11-25", connected["protocolVersion"]!.GetValue<string>());
        Assert.Contains("reply", tools.ToJsonString());
        Assert.Equal("good morning", pushed["params"]!["content"]!.GetValue<string>());
        Assert.DoesNotContain("sk-ant-canary", client.Process.Errors);
        Assert.DoesNotContain(token, client.Process.Errors);
    }

    private static async Task<string> FirstStartAsync(string folder, int port)
    {
        await using var node = Programs.StartNode(folder, port);
        await node.LineWithAsync("is running");
        var token = (await File.ReadAllTextAsync(Path.Combine(folder, "data", "admin-token"))).Trim();
        using var api = new NodeApi($"http://127.0.0.1:{port}", token);
        await api.CreateSessionAsync("api");
        await node.SignalAsync("TERM");
        Assert.Equal(0, await node.ExitAsync());
        return token;
    }

    private static async Task<string> RequestAsync(NodeHost node)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            if (await node.PermissionsAsync("api") is [var request])
            {
                return request.Id;
            }

            patience.Token.ThrowIfCancellationRequested();
        }
    }
}
