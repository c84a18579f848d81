using System.Security.Claims;
using System.Text.Encodings.Web;
using Cluster.Storage.Principals;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Security;

/// <summary>Who calls: by bearer token on <c>/api</c> and <c>/mcp</c>, by cookie on the pages. Never the other way round, so no page can
/// be made to call the API with its visitor's cookie.</summary>
internal sealed class TokenAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, PrincipalStore principals, PageCookies cookies,
    Refusals refusals)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string Bearer = "Bearer";
    public const string Page = "Page";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var page = Scheme.Name == Page;
        if ((page ? cookies.ReadLogin(Request) : BearerToken()) is not { Length: > 0 and < 200 } secret)
        {
            return AuthenticateResult.NoResult();
        }

        if (await principals.AuthenticateAsync(secret, page, Context.RequestAborted) is not { } caller)
        {
            refusals.Count("token");
            return AuthenticateResult.Fail("The token is unknown, revoked or past its end.");
        }

        Context.Features.Set(caller);
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, caller.TokenId), new Claim(ClaimTypes.Name, caller.Principal)], Scheme.Name);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (Scheme.Name == Page)
        {
            Response.Redirect(PageReturns.LoginFor(Request));
            return Task.CompletedTask;
        }

        Response.Headers.WWWAuthenticate = Bearer;
        return TypedResults.Problem(
            "The access token is missing, unknown or revoked. Send `Authorization: Bearer …` with a token from `cluster login` or `cluster token new`.",
            statusCode: StatusCodes.Status401Unauthorized).ExecuteAsync(Context);
    }

    private string? BearerToken() =>
        Request.Headers.Authorization is [{ } header] && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? header["Bearer ".Length..].Trim()
            : null;
}

internal static class CallerExtensions
{
    /// <summary>Who calls; only behind an authorisation requirement.</summary>
    public static Caller Caller(this HttpContext context) => context.Features.Get<Caller>() ?? throw new InvalidOperationException("This endpoint requires no authorisation.");
}
