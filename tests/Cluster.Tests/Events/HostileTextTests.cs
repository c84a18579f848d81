using System.Globalization;
using Cluster.Core.Events;

namespace Cluster.Tests.Events;

public sealed class HostileTextTests
{
    [Theory]
    [InlineData("short", 5, "short")]
    [InlineData("longer", 5, "longe...[1 more]")]
    [InlineData("", 0, "")]
    [InlineData("x", 0, "...[1 more]")]
    [InlineData("ae\u0301x", 2, "a...[3 more]")]
    [InlineData("a👩‍👩‍👧‍👦x", 5, "a...[12 more]")]
    [InlineData("a\r\nb", 2, "a...[3 more]")]
    public void Text_is_cut_at_the_end_of_a_grapheme(string text, int limit, string expected) =>
        Assert.Equal(expected, HostileText.Cut(text, limit));

    [Fact]
    public void A_cut_never_keeps_more_than_its_limit_nor_splits_what_a_reader_sees_as_one()
    {
        for (var number = 0; number < 2_000; number++)
        {
            var text = HostileStrings.Number(number);
            var limit = number % 50;

            var cut = HostileText.Cut(text, limit);

            var kept = text.Length <= limit ? text : cut[..cut.LastIndexOf("...[", StringComparison.Ordinal)];
            Assert.True(kept.Length <= limit || text.Length <= limit);
            Assert.StartsWith(kept, text, StringComparison.Ordinal);
            Assert.True(
                kept.Length == text.Length || StringInfo.ParseCombiningCharacters(text).Contains(kept.Length),
                $"string {number} was cut inside a grapheme");
        }
    }

    [Fact]
    public void What_hides_is_shown_to_a_person_who_decides()
    {
        const string text = "rm \u202E-rf\u200B <a>\r\n\t\uD800 \U000E0041 é";

        Assert.Equal("rm [U+202E]-rf[U+200B] <a>[U+000D]\n\t[U+D800] [U+E0041] é", HostileText.Reveal(text));
    }

    [Fact]
    public void Revealed_text_hides_nothing()
    {
        for (var number = 0; number < 5_000; number++)
        {
            var shown = HostileText.Reveal(HostileStrings.Number(number));

            Assert.DoesNotContain(HostileStrings.CodePoints(shown), c => c is not ('\n' or '\t') && HostileStrings.Forbidden(c));
        }
    }

    [Fact]
    public void Clean_text_keeps_lines_and_escapes_nothing()
    {
        const string text = "a <b> & c\r\nd\re\u2028f\u2029g\u0085h\u200Bi\0j\uDC00";

        Assert.Equal("a <b> & c\nd\ne\nf\ng\nhij", HostileText.Clean(text));
    }

    [Fact]
    public void Clean_text_is_what_a_reader_should_get()
    {
        for (var number = 0; number < 5_000; number++)
        {
            var text = HostileStrings.Number(number);

            Assert.Equal(HostileStrings.Kept(text), HostileText.Clean(text));
        }
    }
}
