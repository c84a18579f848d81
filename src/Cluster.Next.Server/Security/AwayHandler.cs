using Cluster.Next.Grains.Logs;
using Cluster.Next.Server.Grains;
using Microsoft.AspNetCore.Diagnostics;

namespace Cluster.Next.Server.Security;

/// <summary>What could not be answered in time is 503: try again.</summary>
internal sealed class AwayHandler : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not GrainAwayException && !Passing.Is(exception))
        {
            return false;
        }

        httpContext.Response.Headers.RetryAfter = "1";
        await TypedResults.Problem("The cluster cannot answer at the moment. Try again shortly.", statusCode: StatusCodes.Status503ServiceUnavailable)
            .ExecuteAsync(httpContext);
        return true;
    }
}
