using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Chats;
using Cluster.Server.Api;
using Cluster.Server.Security;
using Cluster.Storage.Chats;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Chats;

/// <summary>Codes that people send to a bot, and windows in which strangers are given codes.</summary>
internal static class PairingEndpoints
{
    public static void MapPairings(this IEndpointRouteBuilder api)
    {
        api.MapPost("/pairings", NewPairingAsync);
        api.MapGet("/pairings/{handle}", FindPairingAsync);
        api.MapPost("/pairings/window", OpenAsync);
        api.MapGet("/pairings/window", FindWindowAsync);
        api.MapDelete("/pairings/window", CloseAsync);
        api.MapPost("/pairings/confirm", ConfirmAsync);
    }

    private static async Task<Results<Ok<NewPairing>, ProblemHttpResult>> NewPairingAsync(
        HttpContext context, PairingStore pairings, BotStore bots, TimeProvider clock, CancellationToken ct)
    {
        var all = await bots.ListAsync(ct);
        return all.Count == 0 ? NoBot() : TypedResults.Ok(new NewPairing
        {
            Code = (await pairings.NewAsync(context.Caller(), ct)).ToString(),
            ExpiresAt = clock.GetUtcNow() + PairingCode.ValidFor,
            Bots = all,
        });
    }

    private static async Task<Results<Ok<PairingInfo>, ProblemHttpResult>> FindPairingAsync(
        string handle, HttpContext context, PairingStore pairings, CancellationToken ct) =>
        await pairings.FindAsync(context.Caller(), handle, ct) is { } pairing
            ? TypedResults.Ok(pairing)
            : TypedResults.Problem("You have no such code any more. Make a new one: cluster pair.", statusCode: StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<PairingWindow>, ProblemHttpResult>> OpenAsync(
        OpenPairings request, HttpContext context, PairingWindows windows, BotStore bots, CancellationToken ct)
    {
        if (request.Minutes is < 1 or > 60)
        {
            return ApiEndpoints.Bad($"A window is open for 1 to 60 minutes, not for {request.Minutes}.");
        }

        if ((await bots.ListAsync(ct)).Count == 0)
        {
            return NoBot();
        }

        await windows.OpenAsync(context.Caller(), TimeSpan.FromMinutes(request.Minutes), ct);
        return await FindWindowAsync(context, windows, bots, ct);
    }

    private static async Task<Results<Ok<PairingWindow>, ProblemHttpResult>> FindWindowAsync(
        HttpContext context, PairingWindows windows, BotStore bots, CancellationToken ct) =>
        await windows.FindAsync(context.Caller(), ct) is var (end, requests)
            ? TypedResults.Ok(new PairingWindow
            {
                ExpiresAt = end,
                Requests = requests,
                Full = requests.Count >= PairingWindows.MostPending,
                Bots = await bots.ListAsync(ct),
            })
            : NoWindow(StatusCodes.Status404NotFound);

    private static async Task<Results<NoContent, ProblemHttpResult>> CloseAsync(HttpContext context, PairingWindows windows, CancellationToken ct) =>
        await windows.CloseAsync(context.Caller(), ct) ? TypedResults.NoContent() : NoWindow(StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<ConfirmedPairing>, ProblemHttpResult>> ConfirmAsync(
        ConfirmPairing request, HttpContext context, PairingWindows windows, CancellationToken ct)
    {
        Identity? who = null;
        if (request.Identity is not null)
        {
            if (!Identity.TryParse(request.Identity, out var account) || !account.IsChat)
            {
                return ApiEndpoints.Bad("An account is telegram:NUMBER or discord:NUMBER.");
            }

            who = account;
        }

        var caller = context.Caller();
        return await windows.ConfirmAsync(caller, PairingCode.TryParse(request.Code, out var code) ? code : null, who, ct) switch
        {
            ConfirmOutcome.Asks(var asks) => TypedResults.Ok(new ConfirmedPairing { Who = asks, Principal = caller.Principal, Linked = false }),
            ConfirmOutcome.Linked(var linked) => TypedResults.Ok(new ConfirmedPairing { Who = linked, Principal = caller.Principal, Linked = true }),
            ConfirmOutcome.NoWindow => NoWindow(StatusCodes.Status409Conflict),
            _ => TypedResults.Problem(
                "Nobody holds this code: it is mistyped, used or too old. They write to the bot again while your window is open. After five wrong codes none is taken for ten minutes.",
                statusCode: StatusCodes.Status404NotFound),
        };
    }

    private static ProblemHttpResult NoBot() => TypedResults.Problem(
        "There is no bot yet. An admin adds one: cluster bot add telegram NAME --token-file FILE", statusCode: StatusCodes.Status409Conflict);

    private static ProblemHttpResult NoWindow(int status) =>
        TypedResults.Problem("You have no open window. Open one: cluster pair --open 10m", statusCode: status);
}
