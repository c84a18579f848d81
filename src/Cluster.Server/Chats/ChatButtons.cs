using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Cluster.Chat;

namespace Cluster.Server.Chats;

/// <summary>The buttons of a prompt, and what comes back when one is pressed.</summary>
internal static class VerdictButtons
{
    private const string More = "m:";

    /// <summary>Under a prompt; one that has more to see cannot be allowed there.</summary>
    public static IReadOnlyList<ChatButton> For(long request, bool hasMore) =>
        hasMore ? [Deny(request)] : [new("Allow", $"v:{request}:allow"), Deny(request)];

    public static bool TryParse(string data, out long request, out bool allow)
    {
        request = 0;
        allow = data.EndsWith(":allow", StringComparison.Ordinal);
        return data.Split(':') is ["v", var id, "allow" or "deny"] && long.TryParse(id, NumberStyles.None, null, out request);
    }

    private static ChatButton Deny(long request) => new("Deny", $"v:{request}:deny");

    /// <summary>Of the button that brings all of a request's arguments.</summary>
    public static bool TryParseMore(string data, out long request)
    {
        request = 0;
        return data.StartsWith(More, StringComparison.Ordinal) && long.TryParse(data[More.Length..], NumberStyles.None, null, out request);
    }
}

/// <summary>The buttons of a list of sessions. A session's id may be longer than a button's data (Telegram Bot API: InlineKeyboardButton,
/// callback_data, 1-64 bytes), so it is named by a part of its hash, which is looked for among the sessions of whoever presses.</summary>
internal static class SessionButtons
{
    private const string Use = "u:";
    private const int HashDigits = 16;
    private const int LongestLabel = 48;

    public static ChatButton For(string session, bool current)
    {
        var label = $"{(current ? "✓" : "Use")} {session}";
        return new(label.Length > LongestLabel ? label[..LongestLabel] + "…" : label, Use + Hash(session));
    }

    /// <summary>Null for what no such button ever sent.</summary>
    public static string? HashIn(string data) =>
        data.StartsWith(Use, StringComparison.Ordinal) && data.Length == Use.Length + HashDigits ? data[Use.Length..] : null;

    public static string Hash(string session) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(session)))[..HashDigits];
}
