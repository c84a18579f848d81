using System.Data.Common;

namespace Cluster.Next.Server.Silos;

/// <summary>Notices that this process stood still (a stopped container, a sleeping machine) and looks at once whether the others took it
/// for dead meanwhile. By itself a silo would hear of it when it next speaks with one of them.</summary>
internal sealed partial class ThawWatch(IClusterMembershipService membership, TimeProvider clock, ILogger<ThawWatch> logger) : IHostedService, IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(2); // nobody is taken for dead in less

    private readonly CancellationTokenSource _stopped = new();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // A thread of its own: after a thaw the pool has everything else to do first.
        new Thread(Watch) { IsBackground = true, Name = nameof(ThawWatch), Priority = ThreadPriority.AboveNormal }.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _stopped.CancelAsync();

    public void Dispose() => _stopped.Dispose();

    private void Watch()
    {
        var ct = _stopped.Token;
        var seen = Now();
        while (!ct.WaitHandle.WaitOne(Every))
        {
            var now = Now();
            var gap = now.Steady - seen.Steady > now.Wall - seen.Wall ? now.Steady - seen.Steady : now.Wall - seen.Wall;
            seen = now;
            if (gap > Gap)
            {
                LogStoodStill(gap.TotalSeconds);
                _ = AskAsync(ct);
            }
        }
    }

    // A machine that sleeps stops the steady clock too.
    private (TimeSpan Steady, TimeSpan Wall) Now() => (clock.GetElapsedTime(0), clock.GetUtcNow() - DateTimeOffset.UnixEpoch);

    // Whatever it reads goes to membership, which ends a node that is dead in it.
    private async Task AskAsync(CancellationToken ct)
    {
        try
        {
            await membership.Refresh(cancellationToken: ct);
        }
        catch (Exception e) when (e is DbException or OperationCanceledException or ObjectDisposedException)
        {
            LogStoreAway(e);
        }
    }

    [LoggerMessage(LogLevel.Warning, "This node stood still for {Seconds:0.0} s.")]
    private partial void LogStoodStill(double seconds);

    [LoggerMessage(LogLevel.Warning, "The store is away; what the others think of this node is not known.")]
    private partial void LogStoreAway(Exception e);
}
