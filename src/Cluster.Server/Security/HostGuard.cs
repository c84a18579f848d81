using Cluster.Server.Nodes;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Security;

/// <summary>Refuses calls under a name that is not this node's, and calls from other sites' pages: a page that rebinds its name to
/// 127.0.0.1 sends its own name here.</summary>
internal sealed class HostGuard(RequestDelegate next, IOptions<ClusterOptions> options, Refusals refusals)
{
    private readonly HashSet<string> _hosts =
        new(["localhost", "127.0.0.1", "[::1]", .. options.Value.AllowedHosts], StringComparer.OrdinalIgnoreCase);

    public Task InvokeAsync(HttpContext context)
    {
        var host = context.Request.Host;
        if (!host.HasValue || !_hosts.Contains(host.Host))
        {
            refusals.Count("host");
            return TypedResults.Problem(
                "This node does not answer under this host name. Call it by its own address, or add the name to Cluster:AllowedHosts.",
                statusCode: StatusCodes.Status403Forbidden).ExecuteAsync(context);
        }

        var origin = context.Request.Headers.Origin;
        if (origin.Count > 0
            && (origin.Count > 1
                || !Uri.TryCreate(origin[0], UriKind.Absolute, out var from)
                || !string.Equals(from.Authority, host.Value, StringComparison.OrdinalIgnoreCase)))
        {
            refusals.Count("origin");
            return TypedResults.Problem(
                "Calls from other sites' pages are refused.", statusCode: StatusCodes.Status403Forbidden).ExecuteAsync(context);
        }

        return next(context);
    }
}
