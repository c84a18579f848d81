using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;

namespace Cluster.Next.Server.Security;

internal static class SecurityRegistration
{
    public static IServiceCollection AddSecurity(this IServiceCollection services)
    {
        services.AddDataProtection().UseEphemeralDataProtectionProvider(); // nothing here is kept by it
        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.Bearer, null);
        services.AddAuthorizationBuilder().AddPolicy(TokenAuthentication.Bearer, policy => policy
            .AddAuthenticationSchemes(TokenAuthentication.Bearer)
            .RequireAuthenticatedUser());
        return services.AddSingleton<Callers>().AddExceptionHandler<AwayHandler>();
    }
}
