using Cluster.Chat;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Sessions;
using Cluster.Server.Api;
using Cluster.Server.Security;
using Cluster.Storage.Chats;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Chats;

/// <summary>Bots, pairing codes, and the accounts of people at chat platforms.</summary>
internal static class ChatEndpoints
{
    public static void MapChats(this IEndpointRouteBuilder api)
    {
        api.MapGet("/bots", ListBotsAsync);
        api.MapPost("/bots", AddBotAsync);
        api.MapDelete("/bots/{name}", RemoveBotAsync);
        api.MapPairings();
        api.MapGet("/identities", ListIdentitiesAsync);
        api.MapDelete("/identities/{identity}", UnlinkAsync);
    }

    private static async Task<Ok<IReadOnlyList<BotInfo>>> ListBotsAsync(BotStore bots, CancellationToken ct) =>
        TypedResults.Ok<IReadOnlyList<BotInfo>>(await bots.ListAsync(ct));

    private static async Task<Results<Ok<BotInfo>, ProblemHttpResult>> AddBotAsync(
        AddBot request, HttpContext context, BotStore bots, ChatPlatforms platforms, CancellationToken ct)
    {
        if (!context.Caller().Admin)
        {
            return ApiEndpoints.AdminsOnly();
        }

        if (!Slug.IsValid(request.Name))
        {
            return ApiEndpoints.Bad($"A bot's name is {Slug.Expected}.");
        }

        if (platforms.Find(request.Platform) is not { } platform)
        {
            return ApiEndpoints.Bad($"The platform is one of {string.Join(", ", platforms.Names)}.");
        }

        var token = request.Token.Trim();
        if (token.Length is 0 or > 200 || token.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
        {
            return ApiEndpoints.Bad("The token is empty, or is not one: it has no spaces and no line breaks.");
        }

        var url = platform.BaseUrl;
        if (request.BaseUrl is not null
            && (!Uri.TryCreate(request.BaseUrl, UriKind.Absolute, out url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0))
        {
            return ApiEndpoints.Bad("baseUrl is the address of the platform's API: http://… or https://…");
        }

        ChatAccount account;
        try
        {
            await using var bot = platform.Create(token, url);
            account = await bot.CheckAsync(ct);
        }
        catch (ChatRefusedException e)
        {
            return ApiEndpoints.Bad(e.Message);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return TypedResults.Problem(
                $"{platform.Name} cannot be reached from this node; the token was not checked, and nothing was added. Try again.", statusCode: StatusCodes.Status502BadGateway);
        }

        return await bots.AddAsync(request.Name, platform.Name, url, token, (account.Id, account.Name, account.PairingLink), context.Caller(), ct)
            ? TypedResults.Ok((await bots.ListAsync(ct)).Single(one => one.Name == request.Name))
            : TypedResults.Problem(
                $"A bot named '{request.Name}', or this very account ({account.Name}), is here already. See: cluster bot list.", statusCode: StatusCodes.Status409Conflict);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveBotAsync(string name, HttpContext context, BotStore bots, CancellationToken ct) =>
        !context.Caller().Admin ? ApiEndpoints.AdminsOnly()
        : await bots.RemoveAsync(name, context.Caller(), ct) ? TypedResults.NoContent()
        : TypedResults.Problem("There is no such bot. See: cluster bot list.", statusCode: StatusCodes.Status404NotFound);

    private static async Task<Ok<IReadOnlyList<IdentityInfo>>> ListIdentitiesAsync(HttpContext context, PairingStore pairings, CancellationToken ct) =>
        TypedResults.Ok<IReadOnlyList<IdentityInfo>>(await pairings.ListAsync(context.Caller(), ct));

    private static async Task<Results<NoContent, ProblemHttpResult>> UnlinkAsync(
        string identity, HttpContext context, PairingStore pairings, CancellationToken ct)
    {
        if (!Identity.TryParse(identity, out var who) || !who.IsChat)
        {
            return ApiEndpoints.Bad("An account is telegram:NUMBER or discord:NUMBER. See: cluster identities.");
        }

        return await pairings.UnlinkAsync(who, context.Caller(), ct)
            ? TypedResults.NoContent()
            : TypedResults.Problem("You have no such account. See: cluster identities.", statusCode: StatusCodes.Status404NotFound);
    }
}
