using Cluster.Server.Nodes;

namespace Cluster.Server.Pages;

/// <summary>What a browser may do with anything under the pages: load our own files, post to us, and nothing else.</summary>
internal sealed class PageHeaders(NodeAddress address) : IStartupFilter
{
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
        + "base-uri 'none'; frame-ancestors 'none'";

    // A month from the last visit. For this host only: what else stands under its domain is not ours to bind.
    private const string StrictTransportSecurity = "max-age=2592000";

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, rest) =>
        {
            if (context.Request.IsPage())
            {
                // At the last moment: the exception handler clears what was set before.
                context.Response.OnStarting(Set, context.Response);
            }

            return rest(context);
        });
        next(app);
    };

    private Task Set(object state)
    {
        var response = (HttpResponse)state;
        var headers = response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";

        // Not no-referrer: with it a browser posts our own forms under the origin "null", which the host guard refuses.
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        if (address.Public is { IsHttps: true })
        {
            headers.StrictTransportSecurity = StrictTransportSecurity;
        }

        if (!PageAssets.IsAsset(response.HttpContext.Request.Path) || response.StatusCode != StatusCodes.Status200OK)
        {
            headers.CacheControl = "no-store";
        }

        return Task.CompletedTask;
    }
}
