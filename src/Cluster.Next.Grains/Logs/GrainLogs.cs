using Cluster.Core.Logs;
using Microsoft.Extensions.Logging;

namespace Cluster.Next.Grains.Logs;

/// <summary>What a node gives its grains to keep their logs with.</summary>
public class GrainLogs(ILogStore store, IIndexStore index, ILogWriter writer, StoreClock clock, GrainLogOptions options, ILoggerFactory loggers)
{
    public ILogStore Store => store;

    public IIndexStore Index => index;

    public ILogWriter Writer => writer;

    public StoreClock Clock => clock;

    public GrainLogOptions Options => options;

    /// <summary>Whether an activation begins with a claim of its own; false only in a node that is made faulty on purpose.</summary>
    /// <param name="latest">The latest claim in the log; 0 for none.</param>
    protected internal virtual bool Claims(long latest) => true;

    /// <summary>Whether a second append may be in flight; true only in a node that is made faulty on purpose.</summary>
    protected internal virtual bool Overlaps => false;

    public ILogger Logger(LogId log) => loggers.CreateLogger($"Cluster.Grains.{log.Kind}");
}

/// <summary>How grains keep their logs.</summary>
public sealed class GrainLogOptions
{
    /// <summary>This node, as claims name it.</summary>
    public string NodeName { get; set; } = "node";

    /// <summary>Binds audit rows to one another; derived from <c>CLUSTER_KEY</c>.</summary>
    public byte[] AuditKey { get; set; } = [];

    /// <summary>Records between two snapshots.</summary>
    public int SnapshotEvery { get; set; } = 1000;

    /// <summary>After how long an entry that nobody has acknowledged is sent again by whichever node sweeps, should this one die.</summary>
    public TimeSpan OutboxDue { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long acknowledgements wait for other records to go with.</summary>
    public TimeSpan AcknowledgeWithin { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long keys are looked for in the store once repeats are likely.</summary>
    public TimeSpan LookUpFor { get; set; } = TimeSpan.FromSeconds(10);
}
