using System.Globalization;
using System.Text.Json;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.GitHub;
using Cluster.Server.Routing;
using Cluster.Server.Security;
using Cluster.Storage.Engines;
using Cluster.Storage.Sources;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Webhooks;

/// <summary>Receives webhooks: header checks, then the body while it is hashed, then signature, reading, routing; 2xx only after the
/// commit. A sender is told little: one constant answer for everything that is not properly signed.</summary>
internal static class WebhookEndpoints
{
    private const int Cap = 25 * 1024 * 1024; // bytes: GitHub Docs, webhook events and payloads: larger events are not sent
    private const int Large = 1024 * 1024;    // bytes

    // Bodies above a mebibyte are rare and costly: a few at once, the rest may come again.
    private static readonly SemaphoreSlim LargeBodies = new(4, 4);

    public static IServiceCollection AddWebhooks(this IServiceCollection services) => services.AddSingleton<KnownSources>();

    public static void MapWebhooks(this IEndpointRouteBuilder app) =>
        app.MapPost("/hooks/{path}", (Delegate)ReceiveAsync);

    private static async Task<IResult> ReceiveAsync(
        string path, HttpContext context, KnownSources sources, Router router, Refusals refusals, Engine engine, CancellationToken ct)
    {
        var request = context.Request;
        if (path.Length != 32 || await sources.FindAsync(path, ct) is not var (source, secret))
        {
            refusals.Count("hook");
            return TypedResults.Problem("There is no webhook at this address.", statusCode: StatusCodes.Status404NotFound);
        }

        if (request.Headers.ContentEncoding.Count > 0 || !request.HasJsonContentType())
        {
            return TypedResults.Problem(
                "Send the event as application/json without Content-Encoding.", statusCode: StatusCodes.Status415UnsupportedMediaType);
        }

        if (request.Headers[GitHubSignature.Header] is not [{ } header] || !GitHubSignature.TryParse(header, out var signature))
        {
            return NotSigned(refusals, source);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null; // counted here, against the sender's own cap
        }

        var large = request.ContentLength is null or > Large;
        if (large && !LargeBodies.Wait(0, CancellationToken.None))
        {
            context.Response.Headers.RetryAfter = "2";
            return TypedResults.Problem("Too many large events at once; try again.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }

        try
        {
            using var body = await WebhookBody.ReadAsync(request, secret, Cap, ct);
            if (body is null)
            {
                context.Response.Headers.Connection = "close";
                return TypedResults.Problem($"An event may have {Cap} bytes.", statusCode: StatusCodes.Status413PayloadTooLarge);
            }

            return GitHubSignature.Matches(body.Signature, signature)
                ? await AcceptAsync(context, source, body, router, refusals, engine, ct)
                : NotSigned(refusals, source);
        }
        finally
        {
            if (large)
            {
                LargeBodies.Release();
            }
        }
    }

    private static async Task<IResult> AcceptAsync(
        HttpContext context, Source source, WebhookBody body, Router router, Refusals refusals, Engine engine, CancellationToken ct)
    {
        if (context.Request.Headers["X-GitHub-Event"] is not [{ } eventName] || !GitHubEvent.IsEventName(eventName)
            || context.Request.Headers["X-GitHub-Delivery"] is not [{ } deliveryId] || !GitHubEvent.IsDeliveryId(deliveryId))
        {
            refusals.Count("headers", source.Name);
            return TypedResults.Problem(
                "X-GitHub-Event and X-GitHub-Delivery must each come once, as GitHub sends them.", statusCode: StatusCodes.Status400BadRequest);
        }

        WebhookSummary summary;
        try
        {
            summary = GitHubEvent.Read(eventName, body.Bytes);
        }
        catch (JsonException)
        {
            refusals.Count("json", source.Name);
            return TypedResults.Problem(
                "The body is not one JSON object without doubled names and no deeper than 64.", statusCode: StatusCodes.Status400BadRequest);
        }

        var content = Framing.Webhook(summary, source.Playbook);
        var outcome = await router.SubmitAsync(
            source.Session,
            source.Identity,
            access => !access.RoutedPaths.Contains(source.Path) ? null : new Submission
            {
                Session = source.Session,
                Sender = source.Identity,
                AccessVersion = access.Version,
                Kind = EventKind.Webhook,
                ChatId = source.Identity.Value,
                Name = summary.Name,
                Trust = summary.Stranger ? Trust.Stranger : Trust.System,
                Body = content,
                Payload = summary.PayloadOpen ? body.Bytes : default, // what nobody may fetch is not kept
                DedupeKeys = [DedupeKeys.Delivery(source.Name, deliveryId), DedupeKeys.Body(source.Name, body.Signature)],
                At = engine.Clock.GetUtcNow(),
                FilterReason = summary.FilterReason,
            },
            ct);

        switch (outcome)
        {
            case SubmitOutcome.Accepted(_, Duplicate: true):
                return TypedResults.Ok();
            case SubmitOutcome.Accepted:
                return TypedResults.Accepted((string?)null);
            case SubmitOutcome.TooFast(var wait):
                return Busy(context, wait, "This source sends faster than its limit allows.");
            case SubmitOutcome.MailboxFull(var limit):
                return Busy(context, TimeSpan.FromSeconds(30), $"The session's mailbox is full ({limit} wait).");
            default:
                // The route was removed while the event came in; one that was made since is another, with another secret.
                return TypedResults.Problem("There is no webhook at this address.", statusCode: StatusCodes.Status404NotFound);
        }
    }

    private static ProblemHttpResult Busy(HttpContext context, TimeSpan wait, string detail)
    {
        context.Response.Headers.RetryAfter = Math.Max(1, (int)wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return TypedResults.Problem(detail, statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    private static ProblemHttpResult NotSigned(Refusals refusals, Source source)
    {
        refusals.Count("signature", source.Name);
        return TypedResults.Problem("The event is not signed with this source's secret.", statusCode: StatusCodes.Status401Unauthorized);
    }
}
