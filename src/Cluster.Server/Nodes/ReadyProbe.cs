using System.Data.Common;
using Cluster.Storage.Engines;

namespace Cluster.Server.Nodes;

/// <summary>Whether the engine takes work, asked at most once a second however often anybody asks here.</summary>
internal sealed class ReadyProbe(Engine engine, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan ProbeFor = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _asking = new(1, 1);
    private (bool Ready, long At)? _known;

    public async Task<bool> IsReadyAsync(CancellationToken ct)
    {
        await _asking.WaitAsync(ct);
        try
        {
            if (_known is not var (ready, at) || clock.GetElapsedTime(at) > KnownFor)
            {
                ready = await ProbeAsync();
                _known = (ready, clock.GetTimestamp());
            }

            return ready;
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose() => _asking.Dispose();

    private async Task<bool> ProbeAsync()
    {
        using var patience = new CancellationTokenSource(ProbeFor, clock);
        try
        {
            await engine.ProbeAsync(patience.Token);
            return true;
        }
        catch (Exception e) when (e is DbException or OperationCanceledException or ObjectDisposedException)
        {
            return false;
        }
    }
}
