using Cluster.Core.Api;
using Cluster.Core.Channel;
using Cluster.Core.Sessions;
using Cluster.Server.Backups;
using Cluster.Server.Chats;
using Cluster.Server.Nodes;
using Cluster.Server.Routes;
using Cluster.Server.Security;
using Cluster.Server.Webhooks;
using Cluster.Storage.Engines;
using Cluster.Storage.Nodes;
using Cluster.Storage.Principals;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Api;

/// <summary>The operator's API: people, tokens and page links. Sessions have <see cref="SessionEndpoints"/>, sources <see cref="SourceEndpoints"/>.</summary>
internal static class ApiEndpoints
{
    private const int MaxLabelLength = 64;

    public static void MapApi(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/login", LoginAsync);
        var api = app.MapGroup("/api").RequireAuthorization(TokenAuthentication.Bearer);
        api.MapGet("/me", Me);
        api.MapGet("/nodes", ListNodesAsync);
        api.MapGet("/principals", ListPrincipalsAsync);
        api.MapPost("/principals", AddPrincipalAsync);
        api.MapGet("/tokens", ListTokensAsync);
        api.MapPost("/tokens", AddTokenAsync);
        api.MapDelete("/tokens/{id}", RevokeTokenAsync);
        api.MapPost("/page-codes", NewPageCodeAsync);
        api.MapSources();
        api.MapSourceOwners();
        api.MapRoutes();
        api.MapBackup();
        api.MapSessions();
        api.MapEvents();
        api.MapChats();
    }

    private static Ok<Me> Me(HttpContext context, Engine engine, NodeAddress address)
    {
        var caller = context.Caller();
        return TypedResults.Ok(new Me
        {
            Principal = caller.Principal,
            Admin = caller.Admin,
            NodeVersion = ChannelProtocol.Version,
            Engine = engine.Description,
            Url = address.Url,
        });
    }

    private static async Task<Ok<IReadOnlyList<NodeInfo>>> ListNodesAsync(NodeStore nodes, CancellationToken ct) =>
        TypedResults.Ok<IReadOnlyList<NodeInfo>>(await nodes.ListAsync(ct));

    private static async Task<Results<Ok<NewToken>, ProblemHttpResult>> LoginAsync(
        Login login, PrincipalStore principals, Refusals refusals, CancellationToken ct)
    {
        if (login.Code.Length < 64 && await principals.RedeemAsync(login.Code, Label(login.Label, "login"), ct) is { } token)
        {
            return TypedResults.Ok(token);
        }

        refusals.Count("invitation");
        return TypedResults.Problem(
            "This invitation is unknown, used already or too old. Ask an admin for a new one: cluster principal add NAME.",
            statusCode: StatusCodes.Status401Unauthorized);
    }

    private static async Task<Results<Ok<IReadOnlyList<PrincipalInfo>>, ProblemHttpResult>> ListPrincipalsAsync(
        HttpContext context, PrincipalStore principals, CancellationToken ct) =>
        context.Caller().Admin ? TypedResults.Ok<IReadOnlyList<PrincipalInfo>>(await principals.ListAsync(ct)) : AdminsOnly();

    private static async Task<Results<Ok<Invitation>, ProblemHttpResult>> AddPrincipalAsync(
        AddPrincipal request, HttpContext context, PrincipalStore principals, NodeAddress address, CancellationToken ct)
    {
        if (!context.Caller().Admin)
        {
            return AdminsOnly();
        }

        if (!Slug.IsValid(request.Name) || request.Name == "me")
        {
            return Bad($"A principal's name is {Slug.Expected}, and not 'me'.");
        }

        var (code, expires) = await principals.InviteAsync(request.Name, context.Caller(), ct);
        return TypedResults.Ok(new Invitation { Principal = request.Name, Url = $"{address.Url}/invite#{code}", ExpiresAt = expires });
    }

    private static async Task<Ok<IReadOnlyList<TokenInfo>>> ListTokensAsync(HttpContext context, PrincipalStore principals, CancellationToken ct) =>
        TypedResults.Ok<IReadOnlyList<TokenInfo>>(await principals.ListTokensAsync(context.Caller(), ct));

    private static async Task<Ok<NewToken>> AddTokenAsync(AddToken request, HttpContext context, PrincipalStore principals, CancellationToken ct) =>
        TypedResults.Ok(await principals.AddTokenAsync(context.Caller(), Label(request.Label, "token"), ct));

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeTokenAsync(
        string id, HttpContext context, PrincipalStore principals, CancellationToken ct) =>
        await principals.RevokeTokenAsync(id, context.Caller(), ct)
            ? TypedResults.NoContent()
            : TypedResults.Problem("You have no such token that is still valid. See: cluster token list.", statusCode: StatusCodes.Status404NotFound);

    private static async Task<Ok<PageLink>> NewPageCodeAsync(HttpContext context, PrincipalStore principals, NodeAddress address, CancellationToken ct)
    {
        var (code, expires) = await principals.NewPageCodeAsync(context.Caller(), ct);
        return TypedResults.Ok(new PageLink { Url = $"{address.Url}/login#{code}", ExpiresAt = expires });
    }

    private static string Label(string? given, string fallback)
    {
        var label = Core.Events.HostileText.Clean(given ?? "").Trim();
        return label.Length == 0 ? fallback : label.Length > MaxLabelLength ? label[..MaxLabelLength] : label;
    }

    internal static ProblemHttpResult Bad(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status400BadRequest);

    internal static ProblemHttpResult AdminsOnly() =>
        TypedResults.Problem("Only an admin may do this.", statusCode: StatusCodes.Status403Forbidden);
}
