using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Cluster.Cli.Nodes;

namespace Cluster.Cli.Connect;

/// <summary>One message of the node from a stream; empty data only moves the event id on.</summary>
internal sealed record SseMessage(ReadOnlyMemory<byte> Data, string? EventId);

/// <summary>Reads what a node answers, and doubts it: something else may listen at its address.</summary>
internal static class NodeAnswer
{
    public const string Json = "application/json";
    public const string EventStream = "text/event-stream";

    private const int MaxBody = 16 * 1024 * 1024;

    /// <summary>The outcome of a message that the node took.</summary>
    public static async Task<LinkOutcome> ReadAsync(
        HttpResponseMessage response, JsonRpcLine line, Func<SseMessage, CancellationToken, Task> onMessage, CancellationToken ct)
    {
        if (line.Kind != JsonRpcKind.Request)
        {
            return new LinkOutcome.Done();
        }

        if (response.Content.Headers.ContentType?.MediaType == EventStream)
        {
            await foreach (var message in ReadEventsAsync(await response.Content.ReadAsStreamAsync(ct), ct))
            {
                if (IsAnswer(message.Data, line.IdKey))
                {
                    return new LinkOutcome.Answered(message.Data);
                }

                // Its event ids belong to this stream, not to the one that is resumed.
                await onMessage(message with { EventId = null }, ct);
            }

            return new LinkOutcome.Away("the node broke off its answer", MayBeDone: true);
        }

        var body = await ReadBodyAsync(response, ct);
        return IsAnswer(body, line.IdKey)
            ? new LinkOutcome.Answered(body)
            : new LinkOutcome.Away("what answers at the node's address is not a node", MayBeDone: true);
    }

    /// <summary>The JSON-RPC error that came with a refusal, if it answers this request.</summary>
    public static async Task<ReadOnlyMemory<byte>?> ErrorAsync(HttpResponseMessage response, JsonRpcLine line, CancellationToken ct)
    {
        if ((int)response.StatusCode is < 400 or >= 500 || response.Content.Headers.ContentType?.MediaType != Json)
        {
            return null;
        }

        var body = await ReadBodyAsync(response, ct);
        return IsAnswer(body, line.IdKey) ? body : default(ReadOnlyMemory<byte>?);
    }

    /// <summary>Whether the node says "not now" or "no", and why.</summary>
    public static async Task<LinkOutcome> RefusalAsync(HttpResponseMessage response, NodeAddress node, TimeProvider clock, CancellationToken ct)
    {
        var status = response.StatusCode;
        if (status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500)
        {
            return new LinkOutcome.Away(
                $"the node at {node.Display} is not ready (HTTP {(int)status})",
                status != HttpStatusCode.TooManyRequests,
                NodeHttp.RetryAfter(response, clock));
        }

        var reason = await NodeHttp.ReadReasonAsync(response, ct);
        return new LinkOutcome.Refused(status is HttpStatusCode.Unauthorized
            ? $"the node at {node.Display} does not accept the token of {node.Source}; run `cluster login` with a new invitation"
            : $"the node at {node.Display} refuses (HTTP {(int)status}): {reason.TrimEnd('.')}");
    }

    public static LinkOutcome.Away NotANode(NodeAddress node) =>
        new($"what answers at {node.Display} is not a node of Channel Cluster", MayBeDone: false);

    public static async IAsyncEnumerable<SseMessage> ReadEventsAsync(Stream stream, [EnumeratorCancellation] CancellationToken ct)
    {
        var parser = SseParser.Create(stream, static (_, data) => data.ToArray());
        await foreach (var item in parser.EnumerateAsync(ct))
        {
            yield return new SseMessage(item.Data, item.EventId);
        }
    }

    private static bool IsAnswer(ReadOnlyMemory<byte> message, string idKey)
    {
        try
        {
            return JsonRpcLine.Parse(message) is { Kind: JsonRpcKind.Response } answer && answer.IdKey == idKey;
        }
        catch (JsonRpcException)
        {
            return false;
        }
    }

    private static async Task<byte[]> ReadBodyAsync(HttpResponseMessage response, CancellationToken ct)
    {
        await response.Content.LoadIntoBufferAsync(MaxBody, ct);
        return await response.Content.ReadAsByteArrayAsync(ct);
    }
}
