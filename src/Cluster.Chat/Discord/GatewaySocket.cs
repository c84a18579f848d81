using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Cluster.Chat.Discord;

/// <summary>One WebSocket to the gateway: JSON out, JSON in. It never says goodbye, because a session whose socket ends without a word, or
/// with a code other than 1000 and 1001, can be resumed (Discord: Gateway, initiating a disconnect).</summary>
internal sealed class GatewaySocket : IDisposable
{
    /// <summary>Far more than Discord sends; what is longer is passed over.</summary>
    private const int Longest = 16 * 1024 * 1024;

    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ArrayBufferWriter<byte> _message = new(16 * 1024);

    /// <summary>Why the other side ended it; null when it said nothing.</summary>
    public int? CloseCode => (int?)_socket.CloseStatus;

    public Task OpenAsync(Uri address, CancellationToken ct) => _socket.ConnectAsync(GatewayAddress.WithVersion(address), ct);

    public async Task SendAsync<T>(T payload, JsonTypeInfo<T> type, CancellationToken ct)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(payload, type);
        await _sending.WaitAsync(ct); // A WebSocket sends one message at a time.
        try
        {
            await _socket.SendAsync(json, WebSocketMessageType.Text, endOfMessage: true, ct);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The next payload that can be read; null at the end.</summary>
    public async Task<GatewayPayload?> ReadAsync(CancellationToken ct)
    {
        while (true)
        {
            _message.ResetWrittenCount();
            var fits = true;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await _socket.ReceiveAsync(_message.GetMemory(4096), ct);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return null;
                }

                fits = fits && _message.WrittenCount + part.Count <= Longest;
                if (fits)
                {
                    _message.Advance(part.Count);
                }
            }
            while (!part.EndOfMessage);

            if (fits && DiscordJson.Read(_message.WrittenSpan, DiscordJson.Default.GatewayPayload) is { Op: not null } payload)
            {
                return payload with { Size = _message.WrittenCount };
            }
        }
    }

    public void Dispose()
    {
        _socket.Abort();
        _socket.Dispose();
        _sending.Dispose();
    }
}
