namespace Cluster.Chaos.Nodes;

/// <summary>What a cluster is made of.</summary>
internal sealed record ClusterPlan
{
    public int Nodes { get; init; } = 3;

    public int Sessions { get; init; } = 10;

    /// <summary>How many of the sessions stand behind <c>cluster connect</c>; the others speak HTTP themselves.</summary>
    public int Connectors { get; init; } = 4;

    /// <summary>The fault that the nth node is built with; null for the product as it is.</summary>
    public Func<int, string?> Fault { get; init; } = _ => null;
}
