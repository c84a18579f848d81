using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Nodes;

/// <summary>How a node ends. Asked to stop, it first says that it is not ready any more and goes on serving until its load balancer has
/// noticed; then its streams end, so that their clients go to other nodes, and it finishes what it has begun.</summary>
internal sealed partial class Drain(
    IHostApplicationLifetime lifetime, IOptions<ClusterOptions> options, TimeProvider clock, ILogger<Drain> logger) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _asked;

    /// <summary>True once the node was asked to stop.</summary>
    public bool Draining => Volatile.Read(ref _asked) > 0;

    /// <summary>Has clients leave their connections while it drains: one that ends under a request takes the request with it, and a client
    /// gives some of them once.</summary>
    public Task LeaveAsync(HttpContext context, RequestDelegate next)
    {
        if (Draining)
        {
            context.Response.Headers.Connection = "close";
        }

        return next(context);
    }

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT })
        {
            _signals.Add(PosixSignalRegistration.Create(signal, asked =>
            {
                asked.Cancel = true;
                _ = StopSoonAsync(asked.Signal == PosixSignal.SIGTERM ? options.Value.DrainSeconds : 0);
            }));
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }
    }

    // Asked again, it does not wait any longer.
    private async Task StopSoonAsync(int seconds)
    {
        if (Interlocked.Increment(ref _asked) == 1 && seconds > 0)
        {
            LogDraining(seconds);
            await Task.Delay(TimeSpan.FromSeconds(seconds), clock);
        }

        lifetime.StopApplication();
    }

    [LoggerMessage(LogLevel.Information, "Asked to stop: not ready any more, still serving for {Seconds} s.")]
    private partial void LogDraining(int seconds);
}
