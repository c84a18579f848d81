namespace Cluster.Next.Storage.Starting;

/// <summary>Where a node keeps its logs. The names are those of the node's options, section <c>Cluster</c>.</summary>
public sealed record StoreOptions
{
    /// <summary>PostgreSQL for a cluster of nodes, <c>Host=…;Database=…;Username=…;Password=…</c>; empty for SQLite.</summary>
    public string Engine { get; set; } = "";

    /// <summary>The folder of SQLite.</summary>
    public string Data { get; set; } = "data";

    /// <summary>Accept a PostgreSQL server that may lose commits in a crash.</summary>
    public bool AllowUnsafeDurability { get; set; }

    /// <summary>Shows in <c>pg_stat_activity</c>.</summary>
    public string NodeName { get; set; } = "";

    /// <summary>How long a start waits for a server that is away.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(30);
}
