using System.Text;

namespace Cluster.Chat.Text;

/// <summary>Text without any formatting: links stand behind what they were under.</summary>
internal static class PlainText
{
    public static string Write(RichText text, int start, int end)
    {
        var plain = new StringBuilder(end - start);
        var (link, linked) = (default(string), start);
        foreach (var run in text.Between(start, end))
        {
            if (run.Style.Link != link)
            {
                CloseLink(run.Start);
                (link, linked) = (run.Style.Link, run.Start);
            }

            plain.Append(text.Text, run.Start, run.End - run.Start);
        }

        CloseLink(end);
        return plain.ToString();

        void CloseLink(int at)
        {
            if (link is not null && !text.Text.AsSpan(linked, at - linked).SequenceEqual(link))
            {
                plain.Append(" (").Append(link).Append(')');
            }
        }
    }
}
