using Cluster.Chat.Text;

namespace Cluster.Tests.Chat.Text;

public sealed class ChatTextSplitTests
{
    [Fact]
    public void A_text_is_cut_between_paragraphs()
    {
        var paragraph = string.Join(' ', Enumerable.Repeat("word", 300));

        var parts = ChatText.ForTelegram(string.Join("\n\n", Enumerable.Repeat(paragraph, 5)));

        Assert.Equal([$"{paragraph}\n\n{paragraph}", $"{paragraph}\n\n{paragraph}", paragraph], parts.Select(part => part.Formatted));
    }

    [Fact]
    public void A_paragraph_is_cut_between_lines_and_a_line_between_words()
    {
        var line = new string('x', 1_500);

        Assert.Equal([line, line], ChatText.ForDiscord($"{line}\n{line}").Select(part => part.Formatted));
        Assert.Equal([line, line], ChatText.ForDiscord($"{line} {line}").Select(part => part.Formatted));
    }

    [Fact]
    public void A_heading_goes_with_what_it_heads()
    {
        var paragraph = string.Join(' ', Enumerable.Repeat("word", 300));

        var parts = ChatText.ForDiscord($"{paragraph}\n\n# Head\n\n{paragraph}");

        Assert.Equal([paragraph, $"# Head\n\n{paragraph}"], parts.Select(part => part.Formatted));
    }

    [Fact]
    public void A_word_is_cut_only_between_characters()
    {
        const string family = "👩‍👩‍👧‍👦";

        var parts = ChatText.ForDiscord(string.Concat(Enumerable.Repeat(family, 400)));

        Assert.Equal(3, parts.Count);
        Assert.All(parts, part => Assert.Equal(0, part.Formatted.Length % family.Length));
    }

    [Fact]
    public void A_character_that_no_message_can_hold_is_cut_all_the_same()
    {
        var parts = ChatText.ForDiscord("a" + new string('\u0301', 5_000));

        Assert.Equal(5_001, parts.Sum(part => part.Formatted.Length));
    }

    [Fact]
    public void A_block_of_code_goes_on_in_the_next_message_with_its_language()
    {
        var code = string.Join('\n', Enumerable.Range(0, 500).Select(i => $"    line({i});"));
        var markdown = $"Look:\n\n```cs\n{code}\n```\n\nDone.";

        var telegram = ChatText.ForTelegram(markdown);
        var discord = ChatText.ForDiscord(markdown);

        Assert.Equal((2, 4), (telegram.Count, discord.Count));
        Assert.All(telegram.Skip(1), part => Assert.StartsWith("<pre><code class=\"language-cs\">    line(", part.Formatted, StringComparison.Ordinal));
        Assert.All(telegram.SkipLast(1), part => Assert.EndsWith(");</code></pre>", part.Formatted, StringComparison.Ordinal));
        Assert.All(discord.Skip(1), part => Assert.StartsWith("```cs\n    line(", part.Formatted, StringComparison.Ordinal));
        Assert.All(discord.SkipLast(1), part => Assert.EndsWith(");\n```", part.Formatted, StringComparison.Ordinal));
        Assert.EndsWith("Done.", telegram[^1].Formatted, StringComparison.Ordinal);
    }

    [Fact]
    public void Marks_close_with_a_message_and_open_again_in_the_next()
    {
        var words = string.Join(' ', Enumerable.Repeat("word", 1_000));

        var telegram = ChatText.ForTelegram($"> **bold {words} *both {words}***");
        var discord = ChatText.ForDiscord($"> **bold {words} *both {words}***");

        Assert.All(telegram, part => Assert.StartsWith("<blockquote><b>", part.Formatted, StringComparison.Ordinal));
        Assert.All(telegram, part => Assert.EndsWith("</b></blockquote>", part.Formatted, StringComparison.Ordinal));
        Assert.StartsWith("<blockquote><b><i>", telegram[^1].Formatted, StringComparison.Ordinal);
        Assert.All(discord, part => Assert.StartsWith("> **", part.Formatted, StringComparison.Ordinal));
        Assert.StartsWith("> ***word", discord[^1].Formatted, StringComparison.Ordinal);
        Assert.EndsWith("word***", discord[^1].Formatted, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_block_of_code_or_table_is_read_as_one()
    {
        var code = string.Join('\n', Enumerable.Repeat("a[i] = *b && (c | d);", 2_000));
        var table = "| a | b |\n|---|---|\n" + string.Concat(Enumerable.Repeat("| cell | cell |\n", 200));

        Assert.All(ChatText.ForTelegram($"```\n{code}\n```"), part => Assert.StartsWith("<pre>a[i]", part.Formatted, StringComparison.Ordinal));
        Assert.DoesNotContain(ChatText.ForTelegram(table), part => part.Formatted.Contains('|'));
    }

    [Fact]
    public void Markup_that_weighs_more_than_its_text_makes_shorter_messages()
    {
        var address = "https://x.example/" + new string('a', 900);

        var parts = ChatText.ForTelegram(string.Concat(Enumerable.Repeat($"[link]({address}) ", 100)));

        Assert.All(parts, part => Assert.True(part.Formatted.Length <= 30_000 && part.Plain.Length <= 4_096));
        Assert.Equal(100, parts.Sum(part => part.Formatted.Split("<a href").Length - 1));
    }
}
