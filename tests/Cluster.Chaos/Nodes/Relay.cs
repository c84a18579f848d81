using System.Net;
using System.Net.Sockets;

namespace Cluster.Chaos.Nodes;

/// <summary>The balancer for a program that takes one address: each connection goes to the next node, byte for byte.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Balancer _balancer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    public Relay(Balancer balancer)
    {
        _balancer = balancer;
        _listener.Start();
        Url = new Uri($"http://{_listener.LocalEndpoint}");
        _accepting = AcceptAsync();
    }

    public Uri Url { get; }

    /// <summary>The node that serves the connection on which the client last began a request for a stream.</summary>
    public ChaosNode? Streaming { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
                connections.RemoveAll(c => c.IsCompleted);
            }
        }
        catch (OperationCanceledException)
        {
        }

        await Task.WhenAll(connections);
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            foreach (var node in _balancer.Next())
            {
                using var server = new TcpClient();
                try
                {
                    await server.ConnectAsync(IPAddress.Loopback, node.Url.Port, _stop.Token);
                }
                catch (Exception e) when (e is SocketException or OperationCanceledException)
                {
                    continue;
                }

                await PumpAsync(client, server, node);
                return;
            }
        }
    }

    private async Task PumpAsync(TcpClient client, TcpClient server, ChaosNode node)
    {
        client.NoDelay = server.NoDelay = true;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var ways = new[] { CopyAsync(client, server, node, either.Token), CopyAsync(server, client, null, either.Token) };
        await Task.WhenAny(ways);
        await either.CancelAsync(); // one end has gone, so the other is told
        await Task.WhenAll(ways);
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, ChaosNode? node, CancellationToken ct)
    {
        try
        {
            var buffer = new byte[16 * 1024];
            while (await from.GetStream().ReadAsync(buffer, ct) is > 0 and var read)
            {
                if (node is not null && buffer.AsSpan(0, read).StartsWith("GET /mcp"u8))
                {
                    Streaming = node;
                }

                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), ct);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }
}
