using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cluster.Tests.Cli;

/// <summary>One message that reached the node.</summary>
internal sealed record Arrived(string McpSession, JsonElement Message, string Authorization, string ClusterSession)
{
    public string Instance { get; init; } = "";

    public string Claim { get; init; } = "";

    public string Project { get; init; } = "";

    public string Named { get; init; } = "";

    public string Method => Message.TryGetProperty("method", out var method) ? method.GetString()! : "";

    public string Id => Message.TryGetProperty("id", out var id) ? id.GetRawText() : "";
}

/// <summary>One GET stream that a connector opened.</summary>
internal sealed class FakeStream(HttpContext context)
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string McpSession { get; } = context.Request.Headers["Mcp-Session-Id"].ToString();

    public string LastEventId { get; } = context.Request.Headers["Last-Event-ID"].ToString();

    public string KeepAlive { get; } = context.Request.Headers["Cluster-Keep-Alive"].ToString();

    public Task Gone { get; private set; } = Task.CompletedTask;

    public async Task HoldAsync()
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Gone = gone.Task;
        context.RequestAborted.Register(() => _end.TrySetResult());
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.FlushAsync();
        await _end.Task;
        gone.SetResult();
    }

    public async Task WriteAsync(string text)
    {
        await context.Response.WriteAsync(text);
        await context.Response.Body.FlushAsync();
    }

    public Task EventAsync(string id, string json) => WriteAsync($"id: {id}\ndata: {json.ReplaceLineEndings("\ndata: ")}\n\n");

    public void Cut() => _end.TrySetResult();

    public void Break() => context.Abort();
}

/// <summary>As much of a node as the connector and the commands can see, on a real port.</summary>
internal sealed class FakeNode : IAsyncDisposable
{
    /// <summary>What has not come after so long never will: the test fails by name instead of hanging.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, bool> _sessions = new();
    private readonly Channel<Arrived> _arrived = System.Threading.Channels.Channel.CreateUnbounded<Arrived>();
    private readonly Channel<FakeStream> _streams = System.Threading.Channels.Channel.CreateUnbounded<FakeStream>();
    private WebApplication? _app;
    private int _made;

    public int Port { get; private set; }

    public string Url => $"http://127.0.0.1:{Port}";

    public string Token { get; set; } = "clt_test";

    /// <summary>The session that it gives at <c>initialize</c>; null for a node that says nothing of it.</summary>
    public string? Gives { get; set; }

    /// <summary>Why it gives that one.</summary>
    public string? Reason { get; set; }

    /// <summary>Answers which session it would be, by headers; null for a node that knows no such question.</summary>
    public Func<HttpContext, Task>? Names { get; set; }

    public TaskCompletionSource<string> Deleted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Answers a request that reached <c>/mcp</c>; the default gives an empty result.</summary>
    public Func<HttpContext, Arrived, Task> Answer { get; set; } = (context, arrived) => ReplyAsync(context, arrived, """{"content":[]}""");

    /// <summary>Answers of the API by <c>METHOD /path</c>.</summary>
    public ConcurrentDictionary<string, Func<HttpContext, Task>> Api { get; } = new();

    public static async Task<FakeNode> StartAsync(int port = 0)
    {
        var node = new FakeNode { Port = port };
        await node.StartAgainAsync();
        return node;
    }

    /// <summary>A node that is away, at an address where it will be.</summary>
    public static async Task<FakeNode> AwayAsync()
    {
        var node = await StartAsync();
        await node.StopAsync();
        return node;
    }

    public static Task ReplyAsync(HttpContext context, Arrived arrived, string result) =>
        JsonAsync(context, 200, $$"""{"jsonrpc":"2.0","id":{{arrived.Id}},"result":{{result}}}""");

    public static Task JsonAsync(HttpContext context, int status, string json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = status < 400 ? "application/json" : "application/problem+json";
        return context.Response.WriteAsync(json);
    }

