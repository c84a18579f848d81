using Cluster.Core.Logs;
using Cluster.Next.Grains.Logs;
using Microsoft.Extensions.Logging;

namespace Cluster.Next.Chaos.Faults;

/// <summary>Only the first activation of a grain claims it; the later ones write under that.</summary>
internal sealed class UnclaimedLogs(ILogStore store, IIndexStore index, ILogWriter writer, StoreClock clock, GrainLogOptions options, ILoggerFactory loggers)
    : GrainLogs(store, index, writer, clock, options, loggers)
{
    protected override bool Claims(long latest) => latest == 0;
}

/// <summary>Decides the next commands, and answers those that write nothing, while an append is still in flight.</summary>
internal sealed class OverlappingLogs(ILogStore store, IIndexStore index, ILogWriter writer, StoreClock clock, GrainLogOptions options, ILoggerFactory loggers)
    : GrainLogs(store, index, writer, clock, options, loggers)
{
    protected override bool Overlaps => true;
}
