using Cluster.Server.Nodes;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Webhooks;

/// <summary>Senders of CloudEvents that ask by OPTIONS whether they may send (cloudevents/spec, http-webhook.md: abuse protection). Consent is in the headers;
/// who gets none cannot tell whether there is a source at this path.</summary>
internal static class OriginEndpoints
{
    public static void MapOrigins(this IEndpointRouteBuilder app) =>
        app.MapMethods("/hooks/{path}", [HttpMethods.Options], (Delegate)AskAsync);

    private static async Task<IResult> AskAsync(string path, HttpContext context, KnownSources sources, IOptions<ClusterOptions> options, CancellationToken ct)
    {
        context.Response.Headers.Allow = HttpMethods.Post;
        if (context.Request.Headers["WebHook-Request-Origin"] is not [{ } origin]
            || path.Length != 32
            || await sources.FindAsync(path, ct) is not { Sender.HasOrigins: true } known
            || known.Source.Settings.Origins?.Contains(origin, StringComparer.OrdinalIgnoreCase) != true)
        {
            return TypedResults.StatusCode(StatusCodes.Status405MethodNotAllowed);
        }

        context.Response.Headers["WebHook-Allowed-Origin"] = origin;
        context.Response.Headers["WebHook-Allowed-Rate"] = $"{60L * options.Value.Limits.WebhooksPerSecond}"; // a minute
        return TypedResults.Ok();
    }
}
