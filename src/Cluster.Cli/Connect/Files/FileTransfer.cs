using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Cluster.Cli.Nodes;
using Cluster.Core.Api;
using Cluster.Core.Channel;

namespace Cluster.Cli.Connect.Files;

/// <summary>Brings files to the node and from it. A node that is away is tried again for a while.</summary>
internal sealed class FileTransfer(NodeLink link, TimeProvider clock) : IDisposable
{
    private const int MaxAnswer = 1024 * 1024;
    private const int MaxBroken = 3;

    private static readonly TimeSpan TriedFor = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan OneTry = TimeSpan.FromMinutes(10);

    private readonly HttpClient _http = NodeHttp.Create();

    /// <returns>The upload's id.</returns>
    /// <exception cref="FileRefused">The node says no, or stays away.</exception>
    public Task<string> UploadAsync(OutgoingFile file, CancellationToken ct) => TryAsync(
        HttpMethod.Post,
        $"files?name={Uri.EscapeDataString(file.Name)}",
        () => new FileBody(file),
        async (_, response, token) => (await ReadAsync(response, ApiJson.Default.UploadInfo, token)).Id,
        ct);

    /// <summary>The files of a message.</summary>
    /// <exception cref="FileRefused">The node says no, or stays away.</exception>
    public Task<AttachmentList> ListAsync(long eventId, CancellationToken ct) => TryAsync(
        HttpMethod.Get, $"events/{eventId}/files", null, (_, response, token) => ReadAsync(response, ApiJson.Default.AttachmentList, token), ct);

    /// <summary>Fetches one of them.</summary>
    /// <param name="eventId">The event's id.</param>
    /// <param name="number">Its place in the message.</param>
    /// <param name="save">Given the session and the content.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="FileRefused">The node says no, or stays away.</exception>
    public Task<T> DownloadAsync<T>(long eventId, int number, Func<string, Stream, CancellationToken, Task<T>> save, CancellationToken ct) => TryAsync(
        HttpMethod.Get,
        $"events/{eventId}/files/{number}",
        null,
        async (session, response, token) => await save(session.Serves, await response.Content.ReadAsStreamAsync(token), token),
        ct);

    public void Dispose() => _http.Dispose();

    private async Task<T> TryAsync<T>(
        HttpMethod method, string path, Func<HttpContent>? body, Func<McpSession, HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken ct)
    {
        var (started, backoff, broken) = (clock.GetTimestamp(), new Backoff(), 0);
        while (true)
        {
            string why;
            switch (await link.OpenAsync(ct))
            {
                case LinkOutcome.Open(var session):
                    try
                    {
                        return await OnceAsync(session, method, path, body, read, ct);
                    }
                    catch (BrokeOff) when (++broken == MaxBroken)
                    {
                        throw new FileRefused($"file {path[(path.LastIndexOf('/') + 1)..]} broke off {MaxBroken} times on its way");
                    }
                    catch (Exception e) when (!ct.IsCancellationRequested && e is HttpRequestException or IOException or OperationCanceledException)
                    {
                        why = $"the node at {session.Node.Display} cannot be reached: {NodeHttp.Explain(e)}";
                    }

                    break;
                case LinkOutcome.Away away:
                    why = away.Why;
                    break;
                case LinkOutcome.Refused(var refused):
                    throw new FileRefused($"Channel Cluster: {refused}. Nothing was done.");
                default:
                    why = "the node forgot this connection";
                    break;
            }

            if (clock.GetElapsedTime(started) > TriedFor)
            {
                throw new FileRefused($"Channel Cluster: {why}. Nothing was done; try again later.");
            }

            await Task.Delay(backoff.Next(), clock, ct);
        }
    }

    private async Task<T> OnceAsync<T>(
        McpSession session, HttpMethod method, string path, Func<HttpContent>? body, Func<McpSession, HttpResponseMessage, CancellationToken, Task<T>> read,
        CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(OneTry, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        var served = session.Serves.Contains('/', StringComparison.Ordinal) ? session.Serves : $"me/{session.Serves}";
        using var request = new HttpRequestMessage(method, session.Node.At($"api/sessions/{served}/{path}")) { Content = body?.Invoke() };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", session.Node.Token);
        request.Headers.Add(ChannelProtocol.SessionHeader, session.Id);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
        if (response.IsSuccessStatusCode)
        {
            try
            {
                return await read(session, response, either.Token);
            }
            catch (Exception e) when (!ct.IsCancellationRequested && e is HttpRequestException or IOException)
            {
                throw new BrokeOff(e);
            }
        }

        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            link.Forget(session); // the next try looks for a token again
        }

        var reason = await NodeHttp.ReadReasonAsync(response, either.Token);
        throw (int)response.StatusCode >= 500 || response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.Unauthorized
            ? new HttpRequestException(reason)
            : new FileRefused(reason);
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken ct)
    {
        await response.Content.LoadIntoBufferAsync(MaxAnswer, ct);
        try
        {
            return JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(ct), type) ?? throw new JsonException();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FileRefused("What answers at the node's address is not a node, or of another version. Nothing was done.");
        }
    }

    // An answer that ended before its end: a file of which the platform gives no more would do so for ever.
    private sealed class BrokeOff(Exception why) : HttpRequestException(why.Message, why);

    // Sends an open file from its start, as often as it takes, and never more of it than was checked.
    private sealed class FileBody(OutgoingFile file) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            file.Content.Position = 0;
            var buffer = new byte[128 * 1024];
            for (var left = file.Length; left > 0;)
            {
                var read = await file.Content.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancellationToken);
                if (read == 0)
                {
                    throw new FileRefused("A file became shorter while it was sent. Nothing was sent.");
                }

                await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                left -= read;
            }
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override bool TryComputeLength(out long length)
        {
            length = file.Length;
            return true;
        }
    }
}
