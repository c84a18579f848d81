using System.Globalization;

namespace Cluster.Chat.Text;

/// <summary>Cuts a text into messages: after a paragraph, else a line, else a word, else wherever a reader's character ends.</summary>
internal static class PartSplitter
{
    public static IReadOnlyList<ChatPart> Split(RichText text, IChatFormat format)
    {
        var parts = new List<ChatPart>();
        for (var at = SkipBlank(text, 0); at < text.Text.Length;)
        {
            var end = Longest(text, at, format);
            if (end < text.Text.Length)
            {
                end = NiceEnd(text, at, end);
            }

            var part = Write(text, at, end, format);
            while (!format.Fits(part))
            {
                // A little less text may take a little more markup.
                end = CharacterEnd(text.Text, at, at + ((end - at) * 3 / 4));
                part = Write(text, at, end, format);
            }

            if (!string.IsNullOrWhiteSpace(part.Plain))
            {
                parts.Add(part);
            }

            at = SkipBlank(text, end);
        }

        return parts;
    }

    private static ChatPart Write(RichText text, int start, int end, IChatFormat format)
    {
        while (end > start + 1 && char.IsWhiteSpace(text.Text[end - 1]))
        {
            end--;
        }

        return format.Write(text, start, end);
    }

    private static int SkipBlank(RichText text, int at)
    {
        var end = at;
        while (end < text.Text.Length && char.IsWhiteSpace(text.Text[end]))
        {
            end++;
        }

        if (end == at || end == text.Text.Length)
        {
            return end;
        }

        // What a line is indented by belongs to it.
        var line = text.Text.LastIndexOf('\n', end - 1, end - at);
        return line >= 0 ? line + 1 : text.StyleAt(at).Block ? at : end;
    }

    private static int Longest(RichText text, int at, IChatFormat format)
    {
        var most = Math.Min(text.Text.Length, at + format.Limit);
        if (format.Fits(Write(text, at, most, format)))
        {
            return most;
        }

        var (fits, exceeds) = (CharacterEnd(text.Text, at, at + 1), most);
        while (exceeds - fits > 1)
        {
            var middle = (fits + exceeds) / 2;
            (fits, exceeds) = format.Fits(Write(text, at, middle, format)) ? (middle, exceeds) : (fits, middle);
        }

        return fits;
    }

    private static int NiceEnd(RichText text, int at, int most)
    {
        // Not much too early: a short message before a long line would look torn as well.
        var least = at + ((most - at) / 3);
        for (var end = most; end > least && (end = text.Text.LastIndexOf("\n\n", end, end - least, StringComparison.Ordinal)) > least; end--)
        {
            // A heading stays with what it heads.
            if (!text.StyleAt(end).Block && text.StyleAt(end - 1).Heading == 0)
            {
                return end;
            }
        }

        var line = text.Text.LastIndexOf('\n', most, most - least);
        if (line > least)
        {
            return line;
        }

        for (var end = most; end > least; end--)
        {
            if (char.IsWhiteSpace(text.Text[end]))
            {
                return end;
            }
        }

        return CharacterEnd(text.Text, at, most);
    }

    // The end of the last whole character that a reader sees; of a rune, where one of those is longer than all that there is room for.
    private static int CharacterEnd(string text, int at, int most)
    {
        const int Lookahead = 64;
        var window = text.AsSpan(at, Math.Min(text.Length, most + Lookahead) - at);
        var end = 0;
        while (end < window.Length)
        {
            var length = StringInfo.GetNextTextElementLength(window[end..]);
            if (at + end + length > most)
            {
                break;
            }

            end += length;
        }

        if (end > 0)
        {
            return at + end;
        }

        var rune = Math.Max(most, at + 1);
        while (rune > at + 1 && rune < text.Length
            && (char.IsLowSurrogate(text[rune]) || text[rune] is '\u200D' or '\uFE0F' || text[rune - 1] == '\u200D'))
        {
            rune--;
        }

        return rune < text.Length && char.IsLowSurrogate(text[rune]) ? rune + 1 : rune;
    }
}
