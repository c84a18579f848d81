using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cluster.Core.Channel;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Server.Grains;
using Cluster.Next.Server.Security;
using Cluster.Server.Mcp;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Cluster.Next.Server.Mcp;

/// <summary>The channel's MCP endpoint (Model Context Protocol 2025-11-25, Streamable HTTP). MCP sessions belong to grains, so any node answers
/// for any of them.</summary>
internal static partial class McpEndpoints
{
    private const long MaxBody = 4 * 1024 * 1024; // bytes: a reply that is too long must still be told so

    public static void MapMcp(this IEndpointRouteBuilder app)
    {
        var mcp = app.MapGroup("/mcp").RequireAuthorization(TokenAuthentication.Bearer);
        mcp.MapPost("", (Delegate)PostAsync);
        mcp.MapGet("", (Delegate)GetAsync);
        mcp.MapDelete("", (Delegate)DeleteAsync);
    }

    private static async Task PostAsync(HttpContext context, GrainCalls calls, ToolCalling tools, CancellationToken ct)
    {
        if (await RefuseVersionAsync(context))
        {
            return;
        }

        if (!context.Request.HasJsonContentType())
        {
            await ProblemAsync(context, StatusCodes.Status415UnsupportedMediaType, "Send the message as application/json.");
            return;
        }

        if (await ReadBodyAsync(context, ct) is not { } body)
        {
            await ProblemAsync(context, StatusCodes.Status413PayloadTooLarge, $"A message may have {MaxBody} bytes.");
            return;
        }

        switch (McpMessage.Read(body))
        {
            case McpMessage.Invalid invalid:
                await JsonAsync(context, StatusCodes.Status400BadRequest, McpMessage.Error(null, invalid.Code, invalid.Reason));
                break;
            case McpMessage.Request { Method: "initialize" } initialize:
                await InitializeAsync(context, initialize, calls, ct);
                break;
            case McpMessage.Request { Method: "server/discover" } discover:
                await JsonAsync(context, StatusCodes.Status200OK, McpMessage.Error(discover.Id, ChannelProtocol.MethodNotFound, "Method not found: server/discover"));
                break;
            case var message when await FindClientAsync(context, calls, ct) is { } client:
                await TakeAsync(context, message, client, calls, tools, ct);
                break;
        }
    }

