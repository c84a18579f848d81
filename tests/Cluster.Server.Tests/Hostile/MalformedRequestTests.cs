using System.Net;
using System.Text;
using Cluster.Testing;
using Microsoft.Extensions.Logging;

namespace Cluster.Server.Tests.Hostile;

/// <summary>Ten thousand requests that no honest client sends, from a seeded generator: over /mcp, /hooks, the pages and the API.</summary>
public sealed class MalformedRequestTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private const int Requests = 10_000;
    private const int AtOnce = 8;

    private static readonly string[] Bodies =
    [
        "", "{", "[]", "null", "0", "\"x\"", "{}", "{\"jsonrpc\":\"2.0\"}", "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":1}", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":[]}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"reply\",\"arguments\":\"x\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":7}}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"\\ud800\",\"method\":\"ping\"}", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\\udfff\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1e999,\"method\":\"ping\"}", "{\"jsonrpc\":\"2.0\",\"id\":-0,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"9999999999999999999.1\",\"result\":{}}", "{\"jsonrpc\":\"2.0\",\"id\":\"1.1\",\"result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}", "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/claude/channel/permission_request\",\"params\":{\"request_id\":[],\"tool_name\":{}}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/claude/channel/permission_request\",\"params\":{\"request_id\":\"abcde\",\"tool_name\":\"\\ud800\"}}",
        "{\"name\":\"bob\"}", "{\"name\":[]}", "{\"name\":\"\\ud800\"}", "{\"name\":null}", "{\"text\":\"\\ud83d\"}", "{\"text\":1e999}", "{\"text\":null,\"clientId\":5}",
        "{\"kind\":\"github\",\"name\":\"../x\",\"session\":\"//\"}", "{\"behavior\":\"\\u0000\"}", "{\"code\":\"\\udc00\"}", "{\"code\":{}}", "{\"label\":[[]]}",
        "code=%ff%fe&__RequestVerificationToken=x", "text=%00&clientId=%ud800", "behavior=allow", "a=b&a=b&=&&&;",
    ];

    private static readonly string[] Paths =
    [
        "/mcp", "/mcp", "/mcp", "/mcp/x", "/mcp?access_token=x", "/hooks/{hook}", "/hooks/{hook}", "/hooks/00000000000000000000000000000000", "/hooks/%00", "/hooks/..%2f..",
        "/", "/login", "/invite", "/s/admin/api", "/s/admin/%ff", "/s/%2e%2e/x", "/page/login", "/page/logout", "/page/changes", "/page/messages", "/nothing",
        "/api/me", "/api/login", "/api/principals", "/api/tokens", "/api/tokens/%00", "/api/page-codes", "/api/sessions", "/api/sessions/me/api", "/api/sessions/a/b/c/d",
        "/api/sessions/me/api/messages", "/api/sessions/me/UPPER/messages", "/api/sessions/me/api/messages?limit=99999999999999999999", "/api/sessions/me/api/access",
        "/api/sessions/me/api/access/console:bob/talk", "/api/sessions/me/api/access/*/talk", "/api/sessions/me/api/events/1/cancel", "/api/sessions/me/api/events/99999999999999999999/cancel",
        "/api/events?session=%00", "/api/events?session=a/b/c", "/api/permissions?session=", "/api/permissions/1", "/api/permissions/-1", "/api/sources", "/api/sources/%f0%28%8c%28", "/healthz", "/readyz",
    ];

    private static readonly string[] ContentTypes =
        ["application/json", "application/json", "application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "", "///"];

    [Fact]
    public async Task Nothing_crashes_nothing_answers_500_and_the_node_serves_on()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:WebhooksPerSecond=1000000"]);
        await node.CreateSessionAsync("api");
        await node.AddSourceAsync("api");
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var hook = await HookAsync(node);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(node.Url), Timeout = TimeSpan.FromSeconds(30) };
        var statuses = new System.Collections.Concurrent.ConcurrentDictionary<int, int>();

        await Parallel.ForEachAsync(Enumerable.Range(0, Requests), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (seed, ct) =>
        {
            using var request = Build(new Random(seed), node.AdminToken, client.McpSessionId!, hook);
            try
            {
                using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
                statuses.AddOrUpdate((int)answer.StatusCode, 1, (_, n) => n + 1);
                if (answer.StatusCode == HttpStatusCode.InternalServerError)
                {
                    Assert.Fail($"seed {seed}: {request.Method} {request.RequestUri}: {await answer.Content.ReadAsStringAsync(ct)}");
                }
            }
            catch (HttpRequestException)
            {
                statuses.AddOrUpdate(0, 1, (_, n) => n + 1); // the node hung up on it
            }
        });
        var eventId = await node.TellAsync("api", "after all that");

        Assert.True(statuses.Count > 5, "the generator reaches many kinds of answers");
        await node.StopAsync();
        Assert.DoesNotContain(node.Log.Lines, l => l.Level >= LogLevel.Error);
        Assert.NotNull(eventId);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n")]
    [InlineData("POST /mcp HTTP/1.1\nHost: 127.0.0.1\nContent-Length: -1\n\n")]
    [InlineData("POST /mcp HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 99999999999999999999\n\n")]
    [InlineData("POST /mcp HTTP/1.1\nHost: a\nHost: b\n\n")]
    [InlineData("POST /mcp HTTP/1.1\n\n")]
    [InlineData("GET /\0 HTTP/1.1\nHost: 127.0.0.1\n\n")]
    [InlineData("GET / HTTP/9.9\nHost: 127.0.0.1\n\n")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001")]
    public async Task Broken_HTTP_is_hung_up_on_and_the_node_serves_on(string bytes)
    {
        var node = await shared.StartedAsync();
        using var raw = await RawHttp.OpenAsync(node.Url, bytes);

        var (_, text) = await raw.ReadAllAsync(3);
        using var http = new HttpClient();
        var health = await http.GetStringAsync($"{node.Url}/healthz");

        Assert.DoesNotContain("HTTP/1.1 2", text);
        Assert.DoesNotContain("HTTP/1.1 500", text);
        Assert.Equal("ok", health);
    }

    private static async Task<string> HookAsync(NodeHost node)
    {
        var sender = await node.AddSourceAsync("api", name: "fuzzed");
        using var request = sender.Request("{}");
        return request.RequestUri!.AbsolutePath["/hooks/".Length..];
    }

    private static HttpRequestMessage Build(Random random, string token, string mcpSession, string hook)
    {
        HttpMethod[] methods = [HttpMethod.Get, HttpMethod.Post, HttpMethod.Post, HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete, HttpMethod.Patch, HttpMethod.Options, HttpMethod.Head, new("WEIRD")];
        var path = Pick(random, Paths).Replace("{hook}", hook, StringComparison.Ordinal);
        var method = Pick(random, methods);
        if ((path.StartsWith("/mcp", StringComparison.Ordinal) || path == "/page/changes") && method == HttpMethod.Get)
        {
            method = HttpMethod.Post; // a stream that opens well is no malformed request
        }

        if (method == HttpMethod.Delete && path == "/mcp")
        {
            method = HttpMethod.Put; // nor is ending one's own session
        }

        var request = new HttpRequestMessage(method, path);
        if (method != HttpMethod.Get && method != HttpMethod.Head)
        {
            request.Content = new ByteArrayContent(Spoil(random, Pick(random, Bodies)));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", Pick(random, ContentTypes));
        }

        Add(request, random, "Authorization", $"Bearer {token}", "Bearer", "Bearer x", "Basic eA==", "\u00ff");
        Add(request, random, "Mcp-Session-Id", mcpSession, "", "x", new string('x', 5000), "\u00e9");
        Add(request, random, "MCP-Protocol-Version", "2025-11-25", "2026-07-28", "", "zzz", "\u00e9");
        Add(request, random, "Cluster-Session", "api", "A B", "../..", "", new string('a', 100), "bob/api");
        Add(request, random, "X-Hub-Signature-256", "sha256=" + new string('0', 64), "sha256=", "x", "");
        Add(request, random, "X-GitHub-Event", "check_run", "", "A B", new string('x', 1000));
        Add(request, random, "X-GitHub-Delivery", "1", "", "\u00e9");
        Add(request, random, "Cookie", "cluster_page=x", "cluster_page=", "=;=;", "cluster_forms=zzz");
        Add(request, random, "Accept", "application/json, text/event-stream", "text/html", "*/*", "///");
        Add(request, random, "Last-Event-ID", "1.1", "x", "99999999999999999999.1");
        return request;
    }

    private static byte[] Spoil(Random random, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        switch (random.Next(6))
        {
            case 0 when bytes.Length > 0:
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                return bytes;
            case 1:
                return bytes[..random.Next(bytes.Length + 1)];
            case 2:
                var noise = new byte[random.Next(300)];
                random.NextBytes(noise);
                return noise;
            case 3:
                return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("[", random.Next(400))));
            default:
                return bytes;
        }
    }

    private static void Add(HttpRequestMessage request, Random random, string name, params string[] values)
    {
        var times = random.Next(8) switch { 0 => 0, 1 => 2, _ => 1 };
        for (var i = 0; i < times; i++)
        {
            request.Headers.TryAddWithoutValidation(name, random.Next(3) > 0 ? values[0] : Pick(random, values));
        }
    }

    private static T Pick<T>(Random random, IReadOnlyList<T> from) => from[random.Next(from.Count)];
}
