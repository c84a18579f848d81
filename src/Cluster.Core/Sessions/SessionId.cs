using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Cluster.Core.Sessions;

/// <summary>A session's durable address, <c>owner/name</c>; both halves are <see cref="Slug"/>s.</summary>
public readonly record struct SessionId(string Owner, string Name)
{
    public override string ToString() => $"{Owner}/{Name}";

    /// <summary>Reads <c>owner/name</c>, or <c>name</c> and <c>me/name</c> as the caller's own.</summary>
    public static bool TryParse(string? text, string caller, out SessionId id)
    {
        id = default;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var owner = slash < 0 ? "me" : text[..slash];
        var name = text[(slash + 1)..];
        if (owner == "me")
        {
            owner = caller;
        }

        if (!Slug.IsValid(owner) || !Slug.IsValid(name))
        {
            return false;
        }

        id = new SessionId(owner, name);
        return true;
    }

    /// <summary>Reads the exact form <c>owner/name</c> that the store wrote.</summary>
    public static SessionId Parse(string stored)
    {
        var slash = stored.IndexOf('/', StringComparison.Ordinal);
        return new SessionId(stored[..slash], stored[(slash + 1)..]);
    }
}

/// <summary>The one form of a name: <c>[a-z0-9][a-z0-9._-]{0,62}</c>.</summary>
public static class Slug
{
    public const int MaxLength = 63;

    private const string Nothing = "session";

    public const string Expected = "1 to 63 characters of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit";

    public static bool IsValid([NotNullWhen(true)] string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength || !char.IsAsciiLetterOrDigit(text[0]))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Makes a name out of any text: lower case, other characters become dashes; <c>session</c> when nothing is left.</summary>
    public static string From(string text) => Make(text) is { Length: > 0 } name ? name : Nothing;

    /// <summary>Makes a name out of a text unless that would say nothing of it: no letter of its writing is left, or just <c>session</c>.</summary>
    public static string? Telling(string text) =>
        Make(text) is { Length: > 0 } name && name != Nothing && (name.Any(char.IsAsciiLetterLower) || !text.Any(char.IsLetter)) ? name : null;

    private static string Make(string text)
    {
        var slug = new StringBuilder();
        foreach (var c in text.ToLowerInvariant())
        {
            if (slug.Length == MaxLength)
            {
                break;
            }

            if (char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c))
            {
                slug.Append(c);
            }
            else if (slug.Length > 0)
            {
                slug.Append(c is '.' or '_' ? c : '-');
            }
        }

        return slug.ToString().TrimEnd('-', '.', '_');
    }
}
