using System.Text;
using System.Text.Json;
using Cluster.Core.Api;
using Cluster.Core.Routing;
using Cluster.Core.Webhooks;
using Cluster.Server.Api;
using Cluster.Server.Security;
using Cluster.Server.Webhooks;
using Cluster.Storage.Routes;
using Cluster.Storage.Sources;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Routes;

/// <summary>The operator's API for routes by rule: the caller's own, changed as a whole.</summary>
internal static class RouteEndpoints
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static IServiceCollection AddRoutes(this IServiceCollection services) =>
        services.AddSingleton<RouteStore>().AddSingleton<KnownRoutes>().AddSingleton<RouteTargets>().AddSingleton<WebhookRouting>();

    public static void MapRoutes(this IEndpointRouteBuilder api)
    {
        api.MapGet("/routes", ListAsync);
        api.MapPut("/routes", ApplyAsync);
        api.MapPost("/routes/test", TestAsync);
    }

    private static async Task<Ok<RouteList>> ListAsync(HttpContext context, RouteStore routes, CancellationToken ct)
    {
        var standing = await routes.FindAsync(context.Caller().Principal, ct);
        return TypedResults.Ok(new RouteList
        {
            Version = standing.Version,
            Routes = standing.Routes,
            Yaml = RoutesYamlWriter.Write(standing.Routes),
        });
    }

    private static async Task<Results<Ok<RoutesAnswer>, ProblemHttpResult>> ApplyAsync(
        HttpContext context, RouteStore routes, CancellationToken ct, bool dryRun = false)
    {
        var caller = context.Caller();
        if (await ReadAsync(context.Request, ct) is not { } text)
        {
            return ApiEndpoints.Bad($"A file of routes is text in UTF-8 of {RoutesYaml.MaxLength:N0} bytes at the most.");
        }

        var file = RoutesYaml.Read(text, caller.Principal);
        IReadOnlyList<string> changes = [];
        var applied = false;

        if (file.Routes.Count > Cluster.Core.Routing.Route.Most)
        {
            return ApiEndpoints.Bad($"A file may have {Cluster.Core.Routing.Route.Most:N0} routes; this one has {file.Routes.Count:N0}.");
        }

        // What stands in the rest of a file with faults is looked at too, so that all of them are told at once.
        var outcome = await routes.ApplyAsync(file.Routes, dryRun || file.Faults.Count > 0, caller, ct);
        file.Add(outcome.Faults);
        if (file.Faults.Count == 0)
        {
            (changes, applied) = (outcome.Changes, outcome.Applied);
        }
        else if (!dryRun)
        {
            return ApiEndpoints.Bad(string.Join(" ", file.Faults.Select(fault => $"Line {fault.Line}: {fault.Text}")));
        }

        return TypedResults.Ok(new RoutesAnswer { Applied = applied, Changes = changes, Faults = file.Faults });
    }

    private static async Task<Results<Ok<RoutesTest>, ProblemHttpResult>> TestAsync(
        TestRoutes request, HttpContext context, SourceStore sources, KnownRoutes routes, WebhookRouting routing, CancellationToken ct)
    {
        var caller = context.Caller();
        if (await sources.PathAsync(request.Source, caller, ct) is not { } path || await sources.FindAsync(path, ct) is not { } source)
        {
            return TypedResults.Problem($"You have no source '{request.Source}'. See: cluster source list.", statusCode: StatusCodes.Status404NotFound);
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
            using var document = JsonDocument.Parse(request.Payload);
        }
        catch (JsonException e)
        {
            return ApiEndpoints.Bad($"The payload is not JSON: {e.Message}");
        }

        var headers = new WebhookHeaders(name =>
            string.Equals(name, sender.EventHeader, StringComparison.OrdinalIgnoreCase) ? [request.Event] : []);
        var summary = WebhookSenders.Read(sender, new WebhookDelivery(headers, Encoding.UTF8.GetBytes(request.Payload), source.Settings)).Summary;
        var routed = RoutedEvent.Of(source.Name, summary);
        var table = await routes.FindAsync(source.Owner, fresh: true, ct);
        return TypedResults.Ok(new RoutesTest
        {
            Event = summary.Name,
            FilterReason = summary.FilterReason,
            Fields = routed.Values,
            Targets = [.. (await routing.DecideAsync(table, source, routed, ct)).Select(one => new RouteTarget(one.Route?.Name, $"{one.Session}", one.Why))],
            Routes = [.. table.Explain(routed).Select(verdict => new RouteReason(verdict.Route.Name, verdict.Takes, verdict.Reason))],
        });
    }

    private static async Task<string?> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await request.Body.ReadAsync(buffer, ct)) > 0;)
        {
            body.Write(buffer, 0, read);
            if (body.Length > RoutesYaml.MaxLength)
            {
                return null;
            }
        }

        try
        {
            return Utf8.GetString(body.GetBuffer().AsSpan(0, (int)body.Length)).TrimStart('\ufeff');
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
