using System.Buffers;

namespace Cluster.Chat.Text;

/// <summary>A piece of a text: Markdown, or what is inside a fence.</summary>
/// <param name="Text">Line ends at the end of Markdown say how the next piece follows.</param>
/// <param name="Info">What stands behind the fence's opening; null for Markdown.</param>
internal readonly record struct MarkdownSegment(string Text, string? Info);

/// <summary>
/// Cuts a text into pieces that are read one by one. Reading takes time that grows with the square of a piece's markup, so no piece has
/// much of it. Fences at the start of a line are found here, since code may be long: nothing but a fence of the same kind ends them.
/// </summary>
internal static class MarkdownSegments
{
    private const int MaxLength = 12_000;
    private const int MaxMarkup = 1_000;

    private static readonly SearchValues<char> Markup = SearchValues.Create("*_~[]()!<>&|`:.@+-\\\t");

    public static IEnumerable<MarkdownSegment> Of(string text)
    {
        var from = 0;
        for (var at = 0; at < text.Length;)
        {
            var next = NextLine(text, at);
            var fence = FenceAt(text, at, next);
            if (fence == 0)
            {
                at = next;
                continue;
            }

            foreach (var piece in Pieces(text, from, at))
            {
                yield return new MarkdownSegment(piece, null);
            }

            var end = next;
            while (end < text.Length && !Closes(text, end, text[at], fence))
            {
                end = NextLine(text, end);
            }

            yield return new MarkdownSegment(text[next..end], text[(at + fence)..next].Trim());
            from = at = NextLine(text, end);
        }

        foreach (var piece in Pieces(text, from, text.Length))
        {
            yield return new MarkdownSegment(piece, null);
        }
    }

    private static int NextLine(string text, int at)
    {
        var end = text.IndexOf('\n', at);
        return end < 0 ? text.Length : end + 1;
    }

    private static int FenceAt(string text, int at, int next)
    {
        var mark = text[at];
        if (mark is not ('`' or '~'))
        {
            return 0;
        }

        var line = text.AsSpan(at, next - at);
        var length = line.IndexOfAnyExcept(mark);
        length = length < 0 ? line.Length : length;
        return length < 3 || (mark == '`' && line[length..].Contains('`')) ? 0 : length;
    }

    private static bool Closes(string text, int at, char mark, int fence)
    {
        var line = text.AsSpan(at, NextLine(text, at) - at).TrimEnd();
        var marks = line.TrimStart(' ');
        return line.Length - marks.Length < 4 && marks.Length >= fence && marks.IndexOfAnyExcept(mark) < 0;
    }

    private static IEnumerable<string> Pieces(string text, int from, int to)
    {
        while (from < to)
        {
            var reach = Reach(text, from, to);
            var end = reach < to ? Cut(text, from, reach) : to;
            yield return text[from..end];
            from = end;
        }
    }

    private static int Reach(string text, int from, int to)
    {
        var end = Math.Min(to, from + MaxLength);
        var markup = 0;
        for (var at = from; at < end; at++)
        {
            markup += Markup.Contains(text[at]) ? 1 : 0;
            if (markup > MaxMarkup)
            {
                return at;
            }
        }

        return end;
    }

    // After a paragraph that no list or quote goes on behind; else after a line, a word, or anywhere.
    private static int Cut(string text, int from, int reach)
    {
        var at = reach;
        while (at > from && (at = text.LastIndexOf("\n\n", at - 1, at - from, StringComparison.Ordinal)) > from)
        {
            if (at + 2 < text.Length && !char.IsWhiteSpace(text[at + 2]) && text[at + 2] is not ('-' or '*' or '+' or '>'))
            {
                return at + 2;
            }
        }

        var line = text.LastIndexOf('\n', reach - 1, reach - from);
        var word = text.LastIndexOf(' ', reach - 1, reach - from);
        return line > from ? line + 1 : word > from ? word + 1 : char.IsLowSurrogate(text[reach]) || IsEscaped(text, from, reach) ? reach - 1 : reach;
    }

    // A backslash and what it escapes stay together.
    private static bool IsEscaped(string text, int from, int at)
    {
        var start = at;
        while (start > from && text[start - 1] == '\\')
        {
            start--;
        }

        return (at - start) % 2 == 1 && at - 1 > from;
    }
}
