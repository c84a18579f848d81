using Cluster.Chat.Telegram;

namespace Cluster.Tests.Chat.Telegram;

public sealed class TelegramAddressingTests
{
    [Theory]
    [InlineData("@cluster_bot hello", "mention", 0, 12, "hello", true)]
    [InlineData("@CLUSTER_BOT, hello", "mention", 0, 12, "hello", true)]
    [InlineData("hello @cluster_bot", "mention", 6, 12, "hello @cluster_bot", true)]
    [InlineData("👩‍💻😀 @cluster_bot hi", "mention", 8, 12, "👩‍💻😀 @cluster_bot hi", true)]
    [InlineData("@cluster_bot2 hello", "mention", 0, 13, "@cluster_bot2 hello", false)]
    [InlineData("@ada hello", "mention", 0, 4, "@ada hello", false)]
    [InlineData("/use api", "bot_command", 0, 4, "/use api", true)]
    [InlineData("/use@Cluster_bot api", "bot_command", 0, 16, "/use api", true)]
    [InlineData("/use@other_bot api", "bot_command", 0, 14, "/use@other_bot api", false)]
    [InlineData("see /etc/hosts", "bot_command", 4, 4, "see /etc/hosts", false)]
    [InlineData("@cluster_bot hello", "code", 0, 12, "@cluster_bot hello", false)]
    [InlineData("@cluster_bot", "mention", 0, 12, "", true)]
    [InlineData("@cluster_bot", "mention", -1, 12, "@cluster_bot", false)]
    [InlineData("@cluster_bot", "mention", 1, 12, "@cluster_bot", false)]
    [InlineData("@cluster_bot", "mention", int.MaxValue, int.MaxValue, "@cluster_bot", false)]
    [InlineData("@cluster_bot", "mention", 0, -12, "@cluster_bot", false)]
    public void The_bots_name_makes_a_text_the_bots_and_goes_where_it_only_addresses(
        string text, string type, int offset, int length, string left, bool forBot)
    {
        var read = TelegramAddressing.Read(text, [new() { Type = type, Offset = offset, Length = length }], "Cluster_Bot");

        Assert.Equal((left, forBot), read);
    }

    [Fact]
    public void A_command_after_the_name_loses_the_name_too()
    {
        var read = TelegramAddressing.Read(
            " @cluster_bot /use@cluster_bot api",
            [new() { Type = "mention", Offset = 1, Length = 12 }, new() { Type = "bot_command", Offset = 14, Length = 16 }],
            "cluster_bot");

        Assert.Equal(("/use api", true), read);
    }
}
