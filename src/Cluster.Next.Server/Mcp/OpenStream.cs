using System.Buffers;
using System.Text;
using System.Text.Json;
using Cluster.Core.Access;
using Cluster.Core.Channel;
using Cluster.Core.Events;
using Cluster.Next.Grains.Sessions;

namespace Cluster.Next.Server.Mcp;

/// <summary>One open stream to a client, and how things are written to it.</summary>
internal sealed class OpenStream(HttpContext context, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan WriteWithin = TimeSpan.FromSeconds(5);
    private static readonly byte[] KeepAlive = ": keep-alive\n\n"u8.ToArray();

    // A reader whose stream breaks comes back after this many milliseconds.
    private static readonly byte[] Opening = ": channel cluster\nretry: 1000\n\n"u8.ToArray();

    private readonly SemaphoreSlim _one = new(1, 1);
    private long _written = clock.GetTimestamp();

    public string Id { get; } = Guid.NewGuid().ToString("N");

    public Task OpenAsync() => WriteAsync(Opening);

    /// <summary>Says that the node lives when nothing else was said for so long.</summary>
    public Task KeepAliveAsync(TimeSpan after) => clock.GetElapsedTime(_written) >= after ? WriteAsync(KeepAlive) : Task.CompletedTask;

    /// <summary>Writes a batch and the ping whose answer proves it.</summary>
    public Task PushAsync(Push push) => WriteAsync(Batch(push));

    public void Dispose() => _one.Dispose();

    public void Abort() => context.Abort();

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        deadline.CancelAfter(WriteWithin);
        await _one.WaitAsync(deadline.Token);
        try
        {
            await context.Response.Body.WriteAsync(bytes, deadline.Token);
            await context.Response.Body.FlushAsync(deadline.Token);
            _written = clock.GetTimestamp();
        }
        catch (OperationCanceledException)
        {
            context.Abort();
            throw;
        }
        finally
        {
            _one.Release();
        }
    }

    private static ReadOnlyMemory<byte> Batch(Push push)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        foreach (var pushed in push.Events)
        {
            var delivery = new Delivery
            {
                EventId = pushed.Id,
                Kind = pushed.Kind,
                Sender = new Identity(pushed.Sender),
                ChatId = pushed.ChatId,
                Trust = pushed.Trust,
                Body = pushed.Body,
                At = pushed.At,
                Attempts = pushed.Redelivery ? 1 : 0,
            };
            Message(buffer, null, json => Write(json, delivery));
        }

        var batch = new BatchId(push.Epoch, push.Batch);
        Message(buffer, batch, json =>
        {
            json.WriteString("id", batch.ToString());
            json.WriteString("method", "ping");
        });
        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter json, Delivery delivery)
    {
        if (delivery.Kind == EventKind.Verdict)
        {
            json.WriteString("method", ChannelProtocol.PermissionVerdictNotification);
            json.WritePropertyName("params");
            json.WriteRawValue(delivery.Body);
            return;
        }

        json.WriteString("method", ChannelProtocol.ChannelNotification);
        json.WriteStartObject("params");
        json.WriteString("content", Framing.Content(delivery));
        json.WriteStartObject("meta");
        foreach (var (key, value) in Framing.Meta(delivery))
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Message(ArrayBufferWriter<byte> buffer, BatchId? id, Action<Utf8JsonWriter> write)
    {
        buffer.Write(Encoding.ASCII.GetBytes(id is { } known ? $"event: message\nid: {known}\ndata: " : "event: message\ndata: "));
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc", "2.0");
            write(json);
            json.WriteEndObject();
        }

        buffer.Write("\n\n"u8);
    }
}
