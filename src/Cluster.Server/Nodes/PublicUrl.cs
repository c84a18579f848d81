using System.Net;

namespace Cluster.Server.Nodes;

/// <summary>The address under which people and other machines reach the node, as its operator names it: scheme, host, perhaps a port.</summary>
internal sealed class PublicUrl
{
    private const string Expected = "expected http:// or https://, a host and perhaps a port, and nothing more, such as https://cluster.example.com";

    private PublicUrl(Uri url)
    {
        Host = url.HostNameType == UriHostNameType.Dns ? url.IdnHost : url.Host;
        Authority = url.IsDefaultPort ? Host : $"{Host}:{url.Port}";
        IsHttps = url.Scheme == Uri.UriSchemeHttps;
        Origin = $"{url.Scheme}://{Authority}";
    }

    public string Host { get; }

    public string Authority { get; }

    public bool IsHttps { get; }

    /// <summary>As browsers write it, without a slash at its end.</summary>
    public string Origin { get; }

    /// <returns>The address, or null and what is wrong with it; null twice when the setting is empty.</returns>
    public static (PublicUrl? Url, string? Fault) Read(string setting)
    {
        if (setting.Length == 0)
        {
            return default;
        }

        // A password must not stand in an error, wherever it is in the text.
        if (setting.Contains('@', StringComparison.Ordinal))
        {
            return (null, $"Cluster:PublicUrl has an '@', as before a user name or password; {Expected}.");
        }

        if (!Uri.TryCreate(setting, UriKind.Absolute, out var url)
            || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)
            || url.Host.Length == 0
            || setting.AsSpan().ContainsAny('?', '#', '\\'))
        {
            return (null, $"Cluster:PublicUrl is '{setting}'; {Expected}.");
        }

        if (url.AbsolutePath != "/")
        {
            return (null, $"Cluster:PublicUrl is '{setting}'; {Expected}. A path is not supported: give the cluster a host name of its own.");
        }

        if (IPAddress.TryParse(url.Host, out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
        {
            return (null, $"Cluster:PublicUrl is '{setting}', all interfaces, which nobody can call; {Expected}.");
        }

        return (new PublicUrl(url), null);
    }
}
