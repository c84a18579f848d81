using System.Data.Common;

namespace Cluster.Next.Server.Silos.Certificates;

/// <summary>Looks every few minutes for the next certificate, and makes it when it is time.</summary>
internal sealed partial class CertificateRenewal(SiloCertificates certificates, TimeProvider clock, ILogger<CertificateRenewal> logger)
    : BackgroundService
{
    private static readonly TimeSpan Every = SiloCertificates.ReadBefore / 6;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await certificates.RefreshAsync(stoppingToken);
            }
            catch (DbException e)
            {
                LogStoreAway(e); // the next tick is the retry
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The store is away; the nodes' certificates could not be read.")]
    private partial void LogStoreAway(Exception e);
}
