using System.Net;
using Cluster.Server.Nodes;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;
using IPNetwork = System.Net.IPNetwork;

namespace Cluster.Server.Security;

/// <summary>Whose word counts about how a call looked before it came through them: the <c>X-Forwarded-</c> headers of the proxies in
/// <c>Cluster:TrustedProxies</c>. Anybody else's are not looked at.</summary>
internal static class TrustedProxies
{
    /// <summary>Says what is wrong with the entries of the setting.</summary>
    public static IEnumerable<string> Faults(IEnumerable<string> entries) =>
        entries.Index().Where(entry => Read(entry.Item) is null).Select(entry =>
            $"Cluster:TrustedProxies:{entry.Index} is '{entry.Item}'; expected an IP address such as 10.0.0.7, or a network such as 10.0.0.0/8 "
            + "with zeros behind its prefix. Names are not looked up.");

    public static IServiceCollection AddTrustedProxies(this IServiceCollection services)
    {
        // Everything is set here, so that ASPNETCORE_FORWARDEDHEADERS_ENABLED, which trusts everybody, changes nothing.
        services.AddOptions<ForwardedHeadersOptions>().Configure<IOptions<ClusterOptions>>((headers, options) =>
        {
            headers.KnownProxies.Clear();
            headers.KnownIPNetworks.Clear();
            foreach (var entry in options.Value.TrustedProxies)
            {
                headers.KnownIPNetworks.Add(Read(entry)!.Value);
            }

            headers.ForwardedHeaders = options.Value.TrustedProxies.Count == 0
                ? ForwardedHeaders.None
                : ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost;

            // Back through as many proxies as are trusted. They need not all send all three headers: load balancers leave out the
            // host, and a second proxy adds itself to the first header only.
            headers.ForwardLimit = null;
            headers.RequireHeaderSymmetry = false;
        });
        return services;
    }

    private static IPNetwork? Read(string entry)
    {
        var network = IPNetwork.TryParse(entry, out var read) ? read
            : IPAddress.TryParse(entry, out var address) ? Single(address)
            : (IPNetwork?)null;

        // IPv4 as people write it: "10.1" and "010.0.0.1" are addresses too, but other ones than they seem.
        return network is not { } found || entry.Contains(':', StringComparison.Ordinal) || entry == found.ToString() || $"{entry}/32" == found.ToString()
            ? network
            : null;
    }

    private static IPNetwork Single(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return new IPNetwork(plain, plain.GetAddressBytes().Length * 8);
    }
}
