using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace Cluster.Core.Events;

/// <summary>What may stand in text that strangers write, and how the rest is taken out, encoded or shown.</summary>
public static class HostileText
{
    // Letters that draw nothing: they hide text from a reader but not from a model.
    private static readonly FrozenSet<int> Fillers =
        new[] { 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0xFFFC }.ToFrozenSet();

    /// <summary>
    /// JSON that is safe inside a block: escapes HTML's characters, quotes and all that <see cref="IsForbidden"/> names.
    /// <c>Create(UnicodeRanges.All)</c> would let bidi and zero-width characters through.
    /// </summary>
    public static JavaScriptEncoder Encoder { get; } = CreateEncoder();

    /// <summary>True for characters that steer, hide or forge: controls but newline and tab, format (bidi, zero-width, tags),
    /// private use, unassigned, separators, variation selectors and fillers.</summary>
    public static bool IsForbidden(Rune rune)
    {
        if (rune.Value is '\n' or '\t')
        {
            return false;
        }

        if (rune.Value is >= 0xFE00 and <= 0xFE0F or >= 0xE0100 and <= 0xE01EF or >= 0x180B and <= 0x180F || Fillers.Contains(rune.Value))
        {
            return true;
        }

        return Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator;
    }

    /// <summary>The text of a chat message as Claude reads it: forbidden characters removed, <c>&lt;</c>, <c>&gt;</c> and <c>&amp;</c> escaped.</summary>
    public static string Escape(string text)
    {
        var safe = new StringBuilder(text.Length + 16);
        foreach (var rune in Kept(text))
        {
            _ = rune.Value switch
            {
                '<' => safe.Append("&lt;"),
                '>' => safe.Append("&gt;"),
                '&' => safe.Append("&amp;"),
                _ => safe.Append(rune.ToString()),
            };
        }

        return safe.ToString();
    }

    /// <summary>Forbidden characters removed, nothing escaped: for pages and terminals, which escape by themselves.</summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in Kept(text))
        {
            clean.Append(rune.ToString());
        }

        return clean.ToString();
    }

    /// <summary>Forbidden characters made visible as <c>[U+202E]</c>: for a person who decides on what is really there.</summary>
    public static string Reveal(string text)
    {
        var shown = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, at, out var rune))
            {
                shown.Append($"[U+{(int)text[at]:X4}]");
                at++;
                continue;
            }

            _ = IsForbidden(rune) ? shown.Append($"[U+{rune.Value:X4}]") : shown.Append(rune.ToString());
            at += rune.Utf16SequenceLength;
        }

        return shown.ToString();
    }

    /// <summary>Cuts at a grapheme's end, saying how many characters are missing.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="limit">UTF-16 code units that are kept at the most.</param>
    public static string Cut(string text, int limit)
    {
        if (text.Length <= limit)
        {
            return text;
        }

        var end = 0;
        while (end < limit)
        {
            var length = StringInfo.GetNextTextElementLength(text, end);
            if (end + length > limit)
            {
                break;
            }

            end += length;
        }

        return $"{text[..end]}...[{text.Length - end} more]";
    }

    /// <summary>One page of a text; it ends where a grapheme does, unless one alone is longer than a page.</summary>
    public static string Page(string text, int offset, int limit)
    {
        if (text.Length - offset <= limit)
        {
            return text[offset..];
        }

        var end = offset;
        while (end < offset + limit)
        {
            var length = StringInfo.GetNextTextElementLength(text, end);
            if (end + length > offset + limit)
            {
                break;
            }

            end += length;
        }

        return text[offset..(end == offset ? offset + limit : end)];
    }

    private static IEnumerable<Rune> Kept(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, at, out var rune))
            {
                at++; // half of a surrogate pair
                continue;
            }

            at += rune.Utf16SequenceLength;
            if (rune.Value is '\r')
            {
                if (at == text.Length || text[at] != '\n')
                {
                    yield return new Rune('\n');
                }
            }
            else if (rune.Value is 0x2028 or 0x2029 or 0x0085)
            {
                yield return new Rune('\n');
            }
            else if (!IsForbidden(rune))
            {
                yield return rune;
            }
        }
    }

    private static JavaScriptEncoder CreateEncoder()
    {
        // Characters beyond the basic plane are always escaped by this kind of encoder.
        var settings = new TextEncoderSettings();
        for (var c = 0x20; c <= 0xFFFD; c++)
        {
            if (!char.IsSurrogate((char)c) && !IsForbidden(new Rune(c)))
            {
                settings.AllowCharacter((char)c);
            }
        }

        return JavaScriptEncoder.Create(settings);
    }
}
