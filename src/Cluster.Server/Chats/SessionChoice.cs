using System.Security.Cryptography;
using System.Text;
using Cluster.Chat;

namespace Cluster.Server.Chats;

/// <summary>Sessions as suggestions. A session's id may be longer than what may come back with a choice; such a one comes back as <c>#</c>
/// and a hash, which is no name of any session.</summary>
internal static class SessionChoice
{
    private const int HashLength = 32;

    /// <summary>Of these sessions those that the text fits, the likeliest first.</summary>
    public static IReadOnlyList<MenuChoice> Of(IEnumerable<string> sessions, string typed)
    {
        typed = typed.Trim();
        return [.. sessions
            .Where(id => id.Contains(typed, StringComparison.OrdinalIgnoreCase))
            .OrderByDescending(id => NameOf(id).StartsWith(typed, StringComparison.OrdinalIgnoreCase))
            .ThenBy(id => id, StringComparer.Ordinal)
            .Take(MenuChoice.Most)
            .Select(id => new MenuChoice(Short(id), id.Length <= MenuChoice.Longest ? id : Hash(id)))];
    }

    /// <summary>Whether what was chosen or written stands for this session: <c>OWNER/NAME</c>, <c>NAME</c>, or a hash.</summary>
    public static bool Means(string asked, string id) => asked.StartsWith('#') ? asked == Hash(id) : asked == id || asked == NameOf(id);

    private static string NameOf(string id) => id[(id.IndexOf('/', StringComparison.Ordinal) + 1)..];

    // The end tells sessions of one owner apart.
    private static string Short(string id) => id.Length <= MenuChoice.Longest ? id : $"…{id[^(MenuChoice.Longest - 1)..]}";

    private static string Hash(string id) => $"#{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..HashLength]}";
}
