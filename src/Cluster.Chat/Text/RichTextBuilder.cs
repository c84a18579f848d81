using System.Text;

namespace Cluster.Chat.Text;

/// <summary>Puts a <see cref="RichText"/> together, with line breaks only between things that are there.</summary>
internal sealed class RichTextBuilder
{
    private static readonly Style Quoted = new() { Quote = true };

    private readonly StringBuilder _text = new();
    private readonly List<Run> _runs = [];
    private int _breaks;
    private bool _breaksQuoted;

    public int Length => _text.Length;

    public bool AtLineStart => _breaks > 0 || _text.Length == 0 || _text[^1] == '\n';

    /// <summary>Spaces before each line.</summary>
    public string Indent { get; set; } = "";

    /// <summary>Ends the line (1) or the paragraph (2) before whatever comes next.</summary>
    /// <param name="lines">The most that is asked for counts.</param>
    /// <param name="quoted">Both sides are in the same quote; one who knows better counts.</param>
    public void Break(int lines, bool quoted)
    {
        if (_text.Length > 0)
        {
            _breaksQuoted = quoted && (_breaks == 0 || _breaksQuoted);
            _breaks = Math.Max(_breaks, lines);
        }
    }

    public void Append(string text, Style style)
    {
        if (text.Length == 0)
        {
            return;
        }

        if (AtLineStart)
        {
            Add(new string('\n', _breaks), _breaksQuoted ? Quoted : Style.Plain);
            _breaks = 0;
            Add(style.Block ? "" : Indent, style.Quote ? Quoted : Style.Plain);
        }

        Add(text, style);
    }

    public RichText Build() => new(_text.ToString(), [.. _runs]);

    private void Add(string text, Style style)
    {
        if (text.Length == 0)
        {
            return;
        }

        var start = _text.Length;
        _text.Append(text);
        if (_runs.Count > 0 && _runs[^1].Style == style)
        {
            _runs[^1] = _runs[^1] with { End = _text.Length };
        }
        else
        {
            _runs.Add(new Run(start, _text.Length, style));
        }
    }
}
