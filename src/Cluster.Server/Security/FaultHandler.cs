using System.Data.Common;
using System.Text.Json;
using Cluster.Storage.Principals;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Diagnostics;

namespace Cluster.Server.Security;

/// <summary>Turns what went wrong into a refusal that says what to do: never a stack trace, and nothing that was not committed
/// answers 2xx.</summary>
internal sealed partial class FaultHandler(ILogger<FaultHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken ct)
    {
        if (context.RequestAborted.IsCancellationRequested && exception is OperationCanceledException or IOException)
        {
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        if (exception is TokenRevokedException)
        {
            await context.ChallengeAsync(context.User.Identity?.AuthenticationType); // by the scheme that had let it in
            return true;
        }

        var (status, detail) = exception switch
        {
            BadHttpRequestException bad => (bad.StatusCode, BadRequest(bad)),
            JsonException or InvalidOperationException { Source: "System.Text.Json" or "System.Text.Json.Rethrowable" } =>
                (StatusCodes.Status400BadRequest, "The body is not valid JSON of the expected form."),
            DbException or ObjectDisposedException => (StatusCodes.Status503ServiceUnavailable, EngineAway(context.Request.Method)),
            _ => (StatusCodes.Status500InternalServerError, "The node failed at this call. Its log has the reason."),
        };
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = "2";
            LogEngineAway(exception);
        }
        else if (status == StatusCodes.Status500InternalServerError)
        {
            LogFailed(exception, context.Request.Path);
        }

        await TypedResults.Problem(detail, statusCode: status).ExecuteAsync(context);
        return true;
    }

    // The engine may have gone after the commit and before its answer.
    private static string EngineAway(string method) =>
        HttpMethods.IsGet(method)
            ? "The engine is away. Try again in a moment."
            : "The engine is away, and whether this was stored is unknown. Send it again in a moment: with the same id (clientId, delivery id, "
                + "JSON-RPC id) it enters once.";

    private static string BadRequest(BadHttpRequestException bad) => bad.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => "The body is larger than this address accepts.",
        StatusCodes.Status408RequestTimeout => "The body came too slowly.",
        StatusCodes.Status415UnsupportedMediaType => "Send the body as application/json.",
        _ when bad.InnerException is JsonException or InvalidOperationException => "The body is not valid JSON of the expected form.",
        _ => "The request is malformed.",
    };

    [LoggerMessage(LogLevel.Warning, "The engine is away.")]
    private partial void LogEngineAway(Exception e);

    [LoggerMessage(LogLevel.Error, "A call to {Path} failed.")]
    private partial void LogFailed(Exception e, PathString path);
}
