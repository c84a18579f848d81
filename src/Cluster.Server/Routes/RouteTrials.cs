using System.Text;
using System.Text.Json;
using Cluster.Core.Api;
using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Webhooks;
using Cluster.Server.Api;
using Cluster.Server.Security;
using Cluster.Server.Webhooks;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sources;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Routes;

/// <summary>Explains which route would take a delivery: one that is given, or an event that came.</summary>
internal sealed class RouteTrials(SourceStore sources, WebhookEvents events, KnownRoutes routes, WebhookRouting routing)
{
    public async Task<Results<Ok<RoutesTest>, ProblemHttpResult>> TestAsync(TestRoutes request, HttpContext context, CancellationToken ct)
    {
        if (request.EventId is { } id)
        {
            return await TestEventAsync(id, context, ct);
        }

        if (request is not { Source: { } name, Payload: { } payload })
        {
            return ApiEndpoints.Bad("Name an event that came, or a source and a payload.");
        }

        if (await SourceAsync(name, context, ct) is not { } source)
        {
            return TypedResults.Problem($"You have no source '{name}'. See: cluster source list.", statusCode: StatusCodes.Status404NotFound);
        }

        if (WebhookSenders.Find(source.Kind) is not { } sender)
        {
            return ApiEndpoints.Bad($"This node does not know the kind '{source.Kind}'; ask a newer one.");
        }

        if (sender.EventHeader is { } header && request.Event is null)
        {
            return ApiEndpoints.Bad($"A {sender.Kind} source tells its event's name in the header {header}; say which with --event.");
        }

        try
        {
            using var document = JsonDocument.Parse(payload);
        }
        catch (JsonException e)
        {
            return ApiEndpoints.Bad($"The payload is not JSON: {e.Message}");
        }

        var body = Encoding.UTF8.GetBytes(payload);
        return TypedResults.Ok(await ExplainAsync(source, Read(sender, source, request.Event, body), body, "payload", context, ct));
    }

    private async Task<Results<Ok<RoutesTest>, ProblemHttpResult>> TestEventAsync(long id, HttpContext context, CancellationToken ct)
    {
        if (await events.FindAsync(id, context.Caller().Identity, ct) is not { } stored)
        {
            return TypedResults.Problem($"There is no webhook's event {id} of yours. See: cluster events.", statusCode: StatusCodes.Status404NotFound);
        }

        // Routes are their owner's own matter, whoever may watch the session.
        if (await SourceAsync(stored.Source, context, ct) is not { } source)
        {
            return TypedResults.Problem(
                $"Event {id} is of source '{stored.Source}', which is not yours, or is gone. See: cluster source list.", statusCode: StatusCodes.Status404NotFound);
        }

        // The header that named it is not kept; what is read under its name is taken only if it is the same event.
        var payload = KeptPayload.Read(stored.Payload ?? []).Json;
        if (!payload.IsEmpty && WebhookSenders.Find(source.Kind) is { } sender
            && Read(sender, source, stored.Name[(stored.Name.IndexOf('.', StringComparison.Ordinal) + 1)..], payload) is var summary && summary.Name == stored.Name)
        {
            return TypedResults.Ok(await ExplainAsync(source, summary, payload, "payload", context, ct));
        }

        return WebhookContent.Read(stored.Content) is { } kept
            ? TypedResults.Ok(await ExplainAsync(source, kept, payload, "summary", context, ct))
            : ApiEndpoints.Bad($"Nothing is kept of event {id} that routes could be asked about.");
    }

    private async Task<Source?> SourceAsync(string name, HttpContext context, CancellationToken ct) =>
        await sources.PathAsync(name, context.Caller(), ct) is { } path ? await sources.FindAsync(path, ct) : null;

    private async Task<RoutesTest> ExplainAsync(
        Source source, WebhookSummary summary, ReadOnlyMemory<byte> payload, string read, HttpContext context, CancellationToken ct)
    {
        var isOwn = source.Owner == context.Caller().Principal;
        var routed = RoutedEvent.Of(source.Name, summary, payload);
        var table = await routes.FindAsync(source.Owner, fresh: true, ct);
        return new RoutesTest
        {
            Event = summary.Name,
            Read = read,
            FilterReason = summary.FilterReason,
            Fields = routed.Values,
            Targets = [.. (await routing.DecideAsync(table, source, routed, ct)).Select(one => new RouteTarget(one.Route?.Name, $"{one.Session}", isOwn ? one.WhyInFull : one.Why))],
            Routes = [.. table.Explain(routed).Select(verdict => new RouteReason(verdict.Route.Name, verdict.Takes, verdict.Reason))],
        };
    }

    private static WebhookSummary Read(IWebhookSender sender, Source source, string? name, ReadOnlyMemory<byte> body)
    {
        var headers = new WebhookHeaders(asked => string.Equals(asked, sender.EventHeader, StringComparison.OrdinalIgnoreCase) ? [name] : []);
        return WebhookSenders.Read(sender, new WebhookDelivery(headers, body, source.Settings)).Summary;
    }
}
