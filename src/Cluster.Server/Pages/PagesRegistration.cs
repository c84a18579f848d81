using Cluster.Server.Security;

namespace Cluster.Server.Pages;

internal static class PagesRegistration
{
    public static IServiceCollection AddPages(this IServiceCollection services)
    {
        services.AddRazorComponents();
        services.AddSingleton<PageChanges>();
        services.AddTransient<IStartupFilter, PageHeaders>();

        // Before the framework's own writer: the first one that can write does.
        services.Insert(0, ServiceDescriptor.Singleton<IProblemDetailsWriter, PageProblems>());
        return services;
    }

    public static void MapPages(this IEndpointRouteBuilder app)
    {
        app.MapPageAssets();
        app.MapPageLogins();
        app.MapPageActions();
        app.MapGet("/page/changes", (HttpContext context, PageChanges changes, PageCookies cookies) =>
            changes.ServeAsync(context, cookies.ReadLogin(context.Request)!)).RequireAuthorization(TokenAuthentication.Page);
        app.MapRazorComponents<App>();
    }
}

internal static class PageRequests
{
    // Everything else is the pages'.
    private static readonly PathString[] Machines = ["/api", "/mcp", "/hooks", "/healthz", "/readyz"];

    public static bool IsPage(this HttpRequest request) => !Array.Exists(Machines, path => request.Path.StartsWithSegments(path));

    /// <summary>True when a person's browser shows the answer as a page; our script asks for JSON.</summary>
    public static bool WantsPage(this HttpRequest request) =>
        request.IsPage() && request.Headers.Accept.Any(accept => accept?.Contains("text/html", StringComparison.OrdinalIgnoreCase) == true);
}
