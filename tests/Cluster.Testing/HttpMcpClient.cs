using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Cluster.Testing;

/// <summary>An MCP client over plain HTTP that does only what a test tells it: it can leave pings unanswered, come back with its old
/// session, or never read.</summary>
public sealed class HttpMcpClient(string url, string token, string session) : IAsyncDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };
    private readonly Channel<JsonObject> _notifications = Channel.CreateUnbounded<JsonObject>();
    private readonly CancellationTokenSource _ended = new();
    private CancellationTokenSource? _streaming;
    private Task _stream = Task.CompletedTask;
    private int _id;

    public string? McpSessionId { get; set; }

    public string? LastEventId { get; set; }

    /// <summary>Where messages are posted.</summary>
    public string PostUrl { get; set; } = url;

    /// <summary>Where the stream is opened, when that is another node.</summary>
    public string StreamUrl { get; set; } = url;

    /// <summary>The process that this client says it is; null for a client that is no connector.</summary>
    public string? Instance { get; init; }

    /// <summary>Take the name from whoever has it.</summary>
    public bool Claims { get; init; }

    /// <summary>Where it says that it works: <c>Cluster-Repository</c> and its like, with every request.</summary>
    public Dictionary<string, string> Place { get; init; } = [];

    /// <summary>The session that the node has given it.</summary>
    public string Serves { get; private set; } = "";

    /// <summary>Answer pings as a real client does.</summary>
    public bool AnswersPings { get; set; } = true;

    /// <summary>Pings that came, in order.</summary>
    public Channel<string> Pings { get; } = Channel.CreateUnbounded<string>();

    /// <summary>Starts an MCP session and opens its stream.</summary>
    public static async Task<HttpMcpClient> AttachAsync(string url, string token, string session, string? instance = null, bool claims = false)
    {
        var client = new HttpMcpClient(url, token, session) { Instance = instance, Claims = claims };
        await client.InitializeAsync();
        await client.OpenStreamAsync();
        return client;
    }

    public async Task<JsonObject> InitializeAsync(string protocolVersion = "2025-11-25")
    {
        using var response = await PostAsync(new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = ++_id,
            ["method"] = "initialize",
            ["params"] = new JsonObject
            {
                ["protocolVersion"] = protocolVersion,
                ["capabilities"] = new JsonObject(),
                ["clientInfo"] = new JsonObject { ["name"] = "test-client", ["version"] = "1.0" },
            },
        });
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new InvalidOperationException($"initialize: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }

        McpSessionId = response.Headers.GetValues("Mcp-Session-Id").Single();
        Serves = response.Headers.GetValues("Cluster-Session").Single();
        var result = JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject();
        using var initialized = await NotifyAsync("notifications/initialized", null);
        return result;
    }

    /// <summary>Opens the GET stream and returns once its first bytes are there; a stream that was open is left first.</summary>
    public async Task OpenStreamAsync()
    {
        _streaming?.Cancel();
        _streaming = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        var response = await GetAsync(_streaming.Token);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new InvalidOperationException($"GET: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }

        _stream = ReadAsync(response, _streaming.Token);
    }

    /// <summary>Leaves the stream, as a lost connection does.</summary>
    public async Task CloseStreamAsync()
    {
        _streaming?.Cancel();
        await _stream;
    }

    public Task<HttpResponseMessage> GetAsync(CancellationToken ct = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{StreamUrl}/mcp"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        Stamp(request);
        if (LastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", LastEventId);
        }

        return _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
    }

    public Task<HttpResponseMessage> PostAsync(JsonNode message) => PostAsync(message.ToJsonString());

    public Task<HttpResponseMessage> PostAsync(string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{PostUrl}/mcp")) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        Stamp(request);
        return _http.SendAsync(request);
    }

    public Task<HttpResponseMessage> DeleteAsync()
    {
        var request = new HttpRequestMessage(HttpMethod.Delete, new Uri($"{PostUrl}/mcp"));
        Stamp(request);
        return _http.SendAsync(request);
    }

    public Task<HttpResponseMessage> NotifyAsync(string method, JsonObject? parameters) =>
        PostAsync(new JsonObject { ["jsonrpc"] = "2.0", ["method"] = method, ["params"] = parameters });

    /// <summary>Calls a method and returns the whole JSON-RPC answer.</summary>
    public async Task<JsonObject> RequestAsync(string method, JsonObject? parameters, JsonNode? id = null)
    {
        using var response = await PostAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id ?? ++_id, ["method"] = method, ["params"] = parameters });
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject();
    }

    /// <summary>Calls a tool and returns its text, with <c>error: </c> in front when it refused.</summary>
    public async Task<string> CallAsync(string tool, JsonObject arguments, JsonNode? id = null)
    {
        var answer = await RequestAsync("tools/call", new JsonObject { ["name"] = tool, ["arguments"] = arguments }, id);
        if (answer["error"] is { } error)
        {
            return $"rpc error: {error["message"]}";
        }

        var text = answer["result"]!["content"]![0]!["text"]!.GetValue<string>();
        return answer["result"]!["isError"]?.GetValue<bool>() == true ? $"error: {text}" : text;
    }

    public Task<HttpResponseMessage> AnswerPingAsync(string id) =>
        PostAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["result"] = new JsonObject() });

    /// <summary>The next notification that was pushed; fails after a while rather than waiting for ever.</summary>
    public async Task<JsonObject> NextAsync(int seconds = 20)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        return await _notifications.Reader.ReadAsync(patience.Token);
    }

    /// <summary>Whether something was pushed that nobody has taken yet.</summary>
    public bool TryNext(out JsonObject? notification) => _notifications.Reader.TryRead(out notification);

    /// <summary>The stream's own end, however it comes.</summary>
    public Task StreamEnded => _stream;

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _stream;
        _streaming?.Dispose();
        _ended.Dispose();
        _http.Dispose();
    }

    private void Stamp(HttpRequestMessage request)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add("Cluster-Session", session);
        if (Instance is not null)
        {
            request.Headers.Add("Cluster-Instance", Instance);
        }

        if (Claims)
        {
            request.Headers.Add("Cluster-Claim", "true");
        }

        foreach (var (name, value) in Place)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (McpSessionId is not null)
        {
            request.Headers.Add("Mcp-Session-Id", McpSessionId);
            request.Headers.Add("MCP-Protocol-Version", "2025-11-25");
        }
    }

    private async Task ReadAsync(HttpResponseMessage response, CancellationToken ct)
    {
        try
        {
            using (response)
            {
                await using var body = await response.Content.ReadAsStreamAsync(ct);
                await foreach (var item in SseParser.Create(body).EnumerateAsync(ct))
                {
                    await TakeAsync(item, ct);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or HttpRequestException)
        {
        }
    }

    private async Task TakeAsync(SseItem<string> item, CancellationToken ct)
    {
        var message = JsonNode.Parse(item.Data)!.AsObject();
        if (message["method"]?.GetValue<string>() != "ping")
        {
            await _notifications.Writer.WriteAsync(message, ct);
            return;
        }

        var id = message["id"]!.GetValue<string>();
        if (AnswersPings)
        {
            LastEventId = item.EventId;
            using var answered = await AnswerPingAsync(id);
        }

        await Pings.Writer.WriteAsync(id, ct);
    }
}
