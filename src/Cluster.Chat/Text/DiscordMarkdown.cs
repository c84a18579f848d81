using System.Text;
using System.Text.RegularExpressions;

namespace Cluster.Chat.Text;

/// <summary>Discord's Markdown.</summary>
internal sealed partial class DiscordMarkdown : IChatFormat
{
    public int Limit => 2_000;

    /// <summary>
    /// A mention is taken out of its text wherever it stands: a backslash before it does not keep it from pinging, and the usual zero-width
    /// space is a character that we let nobody use. In code, where nothing can be escaped, no backticks may end it before its end.
    /// </summary>
    public RichText Prepare(RichText text)
    {
        var safe = new StringBuilder(text.Text);
        foreach (var match in Mention().EnumerateMatches(text.Text))
        {
            safe[match.Index] = text.Text[match.Index] == '@' ? '＠' : '＃';
        }

        foreach (var run in text.Runs.Where(run => run.Style.Code || run.Style.Block))
        {
            var (backticks, most) = (0, run.Style.Block ? 2 : 1);
            for (var at = run.Start; at < run.End; at++)
            {
                backticks = text.Text[at] == '`' ? backticks + 1 : 0;
                if (backticks > most)
                {
                    safe[at] = 'ˋ';
                    backticks = 0;
                }
            }
        }

        return text with { Text = safe.ToString() };
    }

    public bool Fits(ChatPart part) => part.Formatted.Length <= Limit && part.Plain.Length <= Limit;

    public ChatPart Write(RichText text, int start, int end)
    {
        var writer = new DiscordWriter();
        var runs = text.Between(start, end).ToList();
        for (var i = 0; i < runs.Count; i++)
        {
            var (run, style) = (runs[i], runs[i].Style);
            var content = text.Text.AsSpan(run.Start, run.End - run.Start);
            if (style.Block)
            {
                writer.WriteBlock(content, style);
            }
            else if (style.Link is null)
            {
                writer.Write(content, style, close: "");
            }
            else
            {
                var last = i;
                while (last + 1 < runs.Count && runs[last + 1].Style.Link == style.Link)
                {
                    last++;
                }

                WriteLink(writer, text, runs[i..(last + 1)]);
                i = last;
            }
        }

        return new ChatPart(writer.Finish(), PlainText.Write(text, start, end));
    }

    // Discord masks no link whose text looks like one itself, and loses its way among brackets.
    private static void WriteLink(DiscordWriter writer, RichText text, List<Run> runs)
    {
        var link = runs[0].Style.Link!;
        var label = text.Text.AsSpan(runs[0].Start, runs[^1].End - runs[0].Start);
        if (label.SequenceEqual(link))
        {
            writer.WriteAddress(link, runs[0].Style);
            return;
        }

        var address = link.Replace("(", "%28", StringComparison.Ordinal).Replace(")", "%29", StringComparison.Ordinal);
        var masks = label.IndexOfAny("[]\n") < 0 && !label.Contains("://", StringComparison.Ordinal) && !label.IsWhiteSpace();
        foreach (var run in runs)
        {
            writer.Write(text.Text.AsSpan(run.Start, run.End - run.Start), run.Style, masks ? $"](<{address}>)" : "");
        }

        if (!masks)
        {
            writer.Write(" (", Style.Plain with { Quote = runs[0].Style.Quote }, close: "");
            writer.WriteAddress(address, Style.Plain with { Quote = runs[0].Style.Quote });
            writer.Write(")", Style.Plain with { Quote = runs[0].Style.Quote }, close: "");
        }
    }

    [GeneratedRegex("@(?=everyone|here)|(?<=<)@(?=[!&]?[0-9])|(?<=<)#(?=[0-9])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Mention();
}
