using System.Text;

namespace Cluster.Chat.Text;

/// <summary>Any text that Claude writes, as messages that a chat platform takes: in its form, within its limits, harmless.</summary>
public static class ChatText
{
    private const char NoBreakSpace = '\u00A0';

    /// <summary>Telegram's HTML (Bot API: Formatting options).</summary>
    /// <param name="markdown">Any text: broken, hostile and endless ones too.</param>
    /// <returns>At least one part, none of them empty.</returns>
    public static IReadOnlyList<ChatPart> ForTelegram(string markdown) => Parts(markdown, new TelegramHtml());

    /// <summary>Discord's dialect of Markdown, in which nothing mentions anybody and no link shows a preview.</summary>
    /// <param name="markdown">Any text: broken, hostile and endless ones too.</param>
    /// <returns>At least one part, none of them empty.</returns>
    public static IReadOnlyList<ChatPart> ForDiscord(string markdown) => Parts(markdown, new DiscordMarkdown());

    /// <summary>Markdown that shows a text as it stands: nothing in it is formatting, and lines and spaces stay where they are.</summary>
    public static string Literal(string text)
    {
        var literal = new StringBuilder(text.Length * 2);
        var atStart = true;
        foreach (var c in VisibleText.Clean(text))
        {
            // Spaces at the start of a line, and a line of nothing, would mean something; no-break spaces do not.
            if (atStart && c is ' ' or '\t' or '\n')
            {
                literal.Append(NoBreakSpace, c == '\t' ? 4 : 1);
            }

            if (!atStart || c is not (' ' or '\t'))
            {
                // CommonMark 2.4: any ASCII punctuation may be escaped.
                literal.Append(char.IsAscii(c) && (char.IsPunctuation(c) || char.IsSymbol(c)) ? "\\" : "").Append(c);
            }

            atStart = c == '\n' || (atStart && c is ' ' or '\t');
        }

        return literal.ToString();
    }

    private static IReadOnlyList<ChatPart> Parts(string markdown, IChatFormat format)
    {
        var parts = PartSplitter.Split(format.Prepare(MarkdownReader.Read(markdown)), format);
        return parts.Count > 0 ? parts : [new ChatPart("(empty)", "(empty)")];
    }
}
