using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;
using Cluster.Core.Channel;

namespace Cluster.Cli.Nodes;

/// <summary>The one way in which this program speaks HTTP.</summary>
internal static class NodeHttp
{
    private const int MaxProblem = 64 * 1024;

    /// <summary>A client without an overall time limit; each call brings its own.</summary>
    public static HttpClient Create()
    {
        var handler = new SocketsHttpHandler
        {
            // A redirect could carry the token to somebody else.
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),

            // Shorter than the silence after which a node counts as dead: what is tried then is a new connection, which a balancer
            // may lead elsewhere, not an old one to the same frozen node.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(3),
            Proxy = new DirectToThisMachine(HttpClient.DefaultProxy),
        };

        var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("cluster", ChannelProtocol.Version));
        return client;
    }

    /// <summary>How long the node asks us to wait, within reason.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider clock)
    {
        var header = response.Headers.RetryAfter;
        var wait = header?.Delta ?? (header?.Date is { } date ? date - clock.GetUtcNow() : null);
        return wait is { } asked ? TimeSpan.FromSeconds(Math.Clamp(asked.TotalSeconds, 0, 30)) : null;
    }

    /// <summary>The sentence of a refusal, as one line.</summary>
    public static async Task<string> ReadReasonAsync(HttpResponseMessage response, CancellationToken ct)
    {
        if (response.Content.Headers.ContentType?.MediaType is "application/problem+json" or "application/json")
        {
            try
            {
                await response.Content.LoadIntoBufferAsync(MaxProblem, ct);
                var body = await response.Content.ReadAsByteArrayAsync(ct);
                var problem = JsonSerializer.Deserialize(body, ApiJson.Default.Problem);
                var faults = problem?.Errors?.SelectMany(error => error.Value) ?? [];
                string?[] reasons = [string.Join(" ", [problem?.Detail ?? "", .. faults]), problem?.Title, RpcError(body)];
                if (reasons.Select(reason => CommandFailure.OneLine(reason ?? "").Trim()).FirstOrDefault(reason => reason.Length > 0) is { } found)
                {
                    return found;
                }
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or HttpRequestException)
            {
                // A refusal without a readable reason is still a refusal.
            }
        }

        return $"it gave no reason (HTTP {(int)response.StatusCode})";
    }

    /// <summary>True when nothing was sent, because there was no connection to send it on.</summary>
    public static bool NeverConnected(Exception failure) => failure is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
    };

    /// <summary>Why a node could not be reached, in words that hold no secret.</summary>
    public static string Explain(Exception failure) => failure switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "its name is not known",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => "nothing answers there",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "no secure connection could be made",
        OperationCanceledException => "it did not answer in time",
        _ => "the connection broke",
    };

    // What /mcp refuses, it refuses in JSON-RPC's own form.
    private static string? RpcError(byte[] body) =>
        JsonElement.Parse(body).TryGetProperty("error", out var error)
        && error.ValueKind == JsonValueKind.Object
        && error.TryGetProperty("message", out var message)
        && message.ValueKind == JsonValueKind.String
            ? message.GetString()
            : null;

    private sealed class DirectToThisMachine(IWebProxy system) : IWebProxy
    {
        public ICredentials? Credentials
        {
            get => system.Credentials;
            set => system.Credentials = value;
        }

        public Uri? GetProxy(Uri destination) => system.GetProxy(destination);

        public bool IsBypassed(Uri host) => host.IsLoopback || system.IsBypassed(host);
    }
}
