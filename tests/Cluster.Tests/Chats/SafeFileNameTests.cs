using System.Text;
using Cluster.Core.Chats;
using Cluster.Tests.Events;

namespace Cluster.Tests.Chats;

public sealed class SafeFileNameTests
{
    [Theory]
    [InlineData("plan.txt", "plan.txt")]
    [InlineData("Übersicht 2026.pdf", "Übersicht 2026.pdf")]
    [InlineData("../../etc/passwd", "_.._etc_passwd")]
    [InlineData("C:\\Windows\\a.dll", "C__Windows_a.dll")]
    [InlineData("...", "file")]
    [InlineData("///", "file")]
    [InlineData("", "file")]
    [InlineData(" .bashrc. ", "bashrc")]
    [InlineData("con", "_con")]
    [InlineData("LPT¹.tar.gz", "_LPT¹.tar.gz")]
    [InlineData("-rf", "_-rf")]
    [InlineData("a\nb\u202e\0.png", "a b.png")]
    [InlineData("</channel>", "__channel_")]
    public void A_strangers_name_becomes_harmless(string name, string expected) => Assert.Equal(expected, SafeFileName.Of(name, "file"));

    [Fact]
    public void No_name_is_longer_than_a_file_system_takes_and_its_ending_stays()
    {
        foreach (var c in new[] { "a", "é", "漢", "😀" })
        {
            var safe = SafeFileName.Of(string.Concat(Enumerable.Repeat(c, 500)) + ".jpeg", "file");

            Assert.EndsWith(".jpeg", safe);
            Assert.True(Encoding.UTF8.GetByteCount(safe) <= 201, safe);
        }
    }

    [Fact]
    public void No_hostile_name_leaves_its_folder_or_the_line_that_tells_of_it()
    {
        for (var number = 0; number < 1_000; number++)
        {
            var hostile = HostileStrings.Number(number);
            var safe = SafeFileName.Of(hostile, "file");
            var line = Attachments.Line(1, new Attachment { Id = "x", Kind = "photo", Name = hostile });

            Assert.Equal(safe, Path.GetFileName(safe));
            Assert.DoesNotContain(safe, c => char.IsControl(c) || "<>:\"/\\|?*&".Contains(c));
            Assert.NotEmpty(safe.Trim('.', ' '));
            Assert.Single(line.Split('\n'));
            Assert.Equal(1, line.Count(c => c == ']'));
            Assert.True(line.Count(c => c == '"') is 0 or 2);
        }
    }
}
