using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cluster.Chat;
using Cluster.Server.Security;
using Cluster.Storage.Chats;
using Microsoft.AspNetCore.Http.Features;

namespace Cluster.Server.Chats;

/// <summary>Takes what a chat platform tells by calling in, at any node: the secret before the body, and 200 only after the commit. What was not
/// answered so comes again, and is known by its id.</summary>
internal static class BotWebhookEndpoints
{
    /// <summary>Below the one prefix that is open to the world. Sources have one part behind it, bots two.</summary>
    public const string Prefix = "/hooks/bots";

    private const int Cap = 1024 * 1024; // bytes: a message has 4,096 characters, and files come by id

    public static void MapBotWebhooks(this IEndpointRouteBuilder app) => app.MapPost($"{Prefix}/{{path}}", (Delegate)TakeAsync);

    private static async Task<IResult> TakeAsync(
        string path, HttpContext context, BotWebhooks webhooks, ChatRouting routing, BotStore bots, TimeProvider clock, Refusals refusals,
        ILogger<BotInbox> logger, CancellationToken ct)
    {
        var request = context.Request;
        if (webhooks.Find(path) is not { } told || request.Headers[told.Webhook.SecretHeader] is not [{ } secret] || !IsSame(secret, told.Webhook.Secret))
        {
            refusals.Count("hook");
            return TypedResults.Problem("There is no bot at this address, or this is not its secret.", statusCode: StatusCodes.Status401Unauthorized);
        }

        if (request.Headers.ContentEncoding.Count > 0 || !request.HasJsonContentType())
        {
            return TypedResults.Problem(
                "Send the update as application/json without Content-Encoding.", statusCode: StatusCodes.Status415UnsupportedMediaType);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = Cap;
        }

        // An update that is not valid JSON was cut on its way: it is refused, so that it comes again.
        using var body = await JsonDocument.ParseAsync(request.Body, default, ct);
        ChatUpdate? update;
        try
        {
            update = await told.Webhook.ReadAsync(body.RootElement, ct);
        }
        catch (Exception e) when (e is HttpRequestException or ChatRefusedException)
        {
            // It can only be read by who knows the bot's own name, which the platform does not say just now.
            context.Response.Headers.RetryAfter = "2";
            return TypedResults.Problem("The bot cannot be asked who it is. Send this again in a moment.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }

        if (update is not null)
        {
            await new BotInbox(told.Bot, told.Platform, lease: null, routing, bots, clock, logger).TakeAsync([update], ct);
        }

        return TypedResults.Ok();
    }

    private static bool IsSame(string given, string secret) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(secret));
}
