using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Cluster.Next.Server.Nodes;

/// <summary>Asks one part of the node whether it answers: at most once a second however often anybody asks here, and never again before
/// it has answered, so that what is stuck is not buried in questions. Without an answer for two seconds it is degraded: the node is not
/// ready. Only what stays so is unhealthy: a busy machine is no reason to start a node again.</summary>
internal class HealthProbe(Func<CancellationToken, Task> ask, string stuck, TimeProvider clock) : IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StuckAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Task _asked = Task.CompletedTask;
    private long? _askedAt;
    private long? _failingSince;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (asked, askedAt) = Ask();
        try
        {
            var left = Patience - clock.GetElapsedTime(askedAt);
            await asked.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, clock, cancellationToken);
            lock (_gate)
            {
                _failingSince = null;
            }

            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            lock (_gate)
            {
                _failingSince ??= askedAt;
                return clock.GetElapsedTime(_failingSince.Value) < StuckAfter
                    ? HealthCheckResult.Degraded(stuck, e)
                    : HealthCheckResult.Unhealthy(stuck, e);
            }
        }
    }

    private (Task Asked, long AskedAt) Ask()
    {
        lock (_gate)
        {
            if (_askedAt is not { } askedAt || (_asked.IsCompleted && clock.GetElapsedTime(askedAt) > KnownFor))
            {
                _askedAt = askedAt = clock.GetTimestamp();
                _asked = AskAsync();
            }

            return (_asked, askedAt);
        }
    }

    private async Task AskAsync()
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        await ask(patience.Token);
    }
}
