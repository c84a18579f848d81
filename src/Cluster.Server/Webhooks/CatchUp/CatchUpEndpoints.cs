using Cluster.Core.Api;
using Cluster.Core.Webhooks.GitHub;
using Cluster.Server.Api;
using Cluster.Server.Security;
using Cluster.Storage.Sources;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Webhooks.CatchUp;

/// <summary>The operator's API for catching up.</summary>
internal static class CatchUpEndpoints
{
    public static void MapCatchUp(this IEndpointRouteBuilder api)
    {
        api.MapPut("/sources/{name}/catch-up", SetAsync);
        api.MapDelete("/sources/{name}/catch-up", RemoveAsync);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> SetAsync(
        string name, SetCatchUp request, HttpContext context, CatchUpStore store, CancellationToken ct)
    {
        var caller = context.Caller();
        var api = request.Api ?? CatchUpTarget.PublicApi;
        if (CatchUpTarget.Fault(request.Repository, request.Organization, api, request.Token) is { } fault)
        {
            return ApiEndpoints.Bad(fault);
        }

        if (api != CatchUpTarget.PublicApi && !caller.Admin)
        {
            // The node calls it, perhaps within a network that the caller is not in.
            return TypedResults.Problem("Only an admin names another GitHub than github.com.", statusCode: StatusCodes.Status403Forbidden);
        }

        var wish = new CatchUpWish
        {
            Api = api,
            Owner = CatchUpTarget.Owner(request.Repository, request.Organization),
            Hook = request.Hook,
            Token = request.Token,
        };
        return Answer(await store.SetAsync(name, wish, caller, ct));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(string name, HttpContext context, CatchUpStore store, CancellationToken ct) =>
        Answer(await store.RemoveAsync(name, context.Caller(), ct));

    private static Results<NoContent, ProblemHttpResult> Answer(CatchUpChange change) => change switch
    {
        CatchUpChange.Done => TypedResults.NoContent(),
        CatchUpChange.NotGitHub => ApiEndpoints.Bad("Only a github source catches up: the other senders try again by themselves."),
        _ => SourceEndpoints.NoSuchSource(),
    };
}
