using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Cluster.Next.Server.Silos;

/// <summary>Where other nodes reach this one's silo, section <c>Cluster:Silo</c>. A single node on SQLite has no such place.</summary>
public sealed class SiloEndpointOptions : IValidatableObject
{
    /// <summary>The address that is told to other nodes, such as the pod's; the silo listens there.</summary>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>0 for a free one.</summary>
    [Range(0, 65_535)] public int Port { get; set; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IPAddress.TryParse(Address, out var address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            yield return new ValidationResult(
                $"Cluster:Silo:Address is '{Address}'; expected the IP address by which other nodes reach this one, such as 10.0.0.7.");
        }
    }

    /// <summary>The place, with a port that nobody listens on if none was set.</summary>
    public IPEndPoint Choose()
    {
        var address = IPAddress.Parse(Address);
        if (Port > 0)
        {
            return new IPEndPoint(address, Port);
        }

        using var listener = new TcpListener(address, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }
}

[OptionsValidator]
internal sealed partial class SiloEndpointOptionsValidator : IValidateOptions<SiloEndpointOptions>;
