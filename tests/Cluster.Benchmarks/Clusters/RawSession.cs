using System.Diagnostics;
using System.Text;
using System.Threading.Channels;
using Cluster.Core.Channel;

namespace Cluster.Benchmarks.Clusters;

/// <summary>One attached client: reads its stream for pings, and has them answered over connections that all clients share.</summary>
internal sealed class RawSession(string name, string mcpSession, string token) : IDisposable
{
    private static readonly byte[] PingStart = "\"id\":\""u8.ToArray();
    private static readonly byte[] Event = "notifications/claude/channel"u8.ToArray();
    private static readonly byte[] Sent = "sent="u8.ToArray();

    private RawConnection? _stream;

    public string Name => name;

    public string McpSession => mcpSession;

    /// <summary>Events that were read.</summary>
    public long Received { get; private set; }

    public long Pings { get; private set; }

    /// <summary>Milliseconds from the timestamp inside each event's text to its receipt, when asked for.</summary>
    public List<double>? Latencies { get; set; }

    public static async Task<RawSession> InitializeAsync(RawConnection connection, string name, string token)
    {
        var answer = await connection.ExchangeAsync(RawConnection.Post(
            "/mcp",
            token,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"" + ChannelProtocol.Latest
                + "\",\"capabilities\":{},\"clientInfo\":{\"name\":\"benchmark\",\"version\":\"1\"}}}",
            $"{ChannelProtocol.ClusterSessionHeader}: {name}"));
        var head = Encoding.UTF8.GetString(answer.Span);
        var at = head.IndexOf(ChannelProtocol.SessionHeader, StringComparison.OrdinalIgnoreCase) + ChannelProtocol.SessionHeader.Length + 2;
        var session = new RawSession(name, head[at..head.IndexOf('\r', at)], token);
        await connection.ExchangeAsync(session.Post("""{"jsonrpc":"2.0","method":"notifications/initialized"}"""));
        return session;
    }

    /// <summary>Opens the stream; returns once its first bytes are there.</summary>
    public async Task OpenAsync(int port)
    {
        _stream?.Dispose();
        _stream = await RawConnection.OpenAsync(port);
        await _stream.SendAsync(Encoding.UTF8.GetBytes(
            $"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n{ChannelProtocol.SessionHeader}: {mcpSession}\r\n\r\n"));
        var first = new byte[1024];
        var read = await _stream.ReceiveAsync(first, CancellationToken.None);
        if (!Encoding.ASCII.GetString(first, 0, read).StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"The stream was refused: {Encoding.UTF8.GetString(first, 0, read)}");
        }
    }

    /// <summary>Reads until the other side closes or it is told to stop.</summary>
    public async Task ReadAsync(ChannelWriter<byte[]> answers, CancellationToken ct)
    {
        var buffer = new byte[4 * 1024];
        var length = 0;
        try
        {
            while (await _stream!.ReceiveAsync(buffer.AsMemory(length), ct) is > 0 and var read)
            {
                length += read;
                var used = 0;
                while (buffer.AsSpan(used, length - used).IndexOf((byte)'\n') is >= 0 and var line)
                {
                    Take(buffer.AsSpan(used, line), answers);
                    used += line + 1;
                }

                buffer.AsSpan(used, length - used).CopyTo(buffer);
                length -= used;
                if (length == buffer.Length)
                {
                    Array.Resize(ref buffer, 2 * buffer.Length);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or System.Net.Sockets.SocketException or ObjectDisposedException)
        {
        }
    }

    public byte[] Post(string body) => RawConnection.Post("/mcp", token, body, $"{ChannelProtocol.SessionHeader}: {mcpSession}");

    public void Dispose() => _stream?.Dispose();

    private void Take(ReadOnlySpan<byte> line, ChannelWriter<byte[]> answers)
    {
        if (!line.StartsWith("data: "u8))
        {
            return;
        }

        if (line.IndexOf(Event) >= 0)
        {
            Received++;
            if (Latencies is not null && line.IndexOf(Sent) is >= 0 and var at)
            {
                var digits = line[(at + Sent.Length)..];
                var sent = long.Parse(digits[..digits.IndexOf((byte)' ')]);
                Latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            }
        }
        else if (line.IndexOf(PingStart) is >= 0 and var id)
        {
            Pings++;
            var text = line[(id + PingStart.Length)..];
            answers.TryWrite(Post(
                "{\"jsonrpc\":\"2.0\",\"id\":\"" + Encoding.ASCII.GetString(text[..text.IndexOf((byte)'"')]) + "\",\"result\":{}}"));
        }
    }
}
