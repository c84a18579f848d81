using System.Text;
using Cluster.Tests.Events;

namespace Cluster.Tests.Chat.Text;

/// <summary>Markdown that nobody would write who wants to be read, the same on every run.</summary>
internal static class BrokenMarkdown
{
    private static readonly string[] Pieces =
    [
        "*", "**", "***", "_", "__", "~~", "~", "`", "``", "```", "```\n", "\n```cs\n", "\n~~~ sh x\n", "    ", "\t", "\n", "\n\n", "\n\n\n",
        "  \n",
        "\n# ", "\n###### ", "\n> ", "\n> > ", "\n- ", "\n  - ", "\n- [x] ", "\n1. ", "\n999. ",
        "\n---\n", "\n===\n", "|", "\n|-|:-:|\n", "\n| a | b |\n",
        "[", "]", "(", ")", "](", "](http://x.example/a_(b) \"t\")", "[a](https://x.example/?q=\"&<>)", "![i](https://x.example/i.png)",
        "[a](javascript:alert(1))", "[a](tg://user?id=1)", "[f](src/A.cs)",
        "[a]: http://x.example\n", "<https://x.example>", "https://x.example/__init__.py",
        "<b>", "</b>", "<a href=\"x\">", "</pre>", "<!--", "&lt;", "&#x202E;", "&#0;", "&zwj;", "&amp;", "\\", "\\*", "\\\\",
        "@everyone", "@here", "<@123>", "<@!123>", "<@&123>", "<#123>", "@\u200Beveryone", "||", ":x:", "</x:1>",
        "👩‍👩‍👧‍👦", "👍🏽", "🏳️‍🌈", "#️⃣", "1️⃣", "❤️", "e\u0301", "\uFE0F", "\u200D", "\u202E", "日本語",
        "a", "b c", "word ", "Word, word. ", "x",
    ];

    /// <summary>The text of this number.</summary>
    public static string Number(int number)
    {
        if (number % 8 == 7)
        {
            return HostileStrings.Number(number);
        }

        var random = new Random(number);
        var pieces = random.Next(100) == 0 ? random.Next(1_000, 3_000) : random.Next(0, 60);
        var text = new StringBuilder();
        for (var i = 0; i < pieces; i++)
        {
            var piece = Pieces[random.Next(Pieces.Length)];
            text.Insert(text.Length, piece, random.Next(50) == 0 ? random.Next(1, 40) : 1);
        }

        return text.ToString();
    }
}
