using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cluster.Core.Channel;
using Cluster.Core.Events;
using Cluster.Core.Permissions;
using Cluster.Core.Secrets;
using Cluster.Core.Sessions;
using Cluster.Server.Nodes;
using Cluster.Storage.Permissions;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;
using Microsoft.Extensions.Options;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using McpSession = Cluster.Storage.Sessions.McpSession;

namespace Cluster.Server.Mcp;

/// <summary>Answers a client's requests and takes its notifications.</summary>
internal sealed partial class McpRequests(
    McpSessionStore sessions, ChannelToolCalls tools, PermissionStore permissions, IOptions<ClusterOptions> options, TimeProvider clock)
{
    private const int MaxPreview = 100_000; // characters; Claude Code cuts at a few thousand itself

    private static readonly TimeSpan SeenEvery = TimeSpan.FromMinutes(5);

    /// <summary>Starts an MCP session for this token.</summary>
    /// <returns>Its id, the session that it serves, and the answer; null when other terminals have every name of the project.</returns>
    public async Task<(string Id, GivenName Name, JsonNode Result)?> InitializeAsync(
        Caller caller, SessionId asked, Instance? instance, JsonElement? parameters, CancellationToken ct)
    {
        var version = McpMessage.Text(parameters, "protocolVersion");
        var id = Secret.NewCode();
        if (await sessions.InitializeAsync(id, caller.TokenId, asked, instance, ChannelProtocol.Negotiate(version), Client(parameters), ct) is not { } name)
        {
            return null;
        }

        var result = ChannelProtocol.Initialize(version, name);
        return (id, name, JsonSerializer.SerializeToNode(result, McpJsonUtilities.DefaultOptions.GetTypeInfo<InitializeResult>())!);
    }

    /// <summary>The session that such a client would be given now; null when other terminals have every name of the project.</summary>
    public Task<GivenName?> NameAsync(SessionId asked, Instance? instance, CancellationToken ct) => sessions.NameAsync(asked, instance, ct);

    /// <param name="session">Whose request it is.</param>
    /// <param name="request">The request.</param>
    /// <param name="taken">Called once what was asked is done and only its outcome is waited for.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<JsonObject> AnswerAsync(McpSession session, McpMessage.Request request, Func<Task> taken, CancellationToken ct)
    {
        await SeenAsync(session, ct);
        switch (request.Method)
        {
            case "ping":
                return McpMessage.Result(request.Id, new JsonObject());
            case "tools/list":
                return McpMessage.Result(
                    request.Id, JsonSerializer.SerializeToNode(ChannelTools.List, McpJsonUtilities.DefaultOptions.GetTypeInfo<ListToolsResult>()));
            case "tools/call":
                return await tools.CallAsync(session, request, taken, ct);
            default:
                return McpMessage.Error(request.Id, ChannelProtocol.MethodNotFound, $"Method not found: {HostileText.Cut(HostileText.Clean(request.Method), 100)}");
        }
    }

    /// <returns>What is wrong with it, or null.</returns>
    public async Task<string?> TakeAsync(McpSession session, McpMessage.Notification notification, CancellationToken ct)
    {
        switch (notification.Method)
        {
            case NotificationMethods.InitializedNotification:
                await sessions.InitializedAsync(session.Id, ct);
                return null;
            case ChannelProtocol.PermissionRequestNotification:
                return await OpenPermissionAsync(session, notification.Params, ct);
            default:
                return null; // others are none of a channel's business
        }
    }

    private async Task<string?> OpenPermissionAsync(McpSession session, JsonElement? parameters, CancellationToken ct)
    {
        string? id, tool, description, preview;
        try
        {
            id = McpMessage.Text(parameters, "request_id");
            tool = McpMessage.Text(parameters, "tool_name");
            description = McpMessage.Text(parameters, "description");
            preview = McpMessage.Text(parameters, "input_preview");
        }
        catch (InvalidOperationException)
        {
            return "The permission request has text that is not valid Unicode.";
        }

        if (!PermissionRules.IsRequestId(id))
        {
            return "request_id must be five letters of a-z without l.";
        }

        if (string.IsNullOrWhiteSpace(tool))
        {
            return "tool_name is missing.";
        }

        await permissions.OpenAsync(
            session,
            id!,
            HostileText.Cut(tool, 200),
            HostileText.Cut(description ?? "", 4_000),
            HostileText.Cut(preview ?? "", MaxPreview),
            TimeSpan.FromSeconds(options.Value.Limits.PermissionSeconds),
            ct);
        return null;
    }

    private async Task SeenAsync(McpSession session, CancellationToken ct)
    {
        if (clock.GetUtcNow() - session.SeenAt > SeenEvery)
        {
            await sessions.SeenAsync(session.Id, ct);
        }
    }

    // The client's own words about itself: for people's eyes, so in plain characters only.
    private static string Client(JsonElement? parameters)
    {
        JsonElement? info = parameters is { ValueKind: JsonValueKind.Object } p && p.TryGetProperty("clientInfo", out var given) ? given : null;
        var text = $"{McpMessage.Text(info, "name")} {McpMessage.Text(info, "version")}";
        var plain = NotPlain().Replace(text, "").Trim();
        return plain.Length == 0 ? "unknown client" : plain.Length > 80 ? plain[..80] : plain;
    }

    [GeneratedRegex(@"[^A-Za-z0-9 ._/()+-]")]
    private static partial Regex NotPlain();
}
