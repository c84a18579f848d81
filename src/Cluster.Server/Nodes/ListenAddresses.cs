using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cluster.Server.Nodes;

/// <summary>Looks, before anything is opened or made, whether the node can listen where it is told to.</summary>
internal static class ListenAddresses
{
    private const string Expected = "expected addresses such as http://127.0.0.1:5230, with ; between them";

    /// <exception cref="StartRefusedException">It cannot, and why.</exception>
    public static void Check(IConfiguration settings)
    {
        if (settings.GetSection("Kestrel:Endpoints").GetChildren().Any())
        {
            return; // these stand above all others, and Kestrel has more to say about them
        }

        foreach (var address in Addresses(settings))
        {
            Check(address);
            if (address.StartsWith("https:", StringComparison.OrdinalIgnoreCase) && !settings.GetSection("Kestrel:Certificates").GetChildren().Any() && !HasDevelopersOwn())
            {
                throw new StartRefusedException(
                    $"{address} needs a certificate, and there is none; name one as Kestrel:Certificates:Default:Path, or listen with http behind a proxy that has one.");
            }
        }
    }

    // As `dotnet dev-certs https` makes it; Kestrel takes it by itself.
    private static bool HasDevelopersOwn()
    {
        using var store = new X509Store(StoreName.My, StoreLocation.CurrentUser);
        try
        {
            store.Open(OpenFlags.ReadOnly);
            return store.Certificates.Any(certificate => certificate.HasPrivateKey && certificate.Extensions["1.3.6.1.4.1.311.84.1.1"] is not null);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static IEnumerable<string> Addresses(IConfiguration settings) =>
        settings["urls"] is { Length: > 0 } urls
            ? urls.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            : Ports(settings, "http").Concat(Ports(settings, "https"));

    private static IEnumerable<string> Ports(IConfiguration settings, string scheme) =>
        (settings[$"{scheme}_ports"] ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(port => ushort.TryParse(port, out _)
                ? $"{scheme}://*:{port}"
                : throw new StartRefusedException($"{scheme}_ports has '{port}'; expected numbers of ports, with ; between them."));

    private static void Check(string address)
    {
        var parsed = Parse(address);
        if (parsed.IsUnixPipe || parsed.IsNamedPipe || parsed.Port == 0)
        {
            return;
        }

        foreach (var host in Hosts(parsed.Host))
        {
            try
            {
                using var socket = new Socket(host.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                if (host.Equals(IPAddress.IPv6Any))
                {
                    socket.DualMode = true;
                }

                socket.Bind(new IPEndPoint(host, parsed.Port));
            }
            catch (SocketException e) when (host.Equals(IPAddress.IPv6Loopback) && e.SocketErrorCode == SocketError.AddressNotAvailable && IsLocalhost(parsed.Host))
            {
                // Kestrel does with the other one, too.
            }
            catch (SocketException e)
            {
                var trouble = e.SocketErrorCode switch
                {
                    SocketError.AddressAlreadyInUse => "is in use by another program; end that one, or",
                    SocketError.AccessDenied => "is not for this user to listen at;",
                    SocketError.AddressNotAvailable => "is not an address of this machine;",
                    _ => $"cannot be listened at ({e.Message.TrimEnd('.')});",
                };
                throw new StartRefusedException($"{address} {trouble} choose another address with --urls http://127.0.0.1:PORT.", e);
            }
        }
    }

    private static BindingAddress Parse(string address)
    {
        try
        {
            var parsed = BindingAddress.Parse(address);
            if (parsed.PathBase.Length == 0 && parsed.Port is >= 0 and <= ushort.MaxValue && parsed.Scheme.ToUpperInvariant() is "HTTP" or "HTTPS")
            {
                return parsed;
            }
        }
        catch (FormatException)
        {
            // Told below.
        }

        throw new StartRefusedException($"The node cannot listen at '{address}'; {Expected}.");
    }

    // As Kestrel does: any name but localhost means all interfaces.
    private static IPAddress[] Hosts(string host) =>
        IsLocalhost(host) ? [IPAddress.Loopback, .. Socket.OSSupportsIPv6 ? [IPAddress.IPv6Loopback] : (IPAddress[])[]]
        : IPAddress.TryParse(host, out var address) ? [address]
        : [Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any];

    private static bool IsLocalhost(string host) => string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase);
}
