using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Cluster.Next.Server.Nodes;

/// <summary>Asks one part of the node whether it answers: at most once a second however often anybody asks here, and never again before
/// it has answered, so that what is stuck is not buried in questions.</summary>
internal class HealthProbe(Func<CancellationToken, Task> ask, string stuck, TimeProvider clock) : IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Task _asked = Task.CompletedTask;
    private long? _askedAt;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        Task asked;
        TimeSpan age;
        lock (_gate)
        {
            if (_askedAt is null || (_asked.IsCompleted && clock.GetElapsedTime(_askedAt.Value) > KnownFor))
            {
                _asked = AskAsync();
                _askedAt = clock.GetTimestamp();
            }

            asked = _asked;
            age = clock.GetElapsedTime(_askedAt.Value);
        }

        try
        {
            var left = Patience - age;
            await asked.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, clock, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy(stuck, e);
        }
    }

    private async Task AskAsync()
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        await ask(patience.Token);
    }
}
