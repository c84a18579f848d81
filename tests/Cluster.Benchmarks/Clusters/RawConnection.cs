using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cluster.Benchmarks.Clusters;

/// <summary>HTTP/1.1 over one connection that stays open, with as little work as can be: the generator shares the processors.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly byte[] HeadEnd = "\r\n\r\n"u8.ToArray();
    private static readonly byte[] LengthHeader = "Content-Length: "u8.ToArray();

    private static readonly byte[] LastChunk = "0\r\n\r\n"u8.ToArray();

    private const int Chunked = -1;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _answer = new byte[16 * 1024];

    public static async Task<RawConnection> OpenAsync(int port)
    {
        var connection = new RawConnection();
        await connection._socket.ConnectAsync(IPAddress.Loopback, port);
        return connection;
    }

    /// <summary>A POST as bytes, to be sent once or often.</summary>
    public static byte[] Post(string path, string token, string body, params string[] headers) => Encoding.UTF8.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        + $"Accept: application/json, text/event-stream\r\n{string.Concat(headers.Select(header => header + "\r\n"))}"
        + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    public async ValueTask SendAsync(ReadOnlyMemory<byte> request)
    {
        while (request.Length > 0)
        {
            request = request[await _socket.SendAsync(request)..];
        }
    }

    /// <summary>Sends a request and reads its whole answer.</summary>
    /// <exception cref="InvalidOperationException">The answer was no 2xx.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ExchangeAsync(ReadOnlyMemory<byte> request)
    {
        var answer = await TryExchangeAsync(request);
        return answer.Span.StartsWith("HTTP/1.1 2"u8)
            ? answer
            : throw new InvalidOperationException($"Expected 2xx, got: {Encoding.UTF8.GetString(answer.Span)}");
    }

    /// <summary>Sends a request and reads its whole answer, whatever it is.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> TryExchangeAsync(ReadOnlyMemory<byte> request)
    {
        await SendAsync(request);
        var (length, head, body) = (0, -1, 0);
        while (head < 0 || (body >= 0 ? length < head + body : !_answer.AsSpan(head, length - head).EndsWith(LastChunk)))
        {
            var read = await _socket.ReceiveAsync(_answer.AsMemory(length));
            if (read == 0)
            {
                throw new InvalidOperationException("The connection was closed before an answer.");
            }

            length += read;
            if (head < 0 && _answer.AsSpan(0, length).IndexOf(HeadEnd) is >= 0 and var end)
            {
                head = end + HeadEnd.Length;
                body = BodyLength(_answer.AsSpan(0, head));
            }
        }

        return _answer.AsMemory(0, length);
    }

    /// <summary>What has come, at least one byte; 0 when the other side has closed.</summary>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken ct) => _socket.ReceiveAsync(buffer, ct);

    public void Dispose() => _socket.Dispose();

    private static int BodyLength(ReadOnlySpan<byte> head)
    {
        var at = head.IndexOf(LengthHeader);
        if (at < 0)
        {
            return head.IndexOf("Transfer-Encoding: chunked"u8) < 0 ? 0 : Chunked;
        }

        var value = head[(at + LengthHeader.Length)..];
        return int.Parse(Encoding.ASCII.GetString(value[..value.IndexOf((byte)'\r')]));
    }
}
