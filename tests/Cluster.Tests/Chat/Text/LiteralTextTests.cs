using Cluster.Chat.Text;
using Cluster.Tests.Events;

namespace Cluster.Tests.Chat.Text;

public sealed class LiteralTextTests
{
    [Theory]
    [InlineData("# head")]
    [InlineData("**bold** _it_ ~~gone~~ `code` [a](https://b.example) <i>&amp;</i>")]
    [InlineData("- one\n- two\n1. three\n> quote\n```\nfence\n```\n---\n===")]
    [InlineData("a | b\n--|--\n1 | 2")]
    [InlineData("www.example.com and https://example.com/a_b_c and a@example.com")]
    [InlineData("one\n\n\ntwo\n    deep\n\tdeeper")]
    [InlineData("\\ \\\\ \\* ends in \\")]
    public void A_text_is_shown_as_it_stands(string text)
    {
        Assert.Equal(Squashed(text), Squashed(Whole(ChatText.ForTelegram(ChatText.Literal(text)))));
        Assert.Equal(Lines(text), Lines(Whole(ChatText.ForTelegram(ChatText.Literal(text)))));
    }

    [Fact]
    public void No_hostile_text_means_anything()
    {
        for (var number = 0; number < 500; number++)
        {
            var text = HostileStrings.Number(number);

            Assert.Equal(Squashed(VisibleText.Clean(text)), Squashed(Whole(ChatText.ForTelegram(ChatText.Literal(text)))));
        }
    }

    [Fact]
    public void A_long_row_of_marks_is_cut_between_them()
    {
        foreach (var text in new[] { new string('*', 5_000), new string('\\', 5_001), "a" + new string('\\', 5_000) })
        {
            Assert.Equal(text, Whole(ChatText.ForTelegram(ChatText.Literal(text))));
        }
    }

    private static string Whole(IReadOnlyList<Cluster.Chat.ChatPart> parts) => string.Concat(parts.Select(part => part.Plain)).Replace("(empty)", "");

    private static int Lines(string text) => text.Split('\n').Length;

    private static string Squashed(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c)));
}
