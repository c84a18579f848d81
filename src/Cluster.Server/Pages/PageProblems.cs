using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;

namespace Cluster.Server.Pages;

/// <summary>Shows refusals and failures to people as pages; the API's callers get problem documents.</summary>
internal sealed class PageProblems(IServiceScopeFactory scopes) : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => context.HttpContext.Request.WantsPage();

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var status = context.ProblemDetails.Status ?? context.HttpContext.Response.StatusCode;
        var (title, detail) = Explain(status, context.HttpContext.Request.Path, context.ProblemDetails.Detail);
        var shown = new RazorComponentResult<ProblemPage>(new Dictionary<string, object?>
        {
            [nameof(ProblemPage.Title)] = title,
            [nameof(ProblemPage.Detail)] = detail,
        })
        {
            StatusCode = status,
            PreventStreamingRendering = true,
        };

        // A page that failed half-way has used up its scope's renderer, and left the renderer's header.
        var http = context.HttpContext;
        var failed = http.RequestServices;
        await using var scope = scopes.CreateAsyncScope();
        http.RequestServices = scope.ServiceProvider;
        http.Response.Headers.Remove("blazor-enhanced-nav");
        try
        {
            await shown.ExecuteAsync(http);
        }
        finally
        {
            http.RequestServices = failed;
        }
    }

    private static (string Title, string? Detail) Explain(int status, PathString path, string? detail) => status switch
    {
        StatusCodes.Status404NotFound when path.StartsWithSegments("/s") || path.StartsWithSegments("/page/s") =>
            ("There is no such session", "There is none of this name that you may see. Its owner can let you in."),
        StatusCodes.Status404NotFound => ("There is no such page", detail),
        _ => (ReasonPhrases.GetReasonPhrase(status), detail),
    };
}
