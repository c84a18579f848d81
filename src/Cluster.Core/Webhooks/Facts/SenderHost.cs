using System.Text.RegularExpressions;

namespace Cluster.Core.Webhooks.Facts;

/// <summary>
/// Where a sender's own addresses begin: scheme, host and port, and perhaps a path below which it stands. It is compared sign by sign: another case,
/// another spelling of a port, a user in front or a host that only begins so is another one. Names of countries' own letters are written as
/// <c>xn--…</c>. A star stands for one label, where a platform gives each customer one.
/// </summary>
public sealed partial class SenderHost
{
    /// <summary>Hosts that one source may have.</summary>
    public const int Most = 10;

    /// <summary>What it is, in words that stand after "a host is".</summary>
    public const string Expected =
        "a name such as alerts.example.com, with a port if it has one, https:// or http:// in front, and the path below which the sender stands; no user, no query, other letters as xn--…";

    private readonly string _before;
    private readonly string _after; // behind the star; the whole where there is none
    private readonly bool _star;

    private SenderHost(string root)
    {
        var star = root.IndexOf('*', StringComparison.Ordinal);
        (_before, _after, _star) = star < 0 ? ("", root, false) : (root[..star], root[(star + 1)..], true);
    }

    /// <summary>One that the operator gives, or null.</summary>
    public static SenderHost? Read(string text) => Canonical(text) is { } root ? new SenderHost(root) : null;

    /// <summary>As it is kept and shown: <c>https://ghe.example.com</c>; null when it is no host.</summary>
    public static string? Canonical(string text)
    {
        if (Written().Match(text) is not { Success: true } match)
        {
            return null;
        }

        var scheme = match.Groups["scheme"].Success ? match.Groups["scheme"].Value.ToLowerInvariant() : "https";
        var name = match.Groups["name"].Value.ToLowerInvariant();
        var port = match.Groups["port"].Value;
        var path = match.Groups["path"].Value.TrimEnd('/');
        if (!Shapes.Host().IsMatch(name) || (port.Length > 0 && int.Parse(port) is 0 or > 65535) || path.Split('/').Any(part => part is "." or ".."))
        {
            return null;
        }

        var shown = port.Length == 0 || (scheme, int.Parse(port)) is ("https", 443) or ("http", 80) ? "" : $":{int.Parse(port)}";
        return $"{scheme}://{name}{shown}{path}";
    }

    /// <summary>Several as they are kept: each once, in order.</summary>
    public static IReadOnlyList<string> Canonical(IEnumerable<string> texts) => [.. texts.Select(Canonical).OfType<string>().Distinct().Order(StringComparer.Ordinal)];

    /// <summary>One of a platform's own, with a star for the customer's label.</summary>
    internal static SenderHost Known(string host) => new($"https://{host}");

    /// <summary>Where in an address what is the sender's own host ends; null where it is another's.</summary>
    internal int? Behind(string address)
    {
        var at = _before.Length;
        if (_star)
        {
            if (!address.StartsWith(_before, StringComparison.Ordinal) || Label().Match(address, at) is not { Success: true } label || label.Index != at)
            {
                return null;
            }

            at += label.Length;
        }

        return address.AsSpan(at).StartsWith(_after, StringComparison.Ordinal)
            && (address.Length == at + _after.Length || address[at + _after.Length] is '/' or '?' or '#')
                ? at + _after.Length
                : null;
    }

    [GeneratedRegex(@"\A((?<scheme>https?)://)?(?<name>[A-Za-z0-9.-]{1,253})(:(?<port>[0-9]{1,5}))?(?<path>(/[A-Za-z0-9_.~-]{1,100}){0,10}/?)\z", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Written();

    [GeneratedRegex(@"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")]
    private static partial Regex Label();
}
