using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Cluster.Core.Channel;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Cluster.Server.Demo;

/// <summary>A script that stands in for Claude Code: a real MCP client on the real <c>/mcp</c>, with fixed answers instead of a model.</summary>
internal sealed class StandInSession : IAsyncDisposable
{
    private readonly Action<string, string> _say;
    private readonly TaskCompletionSource _webhookAnswered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private McpClient _client = null!;
    private string _chatId = "";

    private StandInSession(Action<string, string> say) => _say = say;

    /// <summary>Done when the first webhook has been answered.</summary>
    public Task WebhookAnswered => _webhookAnswered.Task;

    public static async Task<StandInSession> AttachAsync(string url, string token, string name, Action<string, string> say, CancellationToken ct)
    {
        var session = new StandInSession(say);
        var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri($"{url}/mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string>
            {
                ["Authorization"] = $"Bearer {token}",
                [ChannelProtocol.ClusterSessionHeader] = name,
            },
        });
        session._client = await McpClient.CreateAsync(
            transport,
            new McpClientOptions
            {
                ProtocolVersion = ChannelProtocol.Latest,
                ClientInfo = new Implementation { Name = "demo stand-in (not Claude Code)", Version = ChannelProtocol.Version },
                Handlers = new McpClientHandlers
                {
                    NotificationHandlers =
                    [
                        new(ChannelProtocol.ChannelNotification, session.OnEventAsync),
                        new(ChannelProtocol.PermissionVerdictNotification, session.OnVerdictAsync),
                    ],
                },
            },
            cancellationToken: ct);
        say("session", $"A scripted stand-in for Claude Code is attached as session {name}. It has fixed answers; there is no model behind it.");
        return session;
    }

    /// <summary>Asks as Claude Code does when a tool needs approval.</summary>
    public async Task AskPermissionAsync(CancellationToken ct)
    {
        var id = RandomNumberGenerator.GetString("abcdefghijkmnopqrstuvwxyz", 5);
        await _client.SendMessageAsync(
            new JsonRpcNotification
            {
                Method = ChannelProtocol.PermissionRequestNotification,
                Params = new JsonObject
                {
                    ["request_id"] = id,
                    ["tool_name"] = "Bash",
                    ["description"] = "Run the failed checks again",
                    ["input_preview"] = """{"command":"gh run rerun 128620228 --failed","description":"Run the failed checks again"}""",
                },
            },
            ct);
        _say("session", $"Asks permission to use Bash (request {id}). It waits for an approver.");
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private async ValueTask OnEventAsync(JsonRpcNotification notification, CancellationToken ct)
    {
        var content = notification.Params?["content"]?.GetValue<string>() ?? "";
        var meta = notification.Params?["meta"];
        var eventId = meta?["event_id"]?.GetValue<string>() ?? "";
        _chatId = meta?["chat_id"]?.GetValue<string>() ?? "";
        if (meta?["kind"]?.GetValue<string>() == "webhook")
        {
            var json = JsonNode.Parse(content[(content.IndexOf('\n', StringComparison.Ordinal) + 1)..]);
            _say("session", $"Got event {eventId}: {json?["event"]}, {json?["trusted"]?["conclusion"]} in {json?["trusted"]?["repository"]}.");
            _say("session", $"Its playbook says: {json?["playbook"]}");
            await ReplyAsync(
                eventId,
                $"(scripted) {json?["untrusted"]?["name"]} failed at {json?["trusted"]?["head_sha"]?.GetValue<string>()[..7]}. I would run it once more, and read its log if it fails again.",
                ct);
            _webhookAnswered.TrySetResult();
            return;
        }

        _say("session", $"Got a message from {meta?["user"]}: {content}");
        if (content.Contains("permission", StringComparison.OrdinalIgnoreCase))
        {
            await ReplyAsync(eventId, "(scripted) I have asked for permission once more; see above.", ct);
            await AskPermissionAsync(ct);
            return;
        }

        await ReplyAsync(eventId, "(scripted) I am a stand-in with fixed answers; Claude would work on this now. Say \"permission\" and I ask for one again.", ct);
    }

    private async ValueTask OnVerdictAsync(JsonRpcNotification notification, CancellationToken ct)
    {
        var behavior = notification.Params?["behavior"]?.GetValue<string>();
        _say("session", $"The verdict on request {notification.Params?["request_id"]} is here: {behavior}.");
        await ReplyAsync(null, $"(scripted) The verdict was {behavior}: {(behavior == "allow" ? "Claude Code would run the command now." : "Claude Code would leave it.")}", ct);
    }

    private async Task ReplyAsync(string? replyTo, string text, CancellationToken ct)
    {
        var arguments = new Dictionary<string, object?> { ["chat_id"] = _chatId, ["text"] = text };
        if (replyTo is not null)
        {
            arguments["reply_to"] = replyTo;
        }

        await _client.CallToolAsync(ChannelTools.Reply, arguments, cancellationToken: ct);
        _say("session", $"Replies: {text}");
    }
}
