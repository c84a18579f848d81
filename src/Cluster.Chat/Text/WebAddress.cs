using System.Text;
using System.Text.RegularExpressions;

namespace Cluster.Chat.Text;

/// <summary>Where a link may lead: to the web, and nowhere inside a platform or a person's device.</summary>
internal static partial class WebAddress
{
    // So that the shortest stretch of a link still fits into a message of Discord, where parentheses take three characters.
    private const int MaxLength = 1_000;

    /// <summary>The address in a form that no markup can break out of, or null when it is not one of the web, or endless.</summary>
    public static string? Clean(string? address)
    {
        if (address is null || address.Length > MaxLength || !address.StartsWith("http", StringComparison.OrdinalIgnoreCase)
            || !Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Host.Length == 0
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
        {
            return null;
        }

        var clean = new StringBuilder(address.Length);
        foreach (var c in VisibleText.Clean(address))
        {
            _ = c is '<' or '>' or '"' or '\\' or '`' or '|' || char.IsWhiteSpace(c)
                ? clean.Append(Uri.HexEscape(c <= 0xFF ? c : ' '))
                : clean.Append(c);
        }

        var safe = Mention().Replace(clean.ToString(), "%40");
        return safe.Length + (2 * safe.Count(c => c is '(' or ')')) <= MaxLength ? safe : null;
    }

    [GeneratedRegex("@(?=everyone|here)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Mention();
}
