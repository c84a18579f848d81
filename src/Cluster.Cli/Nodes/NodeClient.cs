using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Cluster.Cli.Terminal;

namespace Cluster.Cli.Nodes;

/// <summary>A node's answer: as a record, and as the JSON that came.</summary>
internal sealed record Reply<T>(T Value, string Json);

/// <summary>The node did not answer, or not now; the same call may succeed later.</summary>
internal sealed class NodeAway(string sentence, TimeSpan? retryAfter = null) : CommandFailure(sentence)
{
    public TimeSpan? RetryAfter => retryAfter;
}

/// <summary>Calls a node's API. What fails is a <see cref="CommandFailure"/> with a sentence for a person.</summary>
internal sealed class NodeClient(NodeAddress node, TimeProvider clock) : IDisposable
{
    private const int MaxAnswer = 64 * 1024 * 1024;

    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FileWithin = TimeSpan.FromMinutes(10);

    private readonly HttpClient _http = NodeHttp.Create();

    public NodeAddress Node => node;

    public Task<Reply<T>> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken ct) =>
        SendAsync(HttpMethod.Get, path, null, type, ct);

    public Task<Reply<T>> PostAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken ct) =>
        SendAsync(HttpMethod.Post, path, null, type, ct);

    public Task<Reply<T>> PostAsync<TBody, T>(
        string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type, CancellationToken ct) =>
        SendAsync(HttpMethod.Post, path, JsonContent.Create(body, bodyType), type, ct);

    public async Task<Reply<T>> SendAsync<T>(
        HttpMethod method, string path, HttpContent? body, JsonTypeInfo<T> type, CancellationToken ct)
    {
        var json = await SendAsync(method, path, body, ct);
        try
        {
            var value = JsonSerializer.Deserialize(json, type);
            return value is null ? throw NotANode() : new Reply<T>(value, Encoding.UTF8.GetString(json));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw NotANode();
        }
    }

    /// <summary>A call whose answer, if there is one, nobody reads.</summary>
    public Task<byte[]> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken ct) =>
        ExchangeAsync(
            new HttpRequestMessage(method, node.At(path)) { Content = body },
            AnswerWithin,
            async (response, _, either) =>
            {
                await response.Content.LoadIntoBufferAsync(MaxAnswer, either);
                return await response.Content.ReadAsByteArrayAsync(either);
            },
            ct);

    /// <summary>A call whose answer is a file. The node may take its time to begin, and must not pause for long then.</summary>
    /// <returns>Its length.</returns>
    public Task<long> DownloadAsync(HttpMethod method, string path, Stream file, CancellationToken ct) =>
        ExchangeAsync(
            new HttpRequestMessage(method, node.At(path)),
            FileWithin,
            async (response, limit, either) =>
            {
                await using var answer = await response.Content.ReadAsStreamAsync(either);
                var buffer = new byte[128 * 1024];
                for (var length = 0L; ;)
                {
                    limit.CancelAfter(AnswerWithin);
                    var read = await answer.ReadAsync(buffer, either);
                    if (read == 0)
                    {
                        return length;
                    }

                    await WriteAsync(file, buffer.AsMemory(0, read), ct);
                    length += read;
                }
            },
            ct);

    public void Dispose() => _http.Dispose();

    /// <param name="request">What to ask.</param>
    /// <param name="within">How long the answer may take, unless its reader prolongs it.</param>
    /// <param name="read">Reads the answer; its limit is given, and the token that ends with the limit or with <paramref name="ct"/>.</param>
    /// <param name="ct">Cancels.</param>
    private async Task<T> ExchangeAsync<T>(
        HttpRequestMessage request, TimeSpan within, Func<HttpResponseMessage, CancellationTokenSource, CancellationToken, Task<T>> read, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(within, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        using var asked = request;
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", node.Token);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return response.IsSuccessStatusCode ? await read(response, limit, either.Token) : throw await RefusalAsync(response, either.Token);
        }
        catch (Exception e) when (!ct.IsCancellationRequested && (e is HttpRequestException or IOException or OperationCanceledException))
        {
            throw new NodeAway($"The node at {node.Display} cannot be reached: {NodeHttp.Explain(e)}. `cluster doctor` says more.");
        }
    }

    // A full disk here is not the node's fault.
    private static async Task WriteAsync(Stream file, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        try
        {
            await file.WriteAsync(bytes, ct);
        }
        catch (IOException e)
        {
            throw new CommandFailure($"The file cannot be written: {e.Message}");
        }
    }

    private async Task<CommandFailure> RefusalAsync(HttpResponseMessage response, CancellationToken ct)
    {
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            return new CommandFailure(
                $"The node at {node.Display} does not accept the token of {node.Source}; run `cluster login` with a new invitation.");
        }

        var reason = await NodeHttp.ReadReasonAsync(response, ct);
        return (int)response.StatusCode >= 500 || response.StatusCode == HttpStatusCode.TooManyRequests
            ? new NodeAway($"The node at {node.Display} is not ready: {reason}", NodeHttp.RetryAfter(response, clock))
            : new CommandFailure(reason) { Status = response.StatusCode };
    }

    private CommandFailure NotANode() =>
        new($"What answers at {node.Display} is not a node of Channel Cluster, or of another version; check the address.");
}
