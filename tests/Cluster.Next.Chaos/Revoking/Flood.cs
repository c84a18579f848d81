using System.Collections.Concurrent;
using System.Net;
using Cluster.Chaos;
using Cluster.Chaos.Nodes;
using Cluster.Next.Chaos.Load;
using Cluster.Next.Chaos.Nodes;

namespace Cluster.Next.Chaos.Revoking;

/// <summary>One person who talks to all sessions over two nodes without a pause, whatever is answered; but no more than so many at once, or a slow
/// machine would drown in what nobody has answered.</summary>
internal sealed class Flood : IAsyncDisposable
{
    private const int MostPending = 200;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly FireCluster _cluster;
    private readonly IReadOnlyList<ChaosNode> _nodes;
    private readonly Talker _talker;
    private readonly CancellationTokenSource _stop = new();
    private readonly Errands _pending = new();
    private readonly ConcurrentDictionary<HttpStatusCode, int> _answers = new();
    private readonly Task _running;

    public Flood(FireCluster cluster, IReadOnlyList<ChaosNode> nodes, Talker talker)
    {
        _nodes = nodes;
        _cluster = cluster;
        _talker = talker;
        _running = RunAsync();
    }

    /// <summary>How often what was answered, in words.</summary>
    public string Answers => string.Join(", ", _answers.OrderBy(one => one.Key).Select(one => $"{(one.Key == 0 ? "no answer" : (int)one.Key)} x {one.Value:N0}"));

    /// <summary>Messages a second.</summary>
    public double Rate { get; set; } = 30;

    /// <summary>How many were accepted so far.</summary>
    public int Accepted => _answers.GetValueOrDefault(HttpStatusCode.Accepted);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _pending.DoneAsync();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var (said, due, last) = (0, 0.0, RunClock.Now);
        try
        {
            using var timer = new PeriodicTimer(Tick);
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                due += (RunClock.Now - last).TotalSeconds * Rate;
                last = RunClock.Now;
                for (; said < due; said++)
                {
                    var n = said;
                    if (_pending.Running < MostPending)
                    {
                        _pending.Run(() => SayAsync(n));
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task SayAsync(int n)
    {
        var session = _cluster.Sessions[n / 2 % _cluster.Sessions.Count].Name;
        var status = (HttpStatusCode)0;
        try
        {
            using var request = Talk.Message(Talk.NextNumber(), _cluster.Owner, session, _talker)(_nodes[n % _nodes.Count].Url);
            using var answer = await _cluster.Sender.Http.SendAsync(request, _stop.Token);
            status = answer.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            // the node is frozen
        }

        _answers.AddOrUpdate(status, 1, (_, count) => count + 1);
    }
}
