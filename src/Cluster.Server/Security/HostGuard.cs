using Cluster.Server.Nodes;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Security;

/// <summary>Refuses calls under a name that is not this node's, and calls from other sites' pages: a page that rebinds its name to
/// 127.0.0.1 sends its own name here.</summary>
internal sealed class HostGuard(RequestDelegate next, IOptions<ClusterOptions> options, NodeAddress address, Refusals refusals)
{
    private readonly HashSet<string> _hosts =
        new(["localhost", "127.0.0.1", "[::1]", .. options.Value.AllowedHosts], StringComparer.OrdinalIgnoreCase);

    public Task InvokeAsync(HttpContext context)
    {
        var host = context.Request.Host;
        if (!IsOurs(host) && !IsProbe(context.Request.Path))
        {
            refusals.Count("host");
            return TypedResults.Problem(
                "This node does not answer under this host name. Call it by its own address, or add the name to Cluster:AllowedHosts.",
                statusCode: StatusCodes.Status403Forbidden).ExecuteAsync(context);
        }

        var origin = context.Request.Headers.Origin;
        if (origin.Count > 0 && !(origin is [{ } from] && IsOurs(from, host)))
        {
            refusals.Count("origin");
            return TypedResults.Problem(
                "Calls from other sites' pages are refused.", statusCode: StatusCodes.Status403Forbidden).ExecuteAsync(context);
        }

        return next(context);
    }

    private bool IsOurs(HostString host) =>
        host.HasValue && (_hosts.Contains(host.Host) || string.Equals(host.Host, address.Public?.Host, StringComparison.OrdinalIgnoreCase));

    private bool IsOurs(string origin, HostString host)
    {
        // Whatever a proxy made of the host name, our own pages say where they come from.
        if (string.Equals(origin, address.Public?.Origin, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        // The public name under another scheme is somebody else's page: anybody on the way can write one without TLS.
        return Uri.TryCreate(origin, UriKind.Absolute, out var from)
            && string.Equals(from.Authority, host.Value, StringComparison.OrdinalIgnoreCase)
            && !string.Equals(from.Authority, address.Public?.Authority, StringComparison.OrdinalIgnoreCase);
    }

    // Kubernetes asks these under the pod's address. They tell nothing that a stranger may not know.
    private static bool IsProbe(PathString path) => path.Value is "/healthz" or "/readyz";
}
