using System.Xml.Linq;
using Cluster.Storage.Principals;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Security;

internal static class SecurityRegistration
{
    public static IServiceCollection AddSecurity(this IServiceCollection services)
    {
        // No default scheme: what needs no caller, such as a health check, asks the engine nothing.
        services.AddAuthentication()
            .AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.Bearer, null)
            .AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.Page, null);
        services.AddAuthorizationBuilder()
            .AddPolicy(TokenAuthentication.Bearer, policy => policy.AddAuthenticationSchemes(TokenAuthentication.Bearer).RequireAuthenticatedUser())
            .AddPolicy(TokenAuthentication.Page, policy => policy.AddAuthenticationSchemes(TokenAuthentication.Page).RequireAuthenticatedUser());
        services.TryAddSingleton(new CookiePrefix(""));
        services.AddSingleton<PageCookies>();
        services.AddAntiforgery();
        services.AddOptions<AntiforgeryOptions>().Configure<PageCookies>((options, cookies) => options.Cookie = new FormsCookie(cookies));
        services.AddDataProtection().SetApplicationName("channel-cluster");
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(provider =>
            new ConfigureOptions<KeyManagementOptions>(options => options.XmlRepository = new EngineKeys(provider.GetRequiredService<DataKeyStore>())));
        // No trace id: the same refusal must be the same bytes, whatever it hides.
        services.AddProblemDetails(problems =>
            problems.CustomizeProblemDetails = problem => problem.ProblemDetails.Extensions.Remove("traceId"));
        services.AddExceptionHandler<FaultHandler>();
        services.AddSingleton<Refusals>();
        services.AddHostedService(provider => provider.GetRequiredService<Refusals>());
        return services;
    }

    // The framework asks for its keys synchronously, a few times in a node's life.
    private sealed class EngineKeys(DataKeyStore keys) : IXmlRepository
    {
        public IReadOnlyCollection<XElement> GetAllElements() =>
            keys.ListAsync(CancellationToken.None).GetAwaiter().GetResult().ConvertAll(XElement.Parse);

        public void StoreElement(XElement element, string friendlyName) =>
            keys.AddAsync(friendlyName, element.ToString(SaveOptions.DisableFormatting), CancellationToken.None).GetAwaiter().GetResult();
    }
}
