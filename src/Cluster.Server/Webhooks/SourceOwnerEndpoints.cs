using Cluster.Core.Api;
using Cluster.Core.Sessions;
using Cluster.Server.Api;
using Cluster.Server.Security;
using Cluster.Storage.Sources;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Webhooks;

/// <summary>The operator's API for who is listed on a source: its owner lists them, and they accept and leave.</summary>
internal static class SourceOwnerEndpoints
{
    public static void MapSourceOwners(this IEndpointRouteBuilder api)
    {
        api.MapGet("/sources/listed", ListedAsync);
        api.MapPut("/sources/{name}/owners/{principal}", AddAsync);
        api.MapDelete("/sources/{name}/owners/{principal}", RemoveAsync);
        api.MapPost("/sources/{name}/accept", AcceptAsync);
        api.MapPost("/sources/{name}/leave", LeaveAsync);
    }

    private static async Task<Ok<IReadOnlyList<SourceListing>>> ListedAsync(HttpContext context, SourceOwners owners, CancellationToken ct) =>
        TypedResults.Ok<IReadOnlyList<SourceListing>>(await owners.ListedAsync(context.Caller(), ct));

    private static async Task<Results<NoContent, ProblemHttpResult>> AddAsync(
        string name, string principal, HttpContext context, SourceOwners owners, CancellationToken ct) =>
        !Slug.IsValid(principal)
            ? ApiEndpoints.Bad($"A person's name is {Slug.Expected}.")
            : Answer(await owners.AddAsync(name, principal, context.Caller(), ct), name, principal, $"Nobody is known as {principal}. An admin lets people in: cluster principal add {principal}.");

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        string name, string principal, HttpContext context, SourceOwners owners, CancellationToken ct) =>
        Answer(await owners.RemoveAsync(name, principal, context.Caller(), ct), name, principal, $"{principal} is not listed on {name}. See: cluster source owners {name}.");

    private static async Task<Results<NoContent, ProblemHttpResult>> AcceptAsync(
        string name, HttpContext context, SourceOwners owners, CancellationToken ct) =>
        await owners.AcceptAsync(name, context.Caller(), ct) ? TypedResults.NoContent() : NotListed(name);

    private static async Task<Results<NoContent, ProblemHttpResult>> LeaveAsync(
        string name, HttpContext context, SourceOwners owners, CancellationToken ct) =>
        await owners.LeaveAsync(name, context.Caller(), ct) ? TypedResults.NoContent() : NotListed(name);

    private static Results<NoContent, ProblemHttpResult> Answer(OwnerChange change, string name, string principal, string unknown) => change switch
    {
        OwnerChange.Done => TypedResults.NoContent(),
        OwnerChange.NoSuchPrincipal => ApiEndpoints.Bad(unknown),
        OwnerChange.OwnsIt => ApiEndpoints.Bad($"{principal} owns {name} already; its routes reach {principal}'s sessions as they are."),
        OwnerChange.TooMany => ApiEndpoints.Bad($"{SourceOwners.Most} people are listed on {name} already. Remove one first."),
        _ => SourceEndpoints.NoSuchSource(),
    };

    private static ProblemHttpResult NotListed(string name) => TypedResults.Problem(
        $"You are not listed on a source '{name}'. See: cluster source list.", statusCode: StatusCodes.Status404NotFound);
}
