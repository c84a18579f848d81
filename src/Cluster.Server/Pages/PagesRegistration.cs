namespace Cluster.Server.Pages;

internal static class PagesRegistration
{
    public static IServiceCollection AddPages(this IServiceCollection services) => services;

    public static void MapPages(this IEndpointRouteBuilder app)
    {
    }
}
