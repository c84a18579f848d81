using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Nodes;

/// <summary>The addresses of the node: where it listens, how this machine calls it, and how everybody does.</summary>
internal sealed class NodeAddress(IServer server, IOptions<ClusterOptions> options)
{
    // All interfaces is no address to call.
    private static readonly string[] Everywhere = ["//0.0.0.0", "//[::]", "//+", "//*"];

    /// <summary>Null unless <c>Cluster:PublicUrl</c> is set.</summary>
    public PublicUrl? Public { get; } = PublicUrl.Read(options.Value.PublicUrl).Url;

    /// <summary>What everything that is printed for people and other machines begins with.</summary>
    public string Url => Public?.Origin ?? LocalUrl;

    /// <summary>For callers on this machine, which may not be able to reach the public address.</summary>
    public string LocalUrl =>
        Array.Find(Everywhere, Bound.Contains) is { } all ? Bound.Replace(all, "//127.0.0.1", StringComparison.Ordinal) : Bound;

    public string Bound => (server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? Node.DefaultUrl).TrimEnd('/');

    /// <summary>True when other machines call this node while what it prints for them is an address of this machine only.</summary>
    public bool PrintsForThisMachineOnly => Public is null && Bound != LocalUrl;
}