    public async Task StartAgainAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, Port));
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Run(HandleAsync);
        await _app.StartAsync();
        Port = new Uri(_app.Urls.First()).Port;
    }

    /// <summary>Ends at once, as by <c>kill -9</c>: what was in flight breaks.</summary>
    public async Task StopAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        try
        {
            await _app!.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // Asked for.
        }

        await _app!.DisposeAsync();
        _app = null;
    }

    public void ForgetMcpSessions() => _sessions.Clear();

    public Task<Arrived> NextAsync() => _arrived.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);

    public Task<FakeStream> NextStreamAsync() => _streams.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);

    public bool AnyStream => _streams.Reader.Count > 0;

    public bool AnyArrived => _arrived.Reader.Count > 0;

    /// <summary>The next message that is no part of the handshake.</summary>
    public async Task<Arrived> NextBeyondHandshakeAsync()
    {
        while (true)
        {
            var arrived = await NextAsync();
            if (arrived.Method is not ("initialize" or "notifications/initialized"))
            {
                return arrived;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await StopAsync();
        }
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (context.Request.Path != "/mcp")
        {
            await (Api.TryGetValue($"{context.Request.Method} {context.Request.Path}", out var answer)
                ? answer(context)
                : JsonAsync(context, 404, """{"detail":"No such thing."}"""));
            return;
        }

        if (context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            await JsonAsync(context, 401, """{"detail":"Unknown token."}""");
            return;
        }

        await (context.Request.Method switch
        {
            "POST" => PostAsync(context),
            "GET" => GetAsync(context),
            _ => DeleteAsync(context),
        });
    }

    private async Task PostAsync(HttpContext context)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var id = context.Request.Headers["Mcp-Session-Id"].ToString();
        var arrived = new Arrived(
            id, body.RootElement.Clone(), context.Request.Headers.Authorization.ToString(), context.Request.Headers["Cluster-Session"].ToString())
        {
            Instance = context.Request.Headers["Cluster-Instance"].ToString(),
            Claim = context.Request.Headers["Cluster-Claim"].ToString(),
            Project = context.Request.Headers["Cluster-Project"].ToString(),
            Named = context.Request.Headers["Cluster-Named"].ToString(),
        };
        if (arrived.Method == "cluster/name" && Names is not null)
        {
            await Names(context);
            if (!context.Response.HasStarted)
            {
                await ReplyAsync(context, arrived, "{}");
            }

            return;
        }

        if (arrived.Method == "initialize")
        {
            var made = $"mcp-{Interlocked.Increment(ref _made)}";
            _sessions[made] = true;
            context.Response.Headers["Mcp-Session-Id"] = made;
            if (Gives is not null)
            {
                context.Response.Headers["Cluster-Session"] = Gives;
            }

            if (Reason is not null)
            {
                context.Response.Headers["Cluster-Session-Reason"] = Reason;
            }

            _arrived.Writer.TryWrite(arrived);
            await ReplyAsync(context, arrived, """{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"fake","version":"1"}}""");
            return;
        }

        if (!_sessions.ContainsKey(id) || context.Request.Headers["MCP-Protocol-Version"] != "2025-11-25")
        {
            context.Response.StatusCode = 404;
            return;
        }

        _arrived.Writer.TryWrite(arrived);
        if (arrived.Id.Length > 0 && arrived.Method.Length > 0)
        {
            await Answer(context, arrived);
        }
        else
        {
            context.Response.StatusCode = 202;
        }
    }

    private async Task GetAsync(HttpContext context)
    {
        if (!_sessions.ContainsKey(context.Request.Headers["Mcp-Session-Id"].ToString()))
        {
            context.Response.StatusCode = 404;
            return;
        }

        var stream = new FakeStream(context);
        var held = stream.HoldAsync();
        _streams.Writer.TryWrite(stream);
        await held;
    }

    private Task DeleteAsync(HttpContext context)
    {
        Deleted.TrySetResult(context.Request.Headers["Mcp-Session-Id"].ToString());
        return Task.CompletedTask;
    }
}
