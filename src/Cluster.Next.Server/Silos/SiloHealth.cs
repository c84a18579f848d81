using Cluster.Next.Server.Nodes;

namespace Cluster.Next.Server.Silos;

/// <summary>Whether the silo carries out calls. Membership's own probes go on while its grains are stuck, so a grain is called.</summary>
internal sealed class SiloHealth(IGrainFactory grains, TimeProvider clock)
    : HealthProbe(
        _ => grains.GetGrain<INodeProbe>(0).AnswerAsync(),
        "The silo did not answer in two seconds; if it stays so, end this node and start it again.",
        clock)
{
    /// <summary>The tag of checks whose failure only a new start mends.</summary>
    public const string Live = "live";
}
