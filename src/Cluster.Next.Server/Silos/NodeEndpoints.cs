using System.Data.Common;
using Cluster.Core.Api;
using Cluster.Next.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Next.Server.Silos;

/// <summary><c>GET /api/nodes</c>: the nodes of the cluster.</summary>
internal static class NodeEndpoints
{
    public static void MapNodes(this IEndpointRouteBuilder app) =>
        app.MapGroup("/api")
            .RequireAuthorization(TokenAuthentication.Bearer)
            .MapGet("/nodes", ListAsync);

    private static async Task<Results<Ok<IReadOnlyList<NodeInfo>>, ProblemHttpResult>> ListAsync(NodeList nodes, CancellationToken ct)
    {
        try
        {
            return TypedResults.Ok(await nodes.ListAsync(ct));
        }
        catch (DbException)
        {
            return TypedResults.Problem("The store is away. Try again in a moment.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
