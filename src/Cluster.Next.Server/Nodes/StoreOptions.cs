using Cluster.Server.Nodes;

namespace Cluster.Next.Server.Nodes;

/// <summary>Where the node's logs are: <c>Cluster:Store</c>, a PostgreSQL connection string, or nothing for SQLite in the data folder.
/// Its older name <c>Cluster:Engine</c> is read as well.</summary>
public sealed class StoreOptions
{
    public string Store { get; set; } = "";

    /// <summary>The connection string of PostgreSQL; empty for SQLite.</summary>
    public string ConnectionString(ClusterOptions options) => Store.Length > 0 ? Store : options.Engine;
}
