using Cluster.Server.Security;
using Cluster.Storage.Principals;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Pages;

/// <summary>A single-use code becomes a cookie, and logging out ends what the cookie holds.</summary>
internal static class PageLogins
{
    private const int MaxCodeLength = 64;

    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    private const string Refusal =
        "This code is unknown, used already or too old: a code works once, within five minutes. Get another with: cluster page";

    public static void MapPageLogins(this IEndpointRouteBuilder app)
    {
        app.MapPost("/page/login", LoginAsync).AddEndpointFilter<PageForms>();
        app.MapPost("/page/logout", LogoutAsync).AddEndpointFilter<PageForms>().RequireAuthorization(TokenAuthentication.Page);
    }

    private static async Task<IResult> LoginAsync(
        HttpContext context, PrincipalStore principals, PageCookies cookies, Refusals refusals, CancellationToken ct)
    {
        // People without script may well paste the whole link.
        var given = context.Field("code").Trim();
        var code = given[(given.LastIndexOf('#') + 1)..];
        if (code.Length is 0 or > MaxCodeLength || await principals.SpendPageCodeAsync(code, ct) is not var (secret, expires))
        {
            refusals.Count("page-code");
            return context.Refused(StatusCodes.Status401Unauthorized, Refusal, Again);
        }

        var secure = cookies.Secure(context.Request);
        context.Response.Cookies.Append(cookies.Login, secret, Cookie(secure, expires));
        var next = PageReturns.Local(context.Field("to")) ?? PageReturns.Local(context.Request.Cookies[cookies.Return]) ?? "/";
        context.Response.Cookies.Delete(cookies.Return, Cookie(secure, null));
        context.Response.Headers["Next-Page"] = next; // for our script
        return context.Done(next);
    }

    private static async Task<IResult> LogoutAsync(HttpContext context, PrincipalStore principals, PageCookies cookies, CancellationToken ct)
    {
        var caller = context.Caller();
        await principals.RevokeTokenAsync(caller.TokenId, caller, ct);
        context.Response.Cookies.Delete(cookies.Login, Cookie(cookies.Secure(context.Request), null));
        return context.Done("/login");
    }

    /// <summary>A link from `cluster page` opens a tab of its own, which knows nothing of this one.</summary>
    public static void Remember(HttpContext context, PageCookies cookies, string wanted) =>
        context.Response.Cookies.Append(cookies.Return, wanted, Cookie(cookies.Secure(context.Request), DateTimeOffset.UtcNow + Remembered));

    private static RazorComponentResult<LoginPage> Again(string why) =>
        new(new Dictionary<string, object?> { [nameof(LoginPage.Notice)] = why }) { StatusCode = StatusCodes.Status401Unauthorized };

    private static CookieOptions Cookie(bool secure, DateTimeOffset? expires) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Path = "/",
        Secure = secure,
        Expires = expires,
        IsEssential = true,
    };
}
