using Cluster.Core.Api;
using Cluster.Next.Server.Silos;
using Cluster.Server.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Cluster.Next.Server.Nodes;

/// <summary><c>/healthz</c> (<c>/health/live</c>): the process lives and its silo is not stuck. <c>/readyz</c> (<c>/health/ready</c>): it can
/// take work. Whatever else must be there for that registers a health check.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        foreach (var path in (string[])["/healthz", "/health/live"])
        {
            app.MapGet(path, LiveAsync);
        }

        foreach (var path in (string[])["/readyz", "/health/ready"])
        {
            app.MapGet(path, ReadyAsync);
        }
    }

    private static async Task<IResult> LiveAsync(HealthCheckService checks, CancellationToken ct) =>
        Failed(await checks.CheckHealthAsync(check => check.Tags.Contains(SiloHealth.Live), ct), HealthStatus.Unhealthy) is { } failed
            ? TypedResults.Text(failed.Check.Description, statusCode: StatusCodes.Status503ServiceUnavailable)
            : TypedResults.Text("ok");

    private static async Task<JsonHttpResult<NodeHealth>> ReadyAsync(
        HealthCheckService checks, StoreName store, Drain drain, IHostApplicationLifetime lifetime, CancellationToken ct) =>
        drain.Draining || lifetime.ApplicationStopping.IsCancellationRequested ? Health("stopping", store, null)
        : Failed(await checks.CheckHealthAsync(ct), HealthStatus.Degraded) is { } failed ? Health($"{failed.Name} away", store, failed.Check.Description)
        : Health("ready", store, null);

    private static (string Name, HealthReportEntry Check)? Failed(HealthReport report, HealthStatus atLeast)
    {
        foreach (var (name, check) in report.Entries)
        {
            if (check.Status <= atLeast)
            {
                return (name, check);
            }
        }

        return null;
    }

    private static JsonHttpResult<NodeHealth> Health(string status, StoreName store, string? detail) =>
        TypedResults.Json(
            new NodeHealth { Status = status, Engine = store.Value, Detail = detail },
            ApiJson.Default.NodeHealth,
            statusCode: status == "ready" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
}

/// <summary>What the store is, for people: SQLite or PostgreSQL.</summary>
internal sealed record StoreName(string Value);
