using System.Text.RegularExpressions;

namespace Cluster.Server.Security;

/// <summary>Where somebody wanted to go who had to log in first. Only a plain path of this node counts: whoever makes the link chooses it.</summary>
internal static partial class PageReturns
{
    private const int MaxLength = 200;

    /// <summary>The address of the login page that leads back to what was asked for.</summary>
    public static string LoginFor(HttpRequest request)
    {
        // To the first page a login leads anyway; but from another site's link the browser has brought no cookie, so it may not be needed.
        var wanted = HttpMethods.IsGet(request.Method) ? Local(request.Path.Value) : null;
        return wanted is null || (wanted == "/" && !IsFromElsewhere(request)) ? "/login" : $"/login?to={Uri.EscapeDataString(wanted)}";
    }

    /// <summary>The path, if it is one of a page of ours.</summary>
    public static string? Local(string? path) =>
        path is { Length: <= MaxLength } && PlainPath().IsMatch(path)
        && !new PathString(path).StartsWithSegments("/login") && !new PathString(path).StartsWithSegments("/page")
            ? path
            : null;

    /// <summary>True where a browser has followed a link on another site, or does not say: then it has held our cookies back.</summary>
    public static bool MayHoldCookiesBack(HttpRequest request) =>
        request.Headers["Sec-Fetch-Site"] is not [{ } from] || from is not ("same-origin" or "same-site" or "none");

    private static bool IsFromElsewhere(HttpRequest request) => request.Headers["Sec-Fetch-Site"] is ["cross-site"];

    // No second slash or backslash at the start, which would name another host; nothing encoded, no query.
    [GeneratedRegex(@"\A/(?:[A-Za-z0-9._~-][A-Za-z0-9._~/-]*)?\z")]
    private static partial Regex PlainPath();
}
