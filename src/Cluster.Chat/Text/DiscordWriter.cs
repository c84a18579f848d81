using System.Text;

namespace Cluster.Chat.Text;

/// <summary>
/// Writes one message for Discord. Marks open right before a letter and close right after one, and none is open across the end of a line:
/// else Discord shows them instead of obeying them.
/// </summary>
internal sealed class DiscordWriter
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _blanks = new();
    private readonly List<Mark> _open = [];
    private LineState _line = LineState.Start;

    private enum LineState
    {
        /// <summary>Nothing yet: a mark of lists, quotes or headings here would be obeyed.</summary>
        Start,

        /// <summary>A number, which a dot would turn into a list's.</summary>
        Number,

        Text,
    }

    private bool AtLineStart => _text.Length == 0 || _text[^1] == '\n';

    /// <param name="text">May have several lines.</param>
    /// <param name="style">Of all of it.</param>
    /// <param name="close">What ends the masked link that it belongs to; empty when it belongs to none.</param>
    public void Write(ReadOnlySpan<char> text, Style style, string close)
    {
        if (style.Code && !text.IsWhiteSpace())
        {
            Begin(style, close);
            WriteCode(text);
            _line = LineState.Text;
            return;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n')
            {
                EndLine(style.Quote);
            }
            else if (char.IsWhiteSpace(text[i]))
            {
                if (_blanks.Length == 0)
                {
                    CloseMarks(Common(Marks(style, close)));
                }

                _blanks.Append(text[i]);
            }
            else if (style.Marker)
            {
                Begin(Style.Plain with { Quote = style.Quote }, close: "");
                _text.Append(text[i] == '•' ? '-' : text[i]); // and then a line's start again: lists may hold anything
            }
            else
            {
                Begin(style, close);
                WriteLetter(text, i);
            }
        }
    }

    public void WriteBlock(ReadOnlySpan<char> code, Style style)
    {
        if (code.IsWhiteSpace())
        {
            return;
        }

        if (!AtLineStart)
        {
            EndLine(style.Quote);
        }

        _blanks.Clear();
        var prefix = style.Quote ? "> " : "";
        _text.Append(prefix).Append("```").Append(style.Language).Append('\n').Append(prefix);
        foreach (var c in code)
        {
            _text.Append(c);
            if (c == '\n')
            {
                _text.Append(prefix);
            }
        }

        _text.Append('\n').Append(prefix).Append("```");
        _line = LineState.Text;
    }

    /// <summary>An address that shows no preview.</summary>
    public void WriteAddress(string address, Style style)
    {
        Begin(style, close: "");
        _text.Append('<').Append(address).Append('>');
        _line = LineState.Text;
    }

    public string Finish()
    {
        CloseMarks(0);
        return _text.ToString();
    }

    private void EndLine(bool quoted)
    {
        CloseMarks(0);
        _blanks.Clear();
        if (quoted && AtLineStart)
        {
            _text.Append("> ");
        }

        _text.Append('\n');
        _line = LineState.Start;
    }

    private void Begin(Style style, string close)
    {
        if (style.Quote && AtLineStart)
        {
            _text.Append("> ");
        }

        var marks = Marks(style, close);
        var common = Common(marks);
        CloseMarks(common);
        _text.Append(_blanks);
        _blanks.Clear();
        if (style.Heading is > 0 and <= 3 && _line == LineState.Start)
        {
            _text.Append('#', style.Heading).Append(' ');
            _line = LineState.Text;
        }

        foreach (var mark in marks.Skip(common))
        {
            _text.Append(mark.Open);
            _open.Add(mark);
        }
    }

    private int Common(List<Mark> marks)
    {
        var common = 0;
        while (common < Math.Min(marks.Count, _open.Count) && marks[common] == _open[common])
        {
            common++;
        }

        return common;
    }

    private void CloseMarks(int count)
    {
        for (var i = _open.Count - 1; i >= count; i--)
        {
            _text.Append(_open[i].Close);
            _open.RemoveAt(i);
        }
    }

    private static List<Mark> Marks(Style style, string close)
    {
        var marks = new List<Mark>(4);
        if (close.Length > 0)
        {
            marks.Add(new Mark("[", close));
        }

        // Discord knows three levels of headings, all bold by themselves.
        if (style.Heading > 3 || (style.Bold && style.Heading == 0))
        {
            marks.Add(new Mark("**", "**"));
        }

        if (style.Italic)
        {
            marks.Add(new Mark("*", "*")); // an underscore means nothing between letters
        }

        if (style.Strike)
        {
            marks.Add(new Mark("~~", "~~"));
        }

        return marks;
    }

    private void WriteLetter(ReadOnlySpan<char> text, int at)
    {
        var c = text[at];
        var obeyed = c switch
        {
            '\\' or '*' or '_' or '~' or '`' or '|' or '<' or '[' or ']' => true,
            '#' or '-' or '>' => _line == LineState.Start,
            '.' => _line == LineState.Number,
            '/' => at > 0 && at + 1 < text.Length && text[at - 1] == ':' && text[at + 1] == '/', // an address would show a preview
            _ => false,
        };
        if (obeyed)
        {
            _text.Append('\\');
        }

        _text.Append(c);
        _line = char.IsAsciiDigit(c) && _line != LineState.Text ? LineState.Number : LineState.Text;
    }

    private void WriteCode(ReadOnlySpan<char> code)
    {
        if (!code.Contains('`'))
        {
            _text.Append('`').Append(code).Append('`');
            return;
        }

        _text.Append("``").Append(code[0] == '`' ? " " : "").Append(code).Append(code[^1] == '`' ? " " : "").Append("``");
    }

    private sealed record Mark(string Open, string Close);
}
