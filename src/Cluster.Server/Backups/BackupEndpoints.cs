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
            return await engine.CopyAsync(ct) is { } copy
                ? TypedResults.Stream(copy, "application/vnd.sqlite3")
                : TypedResults.Problem(Elsewhere(engine.Description), statusCode: StatusCodes.Status409Conflict);
        }
        catch (EngineUnusableException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status507InsufficientStorage);
        }
    }

    internal static string Elsewhere(string engine) =>
        $"This cluster's engine is {engine}, whose own tools back it up while all nodes run: pg_dump --format=custom --file=cluster.dump DATABASE, with the "
        + "host, user and database of Cluster:Engine. To restore, stop the nodes and run pg_restore --clean --if-exists --dbname=DATABASE cluster.dump. "
        + "CLUSTER_KEY is in neither; keep it too.";
}
