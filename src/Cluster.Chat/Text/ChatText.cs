namespace Cluster.Chat.Text;

/// <summary>Any text that Claude writes, as messages that a chat platform takes: in its form, within its limits, harmless.</summary>
public static class ChatText
{
    /// <summary>Telegram's HTML (Bot API: Formatting options).</summary>
    /// <param name="markdown">Any text: broken, hostile and endless ones too.</param>
    /// <returns>At least one part, none of them empty.</returns>
    public static IReadOnlyList<ChatPart> ForTelegram(string markdown) => Parts(markdown, new TelegramHtml());

    /// <summary>Discord's dialect of Markdown, in which nothing mentions anybody and no link shows a preview.</summary>
    /// <param name="markdown">Any text: broken, hostile and endless ones too.</param>
    /// <returns>At least one part, none of them empty.</returns>
    public static IReadOnlyList<ChatPart> ForDiscord(string markdown) => Parts(markdown, new DiscordMarkdown());

    private static IReadOnlyList<ChatPart> Parts(string markdown, IChatFormat format)
    {
        var parts = PartSplitter.Split(format.Prepare(MarkdownReader.Read(markdown)), format);
        return parts.Count > 0 ? parts : [new ChatPart("(empty)", "(empty)")];
    }
}
