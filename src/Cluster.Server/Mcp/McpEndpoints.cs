using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Channel;
using Cluster.Core.Events;
using Cluster.Server.Security;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;
using ModelContextProtocol;
using McpSession = Cluster.Storage.Sessions.McpSession;

namespace Cluster.Server.Mcp;

/// <summary>The channel's MCP endpoint (Model Context Protocol 2025-11-25, Streamable HTTP). MCP sessions are rows, so any node can
/// answer for any of them.</summary>
internal static class McpEndpoints
{
    private const long MaxBody = 4 * 1024 * 1024; // bytes: a reply that is too long must still be told so

    public static void MapMcp(this IEndpointRouteBuilder app)
    {
        var mcp = app.MapGroup("/mcp").RequireAuthorization(TokenAuthentication.Bearer);
        mcp.MapPost("", (Delegate)PostAsync);
        mcp.MapGet("", (Delegate)GetAsync);
        mcp.MapDelete("", (Delegate)DeleteAsync);
    }

    private static async Task PostAsync(
        HttpContext context, McpSessionStore sessions, McpRequests requests, Confirmations confirmations, Workplaces places, CancellationToken ct)
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

        var message = McpMessage.Read(body);
        if (message is McpMessage.Invalid invalid)
        {
            await JsonAsync(context, StatusCodes.Status400BadRequest, McpMessage.Error(null, invalid.Code, invalid.Reason));
            return;
        }

        if (message is McpMessage.Request { Method: "initialize" } initialize)
        {
            await McpBeginnings.InitializeAsync(context, initialize, requests, places, ct);
            return;
        }

        if (message is McpMessage.Request { Method: ChannelProtocol.NameMethod } name)
        {
            await McpBeginnings.NameAsync(context, name, requests, ct);
            return;
        }

        if (message is McpMessage.Request { Method: "server/discover" } discover)
        {
            await JsonAsync(context, StatusCodes.Status200OK, McpMessage.Error(discover.Id, ChannelProtocol.MethodNotFound, "Method not found: server/discover"));
            return;
        }

        if (await FindSessionAsync(context, sessions, ct) is not { } session)
        {
            return;
        }

        places.Hear(session, context.Request.Headers);
        switch (message)
        {
            case McpMessage.Request request:
                await JsonAsync(context, StatusCodes.Status200OK, await requests.AnswerAsync(session, request, () => TakenAsync(context), ct));
                return;
            case McpMessage.Notification notification:
                if (await requests.TakeAsync(session, notification, ct) is { } fault)
                {
                    await JsonAsync(context, StatusCodes.Status400BadRequest, McpMessage.Error(null, ChannelProtocol.InvalidParams, fault));
                    return;
                }

                break;
            case McpMessage.Response response when BatchId.TryParse(response.Id, out var batch):
                await confirmations.AddAsync(new Confirmation(session.Session, session.Id, batch), ct);
                break;
        }

        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private static async Task GetAsync(
        HttpContext context, McpSessionStore sessions, McpStreams streams, Confirmations confirmations, Workplaces places, CancellationToken ct)
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

        if (await FindSessionAsync(context, sessions, ct) is not { } session)
        {
            return;
        }

        places.Begin(session.Id, session.Session, context.Request.Headers);

        // Having read the ping that ends a batch proves the batch.
        if (context.Request.Headers["Last-Event-ID"] is [{ } last] && BatchId.TryParse(last, out var batch))
        {
            await confirmations.AddAsync(new Confirmation(session.Session, session.Id, batch), ct);
        }

        await streams.ServeAsync(context, session);
    }

    private static async Task DeleteAsync(HttpContext context, McpSessionStore sessions, CancellationToken ct)
    {
        if (await FindSessionAsync(context, sessions, ct) is { } session)
        {
            await sessions.EndAsync(session.Id, ct);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
    }

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

    private static async Task<McpSession?> FindSessionAsync(HttpContext context, McpSessionStore sessions, CancellationToken ct)
    {
        if (context.Request.Headers[ChannelProtocol.SessionHeader] is not [{ Length: > 0 and <= 64 } id])
        {
            await JsonAsync(context, StatusCodes.Status400BadRequest, McpMessage.Error(
                null, ChannelProtocol.InvalidRequest, $"Header {ChannelProtocol.SessionHeader} is missing: initialize first."));
            return null;
        }

        if (await sessions.FindAsync(id, context.Caller().TokenId, ct) is not { } session)
        {
            await JsonAsync(context, StatusCodes.Status404NotFound, McpMessage.Error(
                null, ChannelProtocol.InvalidRequest, "This MCP session has ended: initialize again."));
            return null;
        }

        return session;
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

    // The answer's head alone says that the request was taken, so that a client which keeps an order goes on with the next one.
    private static Task TakenAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        return context.Response.Body.FlushAsync();
    }

    internal static async Task JsonAsync(HttpContext context, int status, JsonNode message)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = "application/json";
        }

        await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(message, McpJsonUtilities.DefaultOptions.GetTypeInfo<JsonNode>()));
    }

    private static Task ProblemAsync(HttpContext context, int status, string detail) =>
        TypedResults.Problem(detail, statusCode: status).ExecuteAsync(context);
}
