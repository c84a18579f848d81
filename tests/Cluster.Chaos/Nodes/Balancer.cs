namespace Cluster.Chaos.Nodes;

/// <summary>
/// What stands in front of the nodes: takes them in turn, without stickiness, leaves out those whose <c>/readyz</c> does not answer,
/// and goes to the next when a connection is refused. When all are out it goes to them nevertheless.
/// </summary>
internal sealed class Balancer : IAsyncDisposable
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(500);

    private readonly IReadOnlyList<ChaosNode> _nodes;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _checking;
    private int _turn;

    public Balancer(IReadOnlyList<ChaosNode> nodes)
    {
        _nodes = nodes;
        _checking = Task.WhenAll(nodes.Select(CheckAsync));
    }

    /// <summary>The nodes to try, best first.</summary>
    public IReadOnlyList<ChaosNode> Next()
    {
        var turn = (uint)Interlocked.Increment(ref _turn);
        var order = Enumerable.Range(0, _nodes.Count).Select(i => _nodes[(int)((turn + (uint)i) % (uint)_nodes.Count)]);
        return [.. order.OrderByDescending(n => n.Healthy)];
    }

    /// <summary>Sends a request to the next node, and to the one after it when the first cannot be connected to.</summary>
    /// <exception cref="HttpRequestException">No answer came.</exception>
    public async Task<(ChaosNode Node, HttpResponseMessage Answer)> SendAsync(
        HttpClient http, Func<Uri, HttpRequestMessage> make, HttpCompletionOption option, CancellationToken ct)
    {
        var nodes = Next();
        for (var i = 0; ; i++)
        {
            try
            {
                return (nodes[i], await http.SendAsync(make(nodes[i].Url), option, ct));
            }
            catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConnectionError && i + 1 < nodes.Count)
            {
                // nothing was sent
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _checking;
        _stop.Dispose();
    }

    private async Task CheckAsync(ChaosNode node)
    {
        try
        {
            using var timer = new PeriodicTimer(CheckEvery);
            do
            {
                await node.ProbeAsync(_stop.Token);
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
        }
    }
}
