using System.Text;

namespace Cluster.Chat.Text;

/// <summary>Telegram's HTML, with none but its tags. Its rules: code holds no other tag, quotes hold no quotes.</summary>
internal sealed class TelegramHtml : IChatFormat
{
    // Telegram cuts what is longer than 35,000 bytes before it reads the tags, and then misses their ends.
    private const int MaxBytes = 30_000;

    public int Limit => 4_096;

    public RichText Prepare(RichText text) => text;

    public bool Fits(ChatPart part) =>
        part.Plain.Length <= Limit && (part.Formatted.Length <= MaxBytes / 3 || Encoding.UTF8.GetByteCount(part.Formatted) <= MaxBytes);

    public ChatPart Write(RichText text, int start, int end)
    {
        var html = new StringBuilder(end - start + 64);
        var open = new List<Tag>();
        foreach (var run in text.Between(start, end))
        {
            var tags = Tags(run.Style);
            var common = 0;
            while (common < Math.Min(tags.Count, open.Count) && tags[common] == open[common])
            {
                common++;
            }

            Close(common);
            for (var i = common; i < tags.Count; i++)
            {
                html.Append(tags[i].Open);
                open.Add(tags[i]);
            }

            Escape(html, text.Text.AsSpan(run.Start, run.End - run.Start));
        }

        Close(0);
        return new ChatPart(html.ToString(), PlainText.Write(text, start, end));

        void Close(int count)
        {
            for (var i = open.Count - 1; i >= count; i--)
            {
                html.Append(open[i].Close);
                open.RemoveAt(i);
            }
        }
    }

    private static List<Tag> Tags(Style style)
    {
        var tags = new List<Tag>(4);
        if (style.Quote)
        {
            tags.Add(new Tag("<blockquote>", "</blockquote>"));
        }

        if (style.Block)
        {
            tags.Add(style.Language.Length == 0
                ? new Tag("<pre>", "</pre>")
                : new Tag($"<pre><code class=\"language-{style.Language}\">", "</code></pre>"));
            return tags;
        }

        if (style.Link is not null)
        {
            var address = new StringBuilder();
            Escape(address, style.Link);
            tags.Add(new Tag($"<a href=\"{address}\">", "</a>"));
        }
        else if (style.Code)
        {
            tags.Add(new Tag("<code>", "</code>"));
            return tags;
        }

        if (style.Bold || style.Heading > 0)
        {
            tags.Add(new Tag("<b>", "</b>"));
        }

        if (style.Italic)
        {
            tags.Add(new Tag("<i>", "</i>"));
        }

        if (style.Strike)
        {
            tags.Add(new Tag("<s>", "</s>"));
        }

        return tags;
    }

    private static void Escape(StringBuilder html, ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            _ = c switch
            {
                '<' => html.Append("&lt;"),
                '>' => html.Append("&gt;"),
                '&' => html.Append("&amp;"),
                '"' => html.Append("&quot;"),
                _ => html.Append(c),
            };
        }
    }

    private readonly record struct Tag(string Open, string Close);
}
