namespace Cluster.Chat.Telegram;

/// <summary>Finds out whether a text names the bot, and takes its name out where it only says whom the text is for.</summary>
internal static class TelegramAddressing
{
    /// <summary>Reads a text with its entities (Telegram Bot API: MessageEntity).</summary>
    /// <param name="text">As it was written.</param>
    /// <param name="entities">Nobody vouches that they lie inside the text.</param>
    /// <param name="bot">The bot's name, without @.</param>
    public static (string Text, bool ForBot) Read(string text, IReadOnlyList<TelegramEntity>? entities, string bot)
    {
        var forBot = false;
        var start = text.Length - text.AsSpan().TrimStart().Length;
        var names = new List<(int Offset, int Length)>();
        foreach (var entity in entities ?? [])
        {
            if (entity.Offset < 0 || entity.Length <= 0 || entity.Offset > text.Length - entity.Length)
            {
                continue;
            }

            var word = text.AsSpan(entity.Offset, entity.Length);
            if (entity.Type == "mention" && Names(word, bot))
            {
                forBot = true;
                if (entity.Offset == start)
                {
                    names.Add((entity.Offset, entity.Length));
                }
            }
            else if (entity.Type == "bot_command")
            {
                var at = word.IndexOf('@');
                if (at < 0)
                {
                    forBot |= entity.Offset == start;
                }
                else if (Names(word[at..], bot))
                {
                    forBot = true;
                    names.Add((entity.Offset + at, entity.Length - at));
                }
            }
        }

        foreach (var (offset, length) in names.OrderByDescending(name => name.Offset))
        {
            // "@bot, do this": what follows the name goes with it.
            text = offset == start ? text[(offset + length)..].TrimStart(' ', '\n', '\t', ',', ':') : text.Remove(offset, length);
        }

        return (text, forBot);
    }

    private static bool Names(ReadOnlySpan<char> word, string bot) =>
        word.Length > 1 && word[0] == '@' && word[1..].Equals(bot, StringComparison.OrdinalIgnoreCase);
}
