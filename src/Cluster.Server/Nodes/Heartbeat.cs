using System.Data.Common;
using Cluster.Core.Channel;
using Cluster.Storage.Nodes;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Nodes;

/// <summary>Says every two seconds that this node lives. A node that was taken for dead, and is not, is known again with its next beat;
/// its streams find out by themselves what they still serve.</summary>
internal sealed partial class Heartbeat(NodeStore nodes, IOptions<ClusterOptions> options, TimeProvider clock, ILogger<Heartbeat> logger)
    : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    /// <summary>Says it now: something that other nodes must know has changed.</summary>
    public Task BeatAsync(CancellationToken ct) => nodes.BeatAsync(options.Value.Name, ChannelProtocol.Version, ct);

    /// <summary>The first beat comes before anything is served: a stream's node must be known.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await BeatAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>Leaves when everything else has ended.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await nodes.LeaveAsync(cancellationToken);
        }
        catch (DbException e)
        {
            LogEngineAway(e); // its silence tells
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await BeatAsync(stoppingToken);
            }
            catch (DbException e)
            {
                LogEngineAway(e); // the next tick says it again
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The engine is away; other nodes may take this one for dead.")]
    private partial void LogEngineAway(Exception e);
}
