using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Cluster.Chat;
using Cluster.Chat.Text;
using Cluster.Tests.Events;
using FsCheck;
using FsCheck.Fluent;

namespace Cluster.Tests.Chat.Text;

public sealed partial class ChatTextPropertyTests
{
    private const int Texts = 3_000;

    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(500).WithReplay(20260301, 7);

    [Fact]
    public void Any_text_becomes_messages_that_telegram_takes() =>
        Check.One(Many, Prop.ForAll<string>(text => CheckTelegram(text ?? "")));

    [Fact]
    public void Any_text_becomes_messages_that_discord_takes() =>
        Check.One(Many, Prop.ForAll<string>(text => CheckDiscord(text ?? "")));

    [Fact]
    public void Broken_markdown_becomes_messages_that_telegram_takes() => ForAll(CheckTelegram);

    [Fact]
    public void Broken_markdown_becomes_messages_that_discord_takes() => ForAll(CheckDiscord);

    public static TheoryData<string> Slow =>
    [
        "[", "![", "[a](b", "](", "*", "**a ", "*~~_a ", "`", "` ", "```\n", "> ", "- ", "> - 1. ", "<", "<a ", "&", "\\",
        "|", "|\n", "|-", "a|b\n-|-\n", "|`",
        "http://", "https://a.b/", "mailto:", "@everyone", "\n", " ", "\t", "x", "x ", "x\n",
        "- x\n", "\u0301", "👩\u200D", "\u202E", "\uD83D", "[a]: b\n",
    ];

    [Theory]
    [MemberData(nameof(Slow))]
    public void Time_grows_with_the_text_and_no_faster(string piece)
    {
        var text = new StringBuilder().Insert(0, piece, 60_000 / piece.Length).ToString();
        var clock = Stopwatch.StartNew();

        var parts = ChatText.ForTelegram(text).Concat(ChatText.ForDiscord(text)).ToList();
        clock.Stop();

        CheckParts(parts);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{clock.Elapsed} for '{piece}'");
    }

    [Fact]
    public void Deep_nesting_is_shown_as_written()
    {
        var text = string.Concat(Enumerable.Repeat("> ", 500)) + "deep";

        Assert.Equal(text, Assert.Single(ChatText.ForTelegram(text)).Plain);
    }

    private static void ForAll(Action<string> check)
    {
        for (var number = 0; number < Texts; number++)
        {
            var text = BrokenMarkdown.Number(number);
            try
            {
                check(text);
            }
            catch (Exception e)
            {
                Assert.Fail($"text {number}: {e.Message}\n{text}\n{e.StackTrace}");
            }
        }

        foreach (var text in HostileStrings.Corpus)
        {
            check(text);
        }
    }

    private static void CheckTelegram(string text)
    {
        var parts = ChatText.ForTelegram(text);

        CheckParts(parts);
        var seen = parts.Select(part => TelegramReader.Read(part.Formatted)).ToList();
        Assert.All(seen, part => Assert.True(part.Length <= 4_096 && !string.IsNullOrWhiteSpace(part)));
        Assert.All(parts, part => Assert.True(part.Plain.Length <= 4_096 && Encoding.UTF8.GetByteCount(part.Formatted) < 35_000));
        AssertSame(string.Concat(seen), text);
    }

    private static void CheckDiscord(string text)
    {
        var parts = ChatText.ForDiscord(text);

        CheckParts(parts);
        Assert.All(parts, part => Assert.True(part.Formatted.Length <= 2_000 && part.Plain.Length <= 2_000));
        Assert.All(parts, part => Assert.DoesNotMatch(Mention(), part.Formatted));
        Assert.All(parts, part => Assert.DoesNotMatch(Mention(), part.Plain));
        foreach (var part in parts)
        {
            var rest = Harmless().Replace(part.Formatted, " ");
            Assert.DoesNotContain('`', rest);
            Assert.DoesNotMatch("https?://", rest);
            Assert.Equal(Letters(part.Plain), Letters(FenceLanguage().Replace(part.Formatted, "")));
        }

        var whole = MarkdownReader.Read(text);
        if (!string.IsNullOrWhiteSpace(whole.Text) && whole.Runs.All(run => run.Style.Link is null))
        {
            Assert.Equal(Letters(whole.Text), Letters(string.Concat(parts.Select(part => part.Plain))));
        }
    }

    private static void CheckParts(IReadOnlyList<ChatPart> parts)
    {
        Assert.NotEmpty(parts);
        foreach (var part in parts)
        {
            Assert.False(string.IsNullOrWhiteSpace(part.Formatted) || string.IsNullOrWhiteSpace(part.Plain));
            CheckCharacters(part.Formatted);
            CheckCharacters(part.Plain);
        }
    }

    private static void CheckCharacters(string text)
    {
        var codes = HostileStrings.CodePoints(text).ToList();
        for (var i = 0; i < codes.Count; i++)
        {
            var allowed = codes[i] switch
            {
                '\n' or '\t' => true,
                0xFE0F => i > 0 && (codes[i - 1] > 0xA0 || i + 1 < codes.Count && codes[i + 1] == 0x20E3),
                0x200D => i > 0 && i + 1 < codes.Count && codes[i - 1] > 0xA0 && codes[i + 1] > 0xA0,
                _ => !HostileStrings.Forbidden(codes[i]),
            };
            Assert.True(allowed, $"U+{codes[i]:X4} at {i}");
        }
    }

    private static void AssertSame(string seen, string text)
    {
        var whole = MarkdownReader.Read(text).Text;
        Assert.Equal(
            string.IsNullOrWhiteSpace(whole) ? "(empty)" : string.Concat(whole.Where(c => !char.IsWhiteSpace(c))),
            string.Concat(seen.Where(c => !char.IsWhiteSpace(c))));
    }

    // Without what differs by intent: addresses' parentheses are encoded for Discord only, and a letter stands for some backticks.
    private static string Letters(string text) =>
        string.Concat(text
            .Replace("%28", "", StringComparison.Ordinal)
            .Replace("%29", "", StringComparison.Ordinal)
            .Where(c => char.IsLetterOrDigit(c) && c != 'ˋ'));

    [GeneratedRegex("@everyone|@here|<@[!&]?[0-9]|<#[0-9]")]
    private static partial Regex Mention();

    [GeneratedRegex("```[A-Za-z0-9_+#.-]+(?=\n)")]
    private static partial Regex FenceLanguage();

    // What is escaped, code, and addresses that show no preview.
    [GeneratedRegex(@"\\.|```.*?```|``.*?``(?!`)|`[^`]*`|<https?://[^<>\s]+>", RegexOptions.Singleline)]
    private static partial Regex Harmless();
}
