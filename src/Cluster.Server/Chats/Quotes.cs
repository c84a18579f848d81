using Cluster.Chat;
using Cluster.Core.Access;
using Cluster.Core.Events;

namespace Cluster.Server.Chats;

/// <summary>The words that a message answers. They are somebody's too: they go to a session only when that person may talk to it.</summary>
internal static class Quotes
{
    private const int LongestQuote = 500;

    private const string LeftOut = "[answers a message whose author may not talk to this session; its text is left out]";

    /// <summary>A message's text with what it answers before it, each line marked.</summary>
    /// <param name="message">What was said.</param>
    /// <param name="access">The session's allowlist.</param>
    /// <param name="text">What goes to the session of it.</param>
    public static string Before(ChatUpdate.Message message, AccessList access, string text)
    {
        var quote = message.Quote.ReplaceLineEndings("\n").Trim();
        if (quote.Length == 0)
        {
            return text;
        }

        if (!message.QuotesBot && !(message.QuoteOf is { } author && access.May(author, Act.Talk)))
        {
            return $"{LeftOut}\n{text}";
        }

        return $"{string.Join('\n', HostileText.Cut(quote, LongestQuote).Split('\n').Select(line => $"> {line}"))}\n{text}";
    }
}
