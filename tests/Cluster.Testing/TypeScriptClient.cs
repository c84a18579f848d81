using System.Text.Json.Nodes;

namespace Cluster.Testing;

/// <summary>The official TypeScript SDK's client in a process of its own: over HTTP, or with a stdio server as its child.</summary>
public sealed class TypeScriptClient(ChildProcess process) : IAsyncDisposable
{
    private readonly Queue<JsonObject> _passedOver = new();
    private int _calls;

    public ChildProcess Process => process;

    public static TypeScriptClient OverHttp(string url, string token, string session) =>
        new(Programs.StartScript(
            "client.mjs", ["http", $"{url}/mcp"], new Dictionary<string, string?> { ["TOKEN"] = token, ["CLUSTER_SESSION"] = session }));

    /// <summary>With <c>cluster connect</c> as its child, as Claude Code spawns it.</summary>
    public static TypeScriptClient OverConnector(string home, string projectFolder, params string[] arguments) =>
        new(Programs.StartScript(
            "client.mjs",
            ["stdio", "dotnet", Programs.ClusterDll, "connect", .. arguments],
            new Dictionary<string, string?>
            {
                ["CLUSTER_HOME"] = home,
                ["CLUSTER_URL"] = null,
                ["CLUSTER_TOKEN"] = null,
                ["XDG_CACHE_HOME"] = CacheOf(home),
                ["CLAUDE_PROJECT_DIR"] = projectFolder,
                ["ANTHROPIC_API_KEY"] = "sk-ant-canary-of-the-environment",
            }));

    /// <summary>Where the connector's user keeps what can be fetched again.</summary>
    public static string CacheOf(string home) => $"{home}-cache";

    /// <summary>The next line of this type; lines of other types are kept for later.</summary>
    public async Task<JsonObject> NextAsync(string type, int seconds = 30)
    {
        for (var i = _passedOver.Count; i > 0; i--)
        {
            var kept = _passedOver.Dequeue();
            if (kept["type"]!.GetValue<string>() == type)
            {
                return kept;
            }

            _passedOver.Enqueue(kept);
        }

        while (true)
        {
            var line = JsonNode.Parse(await process.LineAsync(seconds))!.AsObject();
            if (line["type"]!.GetValue<string>() == type)
            {
                return line;
            }

            _passedOver.Enqueue(line);
        }
    }

    public async Task<JsonObject> CallAsync(string tool, JsonObject arguments)
    {
        var id = $"call-{++_calls}";
        await DoAsync(new JsonObject { ["do"] = "call", ["id"] = id, ["name"] = tool, ["arguments"] = arguments });
        return (await NextAsync("result"))["result"]!.AsObject();
    }

    public Task NotifyAsync(string method, JsonObject parameters) =>
        DoAsync(new JsonObject { ["do"] = "notify", ["method"] = method, ["params"] = parameters });

    public Task DoAsync(JsonObject command) => process.WriteLineAsync(command.ToJsonString());

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
