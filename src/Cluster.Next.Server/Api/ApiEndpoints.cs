using Cluster.Core.Api;
using Cluster.Core.Channel;
using Cluster.Core.Secrets;
using Cluster.Next.Grains.Principals;
using Cluster.Next.Grains.Users;
using Cluster.Next.Server.Grains;
using Cluster.Next.Server.Nodes;
using Cluster.Next.Server.Security;
using Cluster.Server.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Next.Server.Api;

/// <summary>The operator's API.</summary>
internal static class ApiEndpoints
{
    public static void MapApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api").RequireAuthorization(TokenAuthentication.Bearer);
        api.MapGet("/me", Me);
        api.MapSessions();
    }

    public static IServiceCollection AddApi(this IServiceCollection services) => services.AddSingleton<SessionReads>();

    /// <summary>Makes the admin, with the token that the operator has given or this node has made.</summary>
    public static async Task EnsureAdminAsync(IServiceProvider services, string admin, string token, CancellationToken ct)
    {
        var calls = services.GetRequiredService<GrainCalls>();
        await calls.AskAsync(() => calls.Principal<IPrincipalTokens>(admin).IssueAsync(true, Secret.Hash(token), "set by the operator", ct), ct);
        await calls.AskAsync(() => calls.User<IUserStanding>($"console:{admin}").LinkAsync(admin, ct), ct);
    }

    private static Ok<Me> Me(HttpContext context, StoreName store, NodeAddress address)
    {
        var caller = context.Caller();
        return TypedResults.Ok(new Me
        {
            Principal = caller.Principal,
            Admin = caller.Admin,
            NodeVersion = ChannelProtocol.Version,
            Engine = store.Value,
            Url = address.Url,
        });
    }
}
