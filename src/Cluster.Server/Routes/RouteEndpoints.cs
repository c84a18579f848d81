using System.Text;
using Cluster.Core.Api;
using Cluster.Server.Api;
using Cluster.Server.Security;
using Cluster.Server.Webhooks;
using Cluster.Storage.Routes;
using Cluster.Storage.Watches;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Routes;

/// <summary>The operator's API for routes by rule: the caller's own, changed as a whole.</summary>
internal static class RouteEndpoints
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static IServiceCollection AddRoutes(this IServiceCollection services) =>
        services
            .AddSingleton<RouteStore>()
            .AddSingleton<KnownRoutes>()
            .AddSingleton<RouteTargets>()
            .AddSingleton<WebhookRouting>()
            .AddSingleton<RouteTrials>()
            .AddSingleton<WatchStore>()
            .AddHostedService<WatchLoop>();

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
        IReadOnlyList<string> ending = [];
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
            ending = [.. outcome.Ending.Select(one => Ending(one, dryRun))];
        }
        else if (!dryRun)
        {
            return ApiEndpoints.Bad(string.Join(" ", file.Faults.Select(fault => $"Line {fault.Line}: {fault.Text}")));
        }

        return TypedResults.Ok(new RoutesAnswer { Applied = applied, Changes = changes, Ending = ending, Faults = file.Faults });
    }

    private static string Ending(EndingEvents one, bool dryRun) =>
        $"{one.Waiting} waiting {(one.Waiting == 1 ? "event" : "events")} of source {one.Source} for {one.Session} {(dryRun ? "would end" : one.Waiting == 1 ? "ends" : "end")} as dead(revoked).";

    private static Task<Results<Ok<RoutesTest>, ProblemHttpResult>> TestAsync(TestRoutes request, HttpContext context, RouteTrials trials, CancellationToken ct) =>
        trials.TestAsync(request, context, ct);

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
