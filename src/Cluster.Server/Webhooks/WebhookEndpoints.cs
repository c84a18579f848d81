using System.Globalization;
using Cluster.Core.Webhooks;
using Cluster.Server.Routing;
using Cluster.Server.Security;
using Cluster.Server.Webhooks.CatchUp;
using Cluster.Storage.Engines;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Webhooks;

/// <summary>Receives webhooks: header checks, then the body while it is proved, then reading, routing; 2xx only after the commit. What is
/// proved is not answered 4xx for what it says, since some senders stop for good after a few; only a form of which a part would be lost is.
/// A stranger is told little: one constant answer for everything that is not proved.</summary>
internal static class WebhookEndpoints
{
    private const int Large = 1024 * 1024; // bytes

    // Bodies above a mebibyte are rare and costly: a few at once, the rest may come again. None of them waits behind small ones of its source, which
    // would keep all others' large ones out meanwhile.
    private static readonly SemaphoreSlim LargeBodies = new(4, 4);

    public static IServiceCollection AddWebhooks(this IServiceCollection services) =>
        services.AddSingleton<KnownSources>().AddSingleton<WebhookEntry>().AddSingleton<SourceTester>().AddCatchUp().AddHostedService<HoldLoop>();

    public static void MapWebhooks(this IEndpointRouteBuilder app)
    {
        app.MapPost("/hooks/{path}", (Delegate)ReceiveAsync);
        app.MapOrigins();
    }

    private static async Task<IResult> ReceiveAsync(
        string path, HttpContext context, KnownSources sources, WebhookEntry entry, SenderLimits limits, Refusals refusals, Engine engine, CancellationToken ct)
    {
        var request = context.Request;
        var came = sources.Now;
        if (path.Length != 32 || await sources.FindAsync(path, ct) is not { } known)
        {
            refusals.Count("hook");
            return TypedResults.Problem("There is no webhook at this address.", statusCode: StatusCodes.Status404NotFound);
        }

        if (known is not { Sender: { } sender, Scheme: { } scheme })
        {
            return Busy(context, TimeSpan.FromSeconds(30), "This node does not know the source's kind yet.");
        }

        known = known.CanProve ? known : await sources.RenewAsync(known, came, ct) ?? known;
        if (!known.CanProve)
        {
            // Nothing can be proved yet. A refusal would make some senders stop for good; this makes them come again.
            return Busy(context, TimeSpan.FromMinutes(1), "The source has no secret yet that could prove this.");
        }

        // Before anything is read: who floods a node shall cost it little, and the others less.
        if (limits.IsSpent(known.Source.Identity))
        {
            refusals.Count("rate", known.Source.Identity.Value);
            return TooFast(context, TimeSpan.FromSeconds(1));
        }

        var headers = new WebhookHeaders(name => request.Headers[name]);
        var now = engine.Clock.GetUtcNow();
        var begun = scheme.Begin(headers, known.Keys, now);
        if (begun is null && await sources.RenewAsync(known, came, ct) is { } renewed)
        {
            begun = scheme.Begin(headers, renewed.Keys, now);
            known = renewed;
        }

        using var proof = begun;
        if (proof is null)
        {
            return NotProved(refusals, known);
        }

        if (request.Headers.ContentEncoding.Count > 0 || !request.HasJsonContentType())
        {
            return TypedResults.Problem(
                "Send the event as application/json without Content-Encoding.", statusCode: StatusCodes.Status415UnsupportedMediaType);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null; // counted here, against the sender's own cap
        }

        var large = sender.MaxBody > Large && request.ContentLength is null or > Large;
        if (large && !LargeBodies.Wait(0, CancellationToken.None))
        {
            return Busy(context, TimeSpan.FromSeconds(2), "Too many large events at once; try again.");
        }

        try
        {
            using var body = await WebhookBody.ReadAsync(request, proof, sender.MaxBody, ct);
            if (body is null)
            {
                context.Response.Headers.Connection = "close";
                return TypedResults.Problem($"An event may have {sender.MaxBody} bytes.", statusCode: StatusCodes.Status413PayloadTooLarge);
            }

            var finished = proof.Finish();
            if (finished is null && await sources.RenewAsync(known, came, ct) is { } newer)
            {
                using var again = scheme.Begin(headers, newer.Keys, now);
                again?.Append(body.Bytes.Span);
                finished = again?.Finish();
                known = newer;
            }

            if (finished is not { } proven)
            {
                return NotProved(refusals, known);
            }

            var entered = await entry.EnterAsync(known, new WebhookDelivery(headers, body.Bytes, known.Source.Settings), proven, few: large, ct);
            if (entered is Entry.NotProved)
            {
                return NotProved(refusals, known);
            }

            await sources.UsedAsync(known, proven.Key);
            return Answer(context, entered);
        }
        finally
        {
            if (large)
            {
                LargeBodies.Release();
            }
        }
    }

    private static IResult Answer(HttpContext context, Entry entry) => entry switch
    {
        Entry.Submitted(var outcome) => Answer(context, outcome),
        Entry.Refused(var reason) => TypedResults.Problem(reason, statusCode: StatusCodes.Status415UnsupportedMediaType),
        Entry.TooMany(var most) => TypedResults.Problem(
            $"A batch may have {most} events; send it in parts.", statusCode: StatusCodes.Status413PayloadTooLarge),
        _ => TypedResults.Ok(),
    };

    private static IResult Answer(HttpContext context, SubmitOutcome? outcome)
    {
        switch (outcome)
        {
            case SubmitOutcome.Accepted(_, Duplicate: true):
                return TypedResults.Ok();
            case SubmitOutcome.Accepted:
                return TypedResults.Accepted((string?)null);
            case SubmitOutcome.TooFast(var wait):
                return TooFast(context, wait);
            case SubmitOutcome.MailboxFull(var limit):
                return Busy(context, TimeSpan.FromSeconds(30), $"The session's mailbox is full ({limit} wait).");
            case null:
                return Busy(context, TimeSpan.FromSeconds(2), "The routes are changing; try again.");
            default:
                // The route was removed while the event came in; one that was made since is another, with another secret.
                return TypedResults.Problem("There is no webhook at this address.", statusCode: StatusCodes.Status404NotFound);
        }
    }

    private static ProblemHttpResult TooFast(HttpContext context, TimeSpan wait) =>
        Busy(context, wait, "This source sends faster than its limit allows.");

    private static ProblemHttpResult Busy(HttpContext context, TimeSpan wait, string detail)
    {
        context.Response.Headers.RetryAfter = Math.Max(1, (int)wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return TypedResults.Problem(detail, statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    private static ProblemHttpResult NotProved(Refusals refusals, KnownSource known)
    {
        refusals.Count("signature", known.Source.Name);
        return TypedResults.Problem("The event is not signed with this source's secret.", statusCode: StatusCodes.Status401Unauthorized);
    }
}
