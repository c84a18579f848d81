namespace Cluster.Chat.Telegram;

internal static class TelegramText
{
    /// <summary>At most so many UTF-16 units, without halving a character.</summary>
    public static string Cut(string text, int limit) =>
        text.Length <= limit ? text : text[..(char.IsHighSurrogate(text[limit - 1]) ? limit - 1 : limit)];
}
