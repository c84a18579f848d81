using System.Text.Json;

namespace Cluster.Tests.Cli;

public sealed class ConnectProcessTests
{
    [Fact]
    public async Task Nothing_but_messages_leaves_stdout_and_the_end_of_stdin_ends_the_process()
    {
        using var home = new TemporaryHome();
        await using var node = await FakeNode.StartAsync();
        var environment = new Dictionary<string, string>
        {
            ["CLUSTER_URL"] = node.Url,
            ["CLUSTER_TOKEN"] = "clt_test",
            ["CLAUDE_PROJECT_DIR"] = Path.Combine(home.Path, "My Project"),
            ["ANTHROPIC_API_KEY"] = "sk-secret",
        };
        using var process = ClusterProcess.Start(home, environment, "connect");
        var ct = TestContext.Current.CancellationToken;
        var error = process.StandardError.ReadToEndAsync(ct);
        string[] input =
        [
            """{"jsonrpc":"2.0","id":"p","method":"server/discover"}""",
            ConnectorRig.InitializeRequest,
            "garbage",
            ConnectorRig.InitializedNotification,
            """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""",
            """{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list_sessions","arguments":{}}}""",
        ];

        foreach (var line in input)
        {
            await process.StandardInput.WriteLineAsync(line.AsMemory(), ct);
        }

        await process.StandardInput.FlushAsync(ct);
        var stream = await node.NextStreamAsync();
        var lines = new List<string>();
        while (lines.Count < 5)
        {
            lines.Add((await process.StandardOutput.ReadLineAsync(ct))!);
        }

        process.StandardInput.Close();
        lines.AddRange((await process.StandardOutput.ReadToEndAsync(ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await process.WaitForExitAsync(ct);
        var initialize = await node.NextAsync();

        Assert.Equal(5, lines.Count);
        Assert.All(lines, line => Assert.Equal("2.0", JsonElement.Parse(line).GetProperty("jsonrpc").GetString()));
        Assert.Equal(0, process.ExitCode);
        Assert.Equal("my-project", initialize.ClusterSession);
        Assert.Equal(stream.McpSession, await node.Deleted.Task);
        Assert.DoesNotContain("clt_test", await error);
        Assert.DoesNotContain("sk-secret", await error + string.Concat(lines));
    }
}
