using System.Text.Json.Nodes;
using Cluster.Testing;

namespace Cluster.Server.Tests.Mcp;

public sealed class ConformanceTests
{
    [Fact]
    public async Task The_official_conformance_suite_passes_where_a_channel_takes_part()
    {
        await using var node = await NodeHost.StartAsync();
        await using var suite = Programs.StartScript(
            "conformance.mjs", [$"{node.Url}/mcp"], new Dictionary<string, string?> { ["TOKEN"] = node.AdminToken, ["CLUSTER_SESSION"] = "conformance" });

        var passed = new Dictionary<string, bool>();
        for (var i = 0; i < 5; i++)
        {
            var line = await suite.LineWithAsync("\"scenario\"", 120);
            var result = JsonNode.Parse(line)!;
            passed[result["scenario"]!.GetValue<string>()] = result["passed"]!.GetValue<bool>() ? true : throw new InvalidOperationException(line);
        }

        Assert.Equal(
            ["dns-rebinding-protection", "ping", "server-initialize", "server-sse-multiple-streams", "tools-list"],
            passed.Keys.Order());
        Assert.Equal(0, await suite.ExitAsync());
    }
}
