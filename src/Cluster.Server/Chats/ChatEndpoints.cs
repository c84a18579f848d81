using Cluster.Chat;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Sessions;
using Cluster.Server.Api;
using Cluster.Server.Nodes;
using Cluster.Server.Security;
using Cluster.Server.Simulation;
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
        api.MapPut("/bots/{name}/mode", SetBotModeAsync);
        api.MapDelete("/bots/{name}", RemoveBotAsync);
        api.MapPairings();
        api.MapGet("/identities", ListIdentitiesAsync);
        api.MapDelete("/identities/{identity}", UnlinkAsync);
    }

    private static async Task<Ok<IReadOnlyList<BotInfo>>> ListBotsAsync(BotStore bots, SimulatedBots simulated, CancellationToken ct)
    {
        var idle = (await bots.RunnableAsync(ct)).Where(bot => !simulated.MayRun(bot)).Select(bot => bot.Name).ToHashSet();
        return TypedResults.Ok<IReadOnlyList<BotInfo>>([.. (await bots.ListAsync(ct)).Select(
            bot => bot.Node is null && idle.Contains(bot.Name) ? bot with { Problem = SimulatedBots.Problem } : bot)]);
    }

    private static async Task<Results<Ok<BotInfo>, ProblemHttpResult>> AddBotAsync(
        AddBot request, HttpContext context, BotStore bots, ChatPlatforms platforms, NodeAddress address, CancellationToken ct)
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
            if (request.Webhook && WebhookFault(platform, url, bot, address) is { } fault)
            {
                return ApiEndpoints.Bad(fault);
            }

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

        return await bots.AddAsync(request.Name, platform.Name, url, token, (account.Id, account.Name, account.PairingLink), request.Webhook, context.Caller(), ct)
            ? TypedResults.Ok((await bots.ListAsync(ct)).Single(one => one.Name == request.Name))
            : TypedResults.Problem(
                $"A bot named '{request.Name}', or this very account ({account.Name}), is here already. See: cluster bot list.", statusCode: StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<BotInfo>, ProblemHttpResult>> SetBotModeAsync(
        string name, SetBotMode request, HttpContext context, BotStore bots, ChatPlatforms platforms, NodeAddress address, CancellationToken ct)
    {
        if (!context.Caller().Admin)
        {
            return ApiEndpoints.AdminsOnly();
        }

        if ((await bots.RunnableAsync(ct)).Find(one => one.Name == name) is { } bot && request.Webhook && platforms.Find(bot.Platform) is { } platform)
        {
            await using var client = platform.Create(bots.OpenToken(bot), bot.BaseUrl);
            if (WebhookFault(platform, bot.BaseUrl, client, address) is { } fault)
            {
                return ApiEndpoints.Bad(fault);
            }
        }

        return await bots.SetModeAsync(name, request.Webhook, context.Caller(), ct)
            ? TypedResults.Ok((await bots.ListAsync(ct)).Single(one => one.Name == name))
            : NoSuchBot();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveBotAsync(
        string name, HttpContext context, BotStore bots, ChatPlatforms platforms, CancellationToken ct)
    {
        if (!context.Caller().Admin)
        {
            return ApiEndpoints.AdminsOnly();
        }

        var bot = (await bots.RunnableAsync(ct)).Find(one => one.Name == name);
        if (bot is null || !await bots.RemoveAsync(name, context.Caller(), ct))
        {
            return NoSuchBot();
        }

        if (bot.Webhook && platforms.Find(bot.Platform) is { } platform)
        {
            await using var client = platform.Create(bots.OpenToken(bot), bot.BaseUrl);
            try
            {
                await (client is ICanTakeWebhooks { Webhook: var webhook } ? webhook.ForgetAsync(ct) : Task.CompletedTask);
            }
            catch (Exception e) when (e is HttpRequestException or ChatRefusedException)
            {
                // The bot is gone here in any case; what its platform still sends is refused.
            }
        }

        return TypedResults.NoContent();
    }

    // Telegram Bot API: setWebhook, url: "HTTPS URL to send updates to". A Bot API server of one's own takes others as well.
    private static string? WebhookFault(ChatPlatform platform, Uri url, IChatBot bot, NodeAddress address) =>
        bot is not ICanTakeWebhooks ? $"Bots of {platform.Name} have no webhook. Leave --webhook out."
        : address.Public is not { } node ? "For a webhook the platform must reach the nodes. Set Cluster:PublicUrl to their address, https://…, on every node; or leave --webhook out."
        : url == platform.BaseUrl && !node.IsHttps ? $"{platform.Name} calls https:// addresses only, and Cluster:PublicUrl is {node.Origin}. Change it on every node, or leave --webhook out."
        : null;

    private static ProblemHttpResult NoSuchBot() =>
        TypedResults.Problem("There is no such bot. See: cluster bot list.", statusCode: StatusCodes.Status404NotFound);

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
