using System.Data.Common;
using Cluster.Storage.Leases;

namespace Cluster.Server.Leases;

/// <summary>Takes one lease whenever it is free and keeps it while this node lives. Nobody here acts on it any more a while before
/// its time passes, whatever became of the renewal.</summary>
internal sealed partial class LeaseHolder(string name, LeaseStore leases, TimeProvider clock, ILogger<LeaseHolder> logger) : BackgroundService
{
    private static readonly TimeSpan Ask = TimeSpan.FromSeconds(2);

    private volatile Held? _held;

    /// <summary>The lease while this node may act on it, else null.</summary>
    public Lease? Current => _held is { } held && clock.GetElapsedTime(held.AskedAt) < leases.ActFor ? held.Lease : null;

    /// <summary>Somebody else was seen to hold it.</summary>
    public void Lost() => _held = null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Ask, clock);
        try
        {
            do
            {
                await AskAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            await ReleaseAsync();
        }
    }

    private async Task AskAsync(CancellationToken ct)
    {
        // The lease lasts from when the engine wrote it, which is later than this.
        var askedAt = clock.GetTimestamp();
        try
        {
            if (_held is { } held)
            {
                _held = await leases.RenewAsync(held.Lease, ct) ? held with { AskedAt = askedAt } : null;
                if (_held is null)
                {
                    LogLost(name, held.Lease.Epoch);
                }
            }
            else if (await leases.TakeAsync(name, ct) is { } lease)
            {
                _held = new Held(lease, askedAt);
                LogTaken(name, lease.Epoch);
            }
        }
        catch (DbException e)
        {
            LogEngineAway(e, name); // the next tick asks again
        }
    }

    private async Task ReleaseAsync()
    {
        try
        {
            if (_held is { } held)
            {
                _held = null;
                await leases.ReleaseAsync(held.Lease, CancellationToken.None);
            }
        }
        catch (DbException e)
        {
            LogEngineAway(e, name); // it ends by itself
        }
    }

    private sealed record Held(Lease Lease, long AskedAt);

    [LoggerMessage(LogLevel.Information, "This node holds the lease {Lease} under epoch {Epoch}.")]
    private partial void LogTaken(string lease, long epoch);

    [LoggerMessage(LogLevel.Information, "This node has lost the lease {Lease}, epoch {Epoch}.")]
    private partial void LogLost(string lease, long epoch);

    [LoggerMessage(LogLevel.Warning, "The engine is away; the lease {Lease} can be neither taken nor renewed.")]
    private partial void LogEngineAway(Exception e, string lease);
}
