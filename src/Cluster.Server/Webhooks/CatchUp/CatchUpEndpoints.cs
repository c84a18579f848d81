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
        if (CatchUpTarget.Fault(request.Repository, request.Organization, request.Api, request.Token) is { } fault)
        {
            return ApiEndpoints.Bad(fault);
        }

        if (request.Api is not (null or CatchUpTarget.PublicApi) && !caller.Admin)
        {
            // The node calls it, perhaps within a network that the caller is not in.
            return TypedResults.Problem("Only an admin names another GitHub than github.com.", statusCode: StatusCodes.Status403Forbidden);
        }

        var wish = new CatchUpWish
        {
            Api = request.Api,
            Owner = request.Repository is null && request.Organization is null ? null : CatchUpTarget.Owner(request.Repository, request.Organization),
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
        CatchUpChange.NoOwner => ApiEndpoints.Bad("Name the repository (acme/api) or the organization that has the hook."),
        CatchUpChange.NoToken => ApiEndpoints.Bad("Give a token of GitHub, with --token-file FILE: there is none yet that this node can open and that was given for this API."),
        _ => SourceEndpoints.NoSuchSource(),
    };
}
