using System.Globalization;
using System.Text;

namespace Cluster.Simulator.Telegram;

/// <summary>What people see of a text in the Bot API's HTML (Telegram Bot API: HTML style). Errors are worded as the real one words them.</summary>
internal static class HtmlText
{
    private static readonly HashSet<string> Tags =
    [
        "a", "b", "strong", "i", "em", "s", "strike", "del", "u", "ins", "tg-spoiler", "tg-emoji", "span", "pre", "code", "blockquote",
    ];

    /// <exception cref="RefusedException">Telegram would not read it.</exception>
    public static string Strip(string html)
    {
        var text = new StringBuilder();
        var open = new Stack<string>();
        for (var i = 0; i < html.Length;)
        {
            if (html[i] == '&' && Entity(html, i) is { } entity)
            {
                text.Append(entity.Text);
                i += entity.Length;
            }
            else if (html[i] == '<')
            {
                i = Tag(html, i, open);
            }
            else
            {
                text.Append(html[i++]);
            }
        }

        return open.TryPeek(out var unclosed)
            ? throw Unparsable($"Can't find end tag corresponding to start tag \"{unclosed}\"")
            : text.ToString();
    }

    private static int Tag(string html, int start, Stack<string> open)
    {
        var at = Encoding.UTF8.GetByteCount(html.AsSpan(0, start));
        var closing = start + 1 < html.Length && html[start + 1] == '/';
        var end = End(html, start);
        if (end < 0)
        {
            throw Unparsable($"Unclosed {(closing ? "end" : "start")} tag at byte offset {at}");
        }

        var words = html[(start + (closing ? 2 : 1))..end].Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries);
        var name = words.Length > 0 && !char.IsWhiteSpace(html[start + (closing ? 2 : 1)]) ? words[0].ToLowerInvariant() : "";
        if (closing)
        {
            if (!open.TryPop(out var opened))
            {
                throw Unparsable($"Unexpected end tag at byte offset {at}");
            }

            if (name.Length > 0 && name != opened)
            {
                throw Unparsable($"Unmatched end tag at byte offset {at}, expected \"</{opened}>\", found \"</{name}>\"");
            }
        }
        else if (!Tags.Contains(name))
        {
            throw Unparsable($"Unsupported start tag \"{name}\" at byte offset {at}");
        }
        else if (name == "span" && !(words.Length > 1 && words[1].Trim() is "class=\"tg-spoiler\"" or "class='tg-spoiler'"))
        {
            throw Unparsable($"Tag \"span\" must have class \"tg-spoiler\" at byte offset {at}");
        }
        else
        {
            open.Push(name);
        }

        return end + 1;
    }

    /// <summary>The end of a tag; a quoted value may hold a sign that looks like it.</summary>
    private static int End(string html, int start)
    {
        var quote = '\0';
        for (var i = start + 1; i < html.Length; i++)
        {
            if (quote != '\0')
            {
                quote = html[i] == quote ? '\0' : quote;
            }
            else if (html[i] == '>')
            {
                return i;
            }
            else if (html[i] is '"' or '\'' && html[i - 1] == '=')
            {
                quote = html[i];
            }
        }

        return -1;
    }

    /// <summary>Named ones are four; anything else that begins with an ampersand stays as it is.</summary>
    private static (string Text, int Length)? Entity(string html, int start)
    {
        var end = start + 1;
        if (end < html.Length && html[end] == '#')
        {
            var hex = end + 1 < html.Length && html[end + 1] == 'x';
            end += hex ? 2 : 1;
            var digits = end;
            while (end < html.Length && end - digits < 8 && (hex ? char.IsAsciiHexDigit(html[end]) : char.IsAsciiDigit(html[end])))
            {
                end++;
            }

            return int.TryParse(html.AsSpan(digits, end - digits), hex ? NumberStyles.HexNumber : NumberStyles.None, CultureInfo.InvariantCulture, out var code)
                && code > 0 && Rune.IsValid(code)
                ? (new Rune(code).ToString(), LengthWithEnd())
                : null;
        }

        while (end < html.Length && char.IsAsciiLetter(html[end]))
        {
            end++;
        }

        var text = html[(start + 1)..end] switch { "lt" => "<", "gt" => ">", "amp" => "&", "quot" => "\"", _ => null };
        return text is null ? null : (text, LengthWithEnd());

        int LengthWithEnd() => (end < html.Length && html[end] == ';' ? end + 1 : end) - start;
    }

    private static RefusedException Unparsable(string why) => RefusedException.Bad($"can't parse entities: {why}");
}
