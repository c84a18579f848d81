using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Cluster.Simulator.Discord;

/// <summary>One WebSocket at the simulated gateway's end.</summary>
internal sealed class DiscordLink(WebSocket socket, DiscordGatewayEnd gateway, TimeProvider clock) : IDisposable
{
    private readonly Channel<string> _outgoing = Channel.CreateUnbounded<string>();
    private readonly CancellationTokenSource _cut = new();
    private DiscordSession? _session;
    private ITimer? _silence;
    private int _closeCode;

    public void Send(string payload) => _outgoing.Writer.TryWrite(payload);

    /// <summary>Sends what was to be sent, then closes.</summary>
    public void Close(int code)
    {
        _closeCode = code;
        _outgoing.Writer.TryComplete();
    }

    /// <summary>Breaks without a word.</summary>
    public void Cut() => _cut.Cancel();

    public void Dispose() => _cut.Dispose();

    public async Task RunAsync()
    {
        Send($$$"""{"op":10,"d":{"heartbeat_interval":{{{(long)gateway.HeartbeatInterval.TotalMilliseconds}}}}}""");
        var patience = gateway.HeartbeatInterval * 1.5;
        await using var silence = clock.CreateTimer(_ => Close(4000), null, patience, Timeout.InfiniteTimeSpan);
        _silence = silence;
        try
        {
            var sending = SendAllAsync();
            await ReadAllAsync();
            Cut();
            await sending;
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or IOException)
        {
            // The bot went, or was cut off.
        }
        finally
        {
            _session?.Detach(this);
            socket.Abort();
        }
    }

    private async Task SendAllAsync()
    {
        await foreach (var payload in _outgoing.Reader.ReadAllAsync(_cut.Token))
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(payload), WebSocketMessageType.Text, true, _cut.Token);
        }

        // Whoever reads the code leaves by itself; to break the connection now could be faster than the code.
        await socket.CloseOutputAsync((WebSocketCloseStatus)_closeCode, null, _cut.Token);
    }

    private async Task ReadAllAsync()
    {
        var buffer = new byte[4097]; // Discord: Gateway, sending events: at most 4096 bytes.
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), _cut.Token);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            if (!part.EndOfMessage || part.Count > 4096 || Parse(buffer.AsSpan(0, part.Count)) is not { } payload)
            {
                Close(4002);
                continue;
            }

            Hear(payload);
        }
    }

    private void Hear(JsonObject payload)
    {
        switch ((int?)payload["op"])
        {
            case 1 when DiscordForm.Unknown(payload, ["op", "d"]) is null && payload.ContainsKey("d"):
                _silence!.Change(gateway.HeartbeatInterval * 1.5, Timeout.InfiniteTimeSpan);
                if (gateway.HearHeartbeat((long?)payload["d"]))
                {
                    Send("""{"op":11}""");
                }

                break;
            case 2 when _session is not null:
                Close(4005);
                break;
            case 2 when payload["d"] is JsonObject identify:
                _session = gateway.Identify(this, identify);
                break;
            case 6 when payload["d"] is JsonObject resume:
                _session = gateway.Resume(this, resume);
                break;
            default:
                Close(4001);
                break;
        }
    }

    private static JsonObject? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonNode.Parse(json) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
