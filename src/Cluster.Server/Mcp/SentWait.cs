using System.Data.Common;
using Cluster.Server.Nodes;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Mcp;

/// <summary>Waits a while for what a tool call has put into the outbox to be sent or refused, by whichever node does it.</summary>
internal sealed class SentWait(
    CallOutcomes outcomes, Wakeups wakeups, IOptions<ClusterOptions> options, IHostApplicationLifetime lifetime, TimeProvider clock)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <returns>What had become of it at the end; null when the engine would not say.</returns>
    public async Task<CallOutcome?> ForAsync(long callId, CancellationToken ct)
    {
        using var watcher = wakeups.Watch(CallOutcomes.TopicOf(callId));
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping);
        var started = clock.GetTimestamp();
        while (true)
        {
            CallOutcome? found;
            try
            {
                found = await outcomes.FindAsync(callId, ct);
            }
            catch (DbException)
            {
                found = null; // what is committed goes out all the same
            }

            var left = TimeSpan.FromSeconds(options.Value.Limits.SendSeconds) - clock.GetElapsedTime(started);
            if (found is { Waiting: 0 } || left <= TimeSpan.Zero || lifetime.ApplicationStopping.IsCancellationRequested)
            {
                return found;
            }

            try
            {
                await watcher.WaitAsync(left < Poll ? left : Poll, clock, waiting.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                // The node stops.
            }
        }
    }
}
