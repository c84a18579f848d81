using Cluster.Server.Nodes;

namespace Cluster.Server.Security;

/// <summary>The names of our two cookies, and when they travel over TLS only.</summary>
internal sealed class PageCookies(NodeAddress address, CookiePrefix prefix)
{
    private readonly bool _https = address.Public?.IsHttps == true;

    /// <summary>Holds a page login.</summary>
    public string Login => Name("cluster_page");

    /// <summary>Binds forms to their visitor.</summary>
    public string Forms => Name("cluster_forms");

    /// <summary>Remembers for a while where somebody wanted to go who has to log in first, perhaps in another tab.</summary>
    public string Return => Name("cluster_return");

    /// <summary>Behind a public https address always, whether or not the proxy says so.</summary>
    public bool Secure(HttpRequest request) => _https || request.IsHttps;

    public string? ReadLogin(HttpRequest request) => request.Cookies[Login];

    // A cookie with this prefix must be Secure and bound to its very host: no neighbour under the same domain can plant one.
    private string Name(string name) => _https ? $"__Host-{name}" : $"{prefix.Text}{name}";
}

/// <summary>Begins the cookies' names. Browsers do not keep those of one host's ports apart, so a node that must leave another one on
/// its machine alone has names of its own.</summary>
internal sealed record CookiePrefix(string Text);

/// <summary>The antiforgery cookie. Its own policy for TLS asks the request, which a proxy may have made plain.</summary>
internal sealed class FormsCookie : CookieBuilder
{
    private readonly PageCookies _cookies;

    public FormsCookie(PageCookies cookies)
    {
        _cookies = cookies;
        Name = cookies.Forms;
        Path = "/";
        HttpOnly = true;
        SameSite = SameSiteMode.Strict;
        IsEssential = true;
    }

    public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
    {
        var cookie = base.Build(context, expiresFrom);
        cookie.Secure = _cookies.Secure(context.Request);
        return cookie;
    }
}
