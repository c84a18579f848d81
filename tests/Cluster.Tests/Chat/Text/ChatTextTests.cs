using Cluster.Chat;
using Cluster.Chat.Text;

namespace Cluster.Tests.Chat.Text;

public sealed class ChatTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("**b** *i* __b__ _i_ ~~s~~ `c`", "<b>b</b> <i>i</i> <b>b</b> <i>i</i> <s>s</s> <code>c</code>")]
    [InlineData("***both*** **b *bi***", "<b><i>both</i></b> <b>b <i>bi</i></b>")]
    [InlineData("**`code` in bold**", "<code>code</code><b> in bold</b>")]
    [InlineData("a < b && c > \"d\"", "a &lt; b &amp;&amp; c &gt; &quot;d&quot;")]
    [InlineData("<b>tags</b> <br/> <!-- c -->", "&lt;b&gt;tags&lt;/b&gt; &lt;br/&gt; &lt;!-- c --&gt;")]
    [InlineData("# Head\ntext\n\n## Sub", "<b>Head</b>\n\ntext\n\n<b>Sub</b>")]
    [InlineData("text\n---\nmore\n\n---\nend", "text\n---\nmore\n\n──────────\n\nend")]
    [InlineData("- a\n- b\n  - c\n    more\n- d", "• a\n• b\n  • c\n    more\n• d")]
    [InlineData("3. a\n4. b", "3. a\n4. b")]
    [InlineData("- [ ] a\n- [x] b", "• ☐ a\n• ☑ b")]
    [InlineData("1. do\n   ```sh\n   ls -l\n   ```\n2. done", "1. do\n<pre><code class=\"language-sh\">ls -l</code></pre>\n2. done")]
    [InlineData("> quote **b**\n> more\n>\n> end\n\nout", "<blockquote>quote <b>b</b>\nmore\n\nend</blockquote>\n\nout")]
    [InlineData("> > deep", "<blockquote>deep</blockquote>")]
    [InlineData("```cs title=\"x\"\nif (a < b) { }\n\n  **x**\n```", "<pre><code class=\"language-cs\">if (a &lt; b) { }\n\n  **x**</code></pre>")]
    [InlineData("```\"><b>\nx\n```", "<pre>x</pre>")]
    [InlineData("```\nnever closed", "<pre>never closed</pre>")]
    [InlineData("    indented", "<pre>indented</pre>")]
    [InlineData("[a](https://x.example/?a=1&b=\"2\")", "<a href=\"https://x.example/?a=1&amp;b=%222%22\">a</a>")]
    [InlineData("[**a** `c`](http://x.example)", "<a href=\"http://x.example\"><b>a</b> c</a>")]
    [InlineData("[a](javascript:alert)", "a (javascript:alert)")]
    [InlineData("[a](tg://user?id=1)", "a (tg://user?id=1)")]
    [InlineData("[A.cs](src/A.cs)", "A.cs (src/A.cs)")]
    [InlineData("<https://x.example>", "<a href=\"https://x.example\">https://x.example</a>")]
    [InlineData("https://x.example/__init__.py", "<a href=\"https://x.example/__init__.py\">https://x.example/__init__.py</a>")]
    [InlineData("![alt](https://x.example/i.png)", "<a href=\"https://x.example/i.png\">alt</a>")]
    [InlineData("![](https://x.example/i.png)", "<a href=\"https://x.example/i.png\">https://x.example/i.png</a>")]
    [InlineData("[![alt](https://x.example/i.png)](https://x.example)", "<a href=\"https://x.example\">alt</a>")]
    [InlineData("[WARN]: disk", "[WARN]: disk")]
    [InlineData("snake_case_name and 2*3*4", "snake_case_name and 2<i>3</i>4")]
    [InlineData("| a | bb |\n|---|---:|\n| long | 1 |\n| <i> | **22** |", "<pre>a     bb\n────  ──\nlong   1\n&lt;i&gt;   22</pre>")]
    [InlineData("a&#x202E;b &lt;b&gt; &copy;", "ab &lt;b&gt; ©")]
    [InlineData("**open", "**open")]
    public void Telegram_gets_its_html(string markdown, string expected) =>
        Assert.Equal(expected, Assert.Single(ChatText.ForTelegram(markdown)).Formatted);

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("**b** *i* __b__ _i_ ~~s~~ `c`", "**b** *i* **b** *i* ~~s~~ `c`")]
    [InlineData("***both*** **b *bi*** **`c`**", "***both*** **b *bi*** **`c`**")]
    [InlineData("snake_case 2 * 3 ||no spoiler|| a~b", "snake\\_case 2 \\* 3 \\|\\|no spoiler\\|\\| a\\~b")]
    [InlineData("# Head\n#### **Small**", "# Head\n\n**Small**")]
    [InlineData("\\# no head\n\\- no list\n1\\. no list\n\\> no quote", "\\# no head\n\\- no list\n1\\. no list\n\\> no quote")]
    [InlineData("- a\n- b\n  1. c", "- a\n- b\n  1. c")]
    [InlineData("- [x] done", "- ☑ done")]
    [InlineData("> quote\n>\n> end\n\nout", "> quote\n> \n> end\n\nout")]
    [InlineData("> ```sh\n> ls\n> -l\n> ```", "> ```sh\n> ls\n> -l\n> ```")]
    [InlineData("```cs\nvar a = b[0];\n```", "```cs\nvar a = b[0];\n```")]
    [InlineData("~~~\n```\n~~~", "```\n``ˋ\n```")]
    [InlineData("`` a`b ``", "``a`b``")]
    [InlineData("| a | b |\n|---|---|\n| c | d |", "```\na  b\n─  ─\nc  d\n```")]
    [InlineData("[a](https://x.example/a_(b))", "[a](<https://x.example/a_%28b%29>)")]
    [InlineData("[a [b]](https://x.example)", "a \\[b\\] (<https://x.example>)")]
    [InlineData("[https://good.example](https://evil.example)", "https:\\//good.example (<https://evil.example>)")]
    [InlineData("[a](javascript:alert)", "a (javascript:alert)")]
    [InlineData("see https://x.example/a_b, ok", "see <https://x.example/a_b>, ok")]
    [InlineData("![alt](https://x.example/i.png)", "[alt](<https://x.example/i.png>)")]
    [InlineData("@everyone @here", "＠everyone ＠here")]
    [InlineData("`@everyone` **@e**veryone", "`＠everyone` **＠e**veryone")]
    [InlineData("<@123> <@!123> <@&123> <#123> </a:1>", "\\<＠123> \\<＠!123> \\<＠&123> \\<＃123> \\</a:1>")]
    [InlineData("&lt;@123> @\u200Bhere [x](https://x.example/@here)", "\\<＠123> ＠here [x](<https://x.example/%40here>)")]
    [InlineData("\\[a](https://x.example)", "\\[a\\](<https://x.example>)")]
    [InlineData("**a\nb**", "**a**\n**b**")]
    public void Discord_gets_its_markdown(string markdown, string expected) =>
        Assert.Equal(expected, Assert.Single(ChatText.ForDiscord(markdown)).Formatted);

    [Theory]
    [InlineData("**b** `c` # x", "b c # x")]
    [InlineData("[a](https://x.example) https://y.example", "a (https://x.example) https://y.example")]
    [InlineData("# Head\n\n- a\n\n```cs\nx\n```", "Head\n\n• a\n\nx")]
    public void Without_form_the_same_text_is_left(string markdown, string expected)
    {
        Assert.Equal(expected, Assert.Single(ChatText.ForTelegram(markdown)).Plain);
        Assert.Equal(expected, Assert.Single(ChatText.ForDiscord(markdown)).Plain);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n\t ")]
    [InlineData("\u200B\u202E\0")]
    [InlineData("```\n```")]
    [InlineData("&nbsp;")]
    public void What_shows_nothing_becomes_a_message_that_says_so(string markdown)
    {
        var expected = new ChatPart("(empty)", "(empty)");

        Assert.Equal([expected], ChatText.ForTelegram(markdown));
        Assert.Equal([expected], ChatText.ForDiscord(markdown));
    }

    [Theory]
    [InlineData("👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 1️⃣ ❤️ 🇩🇪", "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 1️⃣ ❤️ 🇩🇪")]
    [InlineData("a\uFE0Fb\u200Dc", "abc")]
    [InlineData("👍\uFE0F\uFE0Fx\u200D👍", "👍\uFE0Fx👍")]
    [InlineData("🏴\U000E0067\U000E0062\U000E007F", "🏴")]
    [InlineData("👍\U000E0100\uFE0E\u202E", "👍")]
    public void Emoji_stay_whole_and_nothing_hides_among_them(string markdown, string expected) =>
        Assert.Equal(expected, Assert.Single(ChatText.ForTelegram(markdown)).Formatted);

    [Fact]
    public void A_chain_of_emoji_has_an_end()
    {
        var chain = string.Join("\u200D", Enumerable.Repeat("👩", 100));

        var text = Assert.Single(ChatText.ForTelegram(chain)).Formatted;

        Assert.Equal(100 * 2 + 80, text.Length);
    }
}
