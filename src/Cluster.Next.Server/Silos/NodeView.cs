using Cluster.Core.Channel;

namespace Cluster.Next.Server.Silos;

/// <summary>What a node says of itself. The key is its silo's address, and so is the placement hint of whoever asks.</summary>
[Alias("node-view")]
public interface INodeView : IGrainWithStringKey
{
    [Alias("view")] Task<NodeSays> ViewAsync();
}

[GenerateSerializer, Immutable, Alias("node-says")]
public sealed record NodeSays
{
    /// <summary>Where the answer was given.</summary>
    [Id(0)] public required string Silo { get; init; }

    [Id(1)] public required string Version { get; init; }
}

internal sealed class NodeView(ILocalSiloDetails silo) : Grain, INodeView
{
    public Task<NodeSays> ViewAsync() =>
        Task.FromResult(new NodeSays { Silo = silo.SiloAddress.ToParsableString(), Version = ChannelProtocol.Version });
}
