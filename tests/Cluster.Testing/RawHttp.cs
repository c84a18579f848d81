using System.Net.Sockets;
using System.Text;

namespace Cluster.Testing;

/// <summary>A bare connection, for requests that no client library would send and readers that do not read.</summary>
public sealed class RawHttp : IDisposable
{
    private readonly TcpClient _tcp;
    private readonly NetworkStream _stream;

    private RawHttp(TcpClient tcp) => (_tcp, _stream) = (tcp, tcp.GetStream());

    /// <summary>Connects and sends the text, its line ends made CRLF.</summary>
    public static async Task<RawHttp> OpenAsync(string url, string text, int receiveBuffer = 0)
    {
        var tcp = new TcpClient { NoDelay = true };
        if (receiveBuffer > 0)
        {
            tcp.ReceiveBufferSize = receiveBuffer;
        }

        var address = new Uri(url);
        await tcp.ConnectAsync(address.Host, address.Port);
        var raw = new RawHttp(tcp);
        await raw.SendAsync(Encoding.Latin1.GetBytes(text.ReplaceLineEndings("\r\n")));
        return raw;
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes);

    /// <summary>Reads until the other side ends the connection, at most for this long.</summary>
    /// <returns>Whether it ended.</returns>
    public async Task<bool> EndsAsync(int seconds = 20) => (await ReadAllAsync(seconds)).Ended;

    /// <summary>All that came until the connection ended, or the time was over.</summary>
    public async Task<(bool Ended, string Text)> ReadAllAsync(int seconds = 20)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            int read;
            while ((read = await _stream.ReadAsync(buffer, patience.Token)) > 0)
            {
                text.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }

            return (true, text.ToString());
        }
        catch (IOException)
        {
            return (true, text.ToString());
        }
        catch (OperationCanceledException)
        {
            return (false, text.ToString());
        }
    }

    public void Dispose() => _tcp.Dispose();
}
