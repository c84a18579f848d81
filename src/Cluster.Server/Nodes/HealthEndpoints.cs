using Cluster.Core.Api;
using Cluster.Storage.Engines;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Nodes;

/// <summary><c>/healthz</c>: the process lives. <c>/readyz</c>: it can take work.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/healthz", () => TypedResults.Text("ok"));
        app.MapGet("/readyz", ReadyAsync);
    }

    private static async Task<JsonHttpResult<NodeHealth>> ReadyAsync(
        Engine engine, ReadyProbe probe, Drain drain, IHostApplicationLifetime lifetime, CancellationToken ct) =>
        drain.Draining || lifetime.ApplicationStopping.IsCancellationRequested ? Health("stopping", engine, null)
        : await probe.IsReadyAsync(ct) ? Health("ready", engine, null)
        : Health("engine away", engine, "The engine did not answer in two seconds; webhooks are answered 503 until it does.");

    private static JsonHttpResult<NodeHealth> Health(string status, Engine engine, string? detail) =>
        TypedResults.Json(
            new NodeHealth { Status = status, Engine = engine.Description.Split(' ')[0], Detail = detail },
            ApiJson.Default.NodeHealth,
            statusCode: status == "ready" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
}
