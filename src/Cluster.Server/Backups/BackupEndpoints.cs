using System.Diagnostics;
using Cluster.Server.Api;
using Cluster.Server.Security;
using Cluster.Storage.Engines;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Backups;

/// <summary><c>POST /api/backup</c>: everything in the engine as one file. It goes to the caller, since a backup beside the original
/// is none. The key is not in it.</summary>
internal static class BackupEndpoints
{
    public static void MapBackup(this IEndpointRouteBuilder api) => api.MapPost("/backup", BackUpAsync);

    private static async Task<Results<FileStreamHttpResult, ProblemHttpResult>> BackUpAsync(HttpContext context, Engine engine, CancellationToken ct)
    {
        var caller = context.Caller();
        if (!caller.Admin)
        {
            return ApiEndpoints.AdminsOnly();
        }

        // Audited first, so that the copy tells of itself.
        await engine.TurnAsync(
            async turn =>
            {
                await turn.AuditAsync(caller.Identity.Value, "backup", "engine");
                return true;
            },
            ct);
        try
        {
            return await engine.CopyAsync(ct) switch
            {
                EngineCopy.Taken(var file) => TypedResults.Stream(file, "application/vnd.sqlite3"),
                EngineCopy.ByTool(var dump, var restore) => TypedResults.Problem(
                    $"This cluster is kept in {engine.Description}, which has tools of its own. Back it up while the nodes run: {dump} — and with all nodes "
                    + $"stopped bring it back: {restore} — CLUSTER_KEY is not in it; keep that too, in another place.",
                    statusCode: StatusCodes.Status409Conflict),
                _ => throw new UnreachableException(),
            };
        }
        catch (EngineUnusableException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status507InsufficientStorage);
        }
    }
}