    private static async Task TakeAsync(
        HttpContext context, McpMessage message, McpClient client, GrainCalls calls, ToolCalling tools, CancellationToken ct)
    {
        switch (message)
        {
            case McpMessage.Request request:
                await JsonAsync(context, StatusCodes.Status200OK, await AnswerAsync(request, client, tools, ct));
                return;
            case McpMessage.Notification { Method: NotificationMethods.InitializedNotification }:
                await calls.AskAsync(() => calls.Session<ISessionAttachments>(client.Session).InitializedAsync(client.Hash, ct), ct);
                break;
            case McpMessage.Response response when BatchId.TryParse(response.Id, out var batch):
                await ConfirmAsync(calls, client, batch, ct);
                break;
        }

        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private static async Task<JsonObject> AnswerAsync(McpMessage.Request request, McpClient client, ToolCalling tools, CancellationToken ct) => request.Method switch
    {
        "ping" => McpMessage.Result(request.Id, new JsonObject()),
        "tools/list" => McpMessage.Result(
            request.Id, JsonSerializer.SerializeToNode(ChannelTools.List, McpJsonUtilities.DefaultOptions.GetTypeInfo<ListToolsResult>())),
        "tools/call" => await tools.CallAsync(client, request, ct),
        var other => McpMessage.Error(request.Id, ChannelProtocol.MethodNotFound, $"Method not found: {HostileText.Cut(HostileText.Clean(other), 100)}"),
    };

    private static async Task GetAsync(HttpContext context, GrainCalls calls, McpStreams streams, CancellationToken ct)
    {
        if (await RefuseVersionAsync(context))
        {
            return;
        }

        if (!context.Request.Headers.Accept.Any(accept => accept?.Contains("text/event-stream", StringComparison.OrdinalIgnoreCase) == true))
        {
            await ProblemAsync(context, StatusCodes.Status406NotAcceptable, "A GET here is a stream: send `Accept: text/event-stream`.");
            return;
        }

        if (await FindClientAsync(context, calls, ct) is not { } client)
        {
            return;
        }

        // Having read the ping that ends a batch proves the batch.
        if (context.Request.Headers["Last-Event-ID"] is [{ } last] && BatchId.TryParse(last, out var batch))
        {
            await ConfirmAsync(calls, client, batch, ct);
        }

        await streams.ServeAsync(context, client);
    }

    private static async Task DeleteAsync(HttpContext context, GrainCalls calls, CancellationToken ct)
    {
        if (await FindClientAsync(context, calls, ct) is { } client)
        {
            await calls.AskAsync(() => calls.Session<ISessionAttachments>(client.Session).EndAsync(client.Hash, client.TokenId, ct), ct);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
    }

    private static async Task InitializeAsync(HttpContext context, McpMessage.Request request, GrainCalls calls, CancellationToken ct)
    {
        var caller = context.Caller();
        var header = context.Request.Headers[ChannelProtocol.ClusterSessionHeader];
        var (status, fault) =
            header is not [{ Length: > 0 } name]
                ? (400, $"Header {ChannelProtocol.ClusterSessionHeader} is missing: say which session this is, as NAME or OWNER/NAME, in .mcp.json under \"headers\".")
            : !SessionId.TryParse(name, caller.Principal, out var session)
                ? (400, $"Header {ChannelProtocol.ClusterSessionHeader} must be NAME or OWNER/NAME, each of {Slug.Expected}.")
            : session.Owner != caller.Principal
                ? (404, "There is no such session of yours. Use NAME alone for a session of your own.")
            : McpHeaders.Fault(context.Request.Headers) is { } wrong
                ? (400, wrong)
            : (200, "");
        if (status != 200)
        {
            await JsonAsync(context, status, McpMessage.Error(request.Id, ChannelProtocol.InvalidRequest, fault));
            return;
        }

        try
        {
            SessionId.TryParse(header[0], caller.Principal, out var id);
            var result = ChannelProtocol.Initialize(McpMessage.Text(request.Params, "protocolVersion"), new GivenName(id));
            var client = McpClient.NewId(id);
            var start = new ClientStart { Hash = McpClient.HashOf(client), TokenId = caller.TokenId, Client = ClientName(request.Params) };
            await calls.AskAsync(() => calls.Session<ISessionAttachments>(id).InitializeAsync(start, ct), ct);
            context.Response.Headers[ChannelProtocol.SessionHeader] = client;
            context.Response.Headers[ChannelProtocol.ClusterSessionHeader] = id.ToString();
            await JsonAsync(context, StatusCodes.Status200OK, McpMessage.Result(
                request.Id, JsonSerializer.SerializeToNode(result, McpJsonUtilities.DefaultOptions.GetTypeInfo<InitializeResult>())));
        }
        catch (InvalidOperationException e) when (McpMessage.IsUnreadableText(e))
        {
            await JsonAsync(context, StatusCodes.Status400BadRequest, McpMessage.Error(
                request.Id, ChannelProtocol.InvalidParams, "The parameters have text that is not valid Unicode."));
        }
    }

    private static Task<bool> ConfirmAsync(GrainCalls calls, McpClient client, BatchId batch, CancellationToken ct) =>
        calls.AskAsync(() => calls.Session<ISessionAttachments>(client.Session).ConfirmAsync(client.Hash, batch.Epoch, batch.Batch, ct), ct);

    // 2026-07-28 has no way to push: a client that got it would register no channel, so it is refused by name like any unknown one.
    private static async Task<bool> RefuseVersionAsync(HttpContext context)
    {
        if (context.Request.Headers[ChannelProtocol.VersionHeader] is not [{ } version] || ChannelProtocol.Supported.Contains(version))
        {
            return false;
        }

        var supported = new JsonArray([.. ChannelProtocol.Supported.Select(v => (JsonNode)v)]);
        await JsonAsync(context, StatusCodes.Status400BadRequest, McpMessage.Error(
            null,
            ChannelProtocol.UnsupportedProtocolVersion,
            $"Unsupported protocol version; supported are {string.Join(", ", ChannelProtocol.Supported)}.",
            new JsonObject { ["supported"] = supported, ["requested"] = HostileText.Cut(HostileText.Clean(version), 40) }));
        return true;
    }

    private static async Task<McpClient?> FindClientAsync(HttpContext context, GrainCalls calls, CancellationToken ct)
    {
        if (context.Request.Headers[ChannelProtocol.SessionHeader] is not [{ Length: > 0 } id])
        {
            await JsonAsync(context, StatusCodes.Status400BadRequest, McpMessage.Error(
                null, ChannelProtocol.InvalidRequest, $"Header {ChannelProtocol.SessionHeader} is missing: initialize first."));
            return null;
        }

        var caller = context.Caller();
        if (!McpClient.TryRead(id, caller.TokenId, out var client)
            || client.Session.Owner != caller.Principal
            || !await calls.AskAsync(() => calls.Session<ISessionAttachments>(client.Session).KnowsAsync(client.Hash, client.TokenId, ct), ct))
        {
            await JsonAsync(context, StatusCodes.Status404NotFound, McpMessage.Error(
                null, ChannelProtocol.InvalidRequest, "This MCP session has ended: initialize again."));
            return null;
        }

        return client;
    }

    private static async Task<ReadOnlyMemory<byte>?> ReadBodyAsync(HttpContext context, CancellationToken ct)
    {
        if (context.Request.ContentLength > MaxBody)
        {
            return null;
        }

        var body = new MemoryStream((int)(context.Request.ContentLength ?? 4096));
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await context.Request.Body.ReadAsync(buffer, ct)) > 0)
        {
            if (body.Length + read > MaxBody)
            {
                return null;
            }

            body.Write(buffer, 0, read);
        }

        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    private static async Task JsonAsync(HttpContext context, int status, JsonNode message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(message, McpJsonUtilities.DefaultOptions.GetTypeInfo<JsonNode>()));
    }

    private static Task ProblemAsync(HttpContext context, int status, string detail) =>
        TypedResults.Problem(detail, statusCode: status).ExecuteAsync(context);

    // The client's own words about itself: for people's eyes, so in plain characters only.
    private static string ClientName(JsonElement? parameters)
    {
        JsonElement? info = parameters is { ValueKind: JsonValueKind.Object } p && p.TryGetProperty("clientInfo", out var given) ? given : null;
        var text = $"{McpMessage.Text(info, "name")} {McpMessage.Text(info, "version")}";
        var plain = NotPlain().Replace(text, "").Trim();
        return plain.Length == 0 ? "unknown client" : plain.Length > 80 ? plain[..80] : plain;
    }

    [GeneratedRegex(@"[^A-Za-z0-9 ._/()+-]")]
    private static partial Regex NotPlain();
}
