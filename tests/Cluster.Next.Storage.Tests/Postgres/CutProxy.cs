using System.Net;
using System.Net.Sockets;

namespace Cluster.Next.Storage.Tests.Postgres;

/// <summary>Passes bytes on to a server, until the test cuts all its connections: the client is lost, the server goes on with what it has.</summary>
internal sealed class CutProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _server;
    private readonly List<TcpClient> _clients = [];
    private readonly Task _accepting;

    public CutProxy(int server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Resets what the clients have; the server's side stays open, as of a machine that is gone.</summary>
    public void Cut()
    {
        lock (_clients)
        {
            foreach (var client in _clients)
            {
                client.LingerState = new LingerOption(true, 0);
                client.Close();
            }

            _clients.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        Cut();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                lock (_clients)
                {
                    _clients.Add(client);
                }

                var server = new TcpClient();
                await server.ConnectAsync(IPAddress.Loopback, _server);
                _ = PassAsync(client.GetStream(), server.GetStream());
                _ = PassAsync(server.GetStream(), client.GetStream());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private static async Task PassAsync(NetworkStream from, NetworkStream to)
    {
        try
        {
            await from.CopyToAsync(to);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
        }
    }
}
