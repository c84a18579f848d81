using System.Security.Claims;
using System.Text.Encodings.Web;
using Cluster.Server.Security;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Cluster.Next.Server.Security;

/// <summary>Who calls, by bearer token.</summary>
internal sealed class TokenAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, Callers callers, Refusals refusals)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string Bearer = "Bearer";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (BearerToken() is not { Length: > 0 and < 200 } secret)
        {
            return AuthenticateResult.NoResult();
        }

        if (await callers.FindAsync(secret, Context.RequestAborted) is not { } caller)
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
    public static NodeCaller Caller(this HttpContext context) =>
        context.Features.Get<NodeCaller>() ?? throw new InvalidOperationException("This endpoint requires no authorisation.");
}
