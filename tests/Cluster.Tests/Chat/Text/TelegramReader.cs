using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Cluster.Tests.Chat.Text;

/// <summary>Reads Telegram's HTML as strictly as the Bot API's documentation allows, and fails on everything else.</summary>
internal static partial class TelegramReader
{
    private static readonly string[] Plain = ["b", "i", "s", "u", "code", "pre", "blockquote"];
    private static readonly string[] Entities = ["&lt;", "&gt;", "&amp;", "&quot;"];

    /// <summary>The text that a reader sees.</summary>
    public static string Read(string html)
    {
        var text = new StringBuilder();
        var open = new Stack<string>();
        for (var at = 0; at < html.Length;)
        {
            if (html[at] == '<')
            {
                var end = html.IndexOf('>', at);
                Assert.True(end > 0, "a tag has an end");
                Tag(html[at..(end + 1)], open, html[..at]);
                at = end + 1;
            }
            else if (html[at] == '&')
            {
                var end = html.IndexOf(';', at);
                var entity = html[at..(end + 1)];
                Assert.Contains(entity, Entities);
                text.Append(WebUtility.HtmlDecode(entity));
                at = end + 1;
            }
            else
            {
                Assert.False(html[at] is '>' or '"', "what means something is escaped");
                text.Append(html[at++]);
            }
        }

        Assert.Empty(open);
        return text.ToString();
    }

    private static void Tag(string tag, Stack<string> open, string before)
    {
        if (tag.StartsWith("</", StringComparison.Ordinal))
        {
            Assert.Equal(open.Pop(), tag[2..^1]);
            return;
        }

        var name = tag[1..].Split(' ', '>')[0];
        Assert.DoesNotContain(name, open);
        if (name == "a")
        {
            Assert.Matches(Address(), tag);
        }
        else if (tag.StartsWith("<code class", StringComparison.Ordinal))
        {
            Assert.Matches(Language(), tag);
            Assert.EndsWith("<pre>", before, StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains(tag[1..^1], Plain);
        }

        // Code holds nothing, except that a block of code says its language.
        Assert.DoesNotContain("code", open);
        Assert.True(!open.Contains("pre") || tag.StartsWith("<code class", StringComparison.Ordinal), "a block of code holds no tags");
        Assert.False(name is "code" && open.Contains("a"), "a link holds no code");
        Assert.False(name is "blockquote" && open.Count > 0, "a quote is outermost");
        open.Push(name);
    }

    [GeneratedRegex("^<a href=\"https?://[^\"<>\\s]+\">$", RegexOptions.IgnoreCase)]
    private static partial Regex Address();

    [GeneratedRegex("^<code class=\"language-[A-Za-z0-9_+#.-]+\">$")]
    private static partial Regex Language();
}
