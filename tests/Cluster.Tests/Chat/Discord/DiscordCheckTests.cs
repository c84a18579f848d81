using Cluster.Chat;

namespace Cluster.Tests.Chat.Discord;

/// <summary>What an operator hears of a bot that cannot work.</summary>
public sealed class DiscordCheckTests
{
    private const string WrongToken = "wrong.token.of-nobody";

    [Fact]
    public async Task A_good_token_tells_the_account()
    {
        await using var rig = await DiscordRig.StartAsync();

        var account = await rig.Bot.CheckAsync(default);

        Assert.Equal(new ChatAccount(rig.Discord.Bot.Id, "cluster", null), account);
    }

    [Theory]
    [InlineData(1 << 18)]
    [InlineData(1 << 19)]
    public async Task Either_flag_tells_that_the_bot_may_read_messages(int flags)
    {
        await using var rig = await DiscordRig.StartAsync();
        rig.Discord.ApplicationFlags = flags;

        var account = await rig.Bot.CheckAsync(default);

        Assert.Equal(rig.Discord.Bot.Id, account.Id);
    }

    [Fact]
    public async Task A_missing_intent_is_refused_with_the_name_of_the_switch()
    {
        await using var rig = await DiscordRig.StartAsync();
        rig.Discord.ApplicationFlags = 1 << 13;

        var refusal = await Assert.ThrowsAsync<ChatRefusedException>(() => rig.Bot.CheckAsync(default));

        Assert.Contains("\"Message Content Intent\"", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Bot page", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_token_is_refused_everywhere_and_never_quoted()
    {
        await using var rig = await DiscordRig.StartAsync();
        await using var bot = rig.NewBot(WrongToken);
        var channel = rig.Discord.GuildChannel();

        var refusals = new[]
        {
            await Assert.ThrowsAsync<ChatRefusedException>(() => bot.CheckAsync(default)),
            await Assert.ThrowsAsync<ChatRefusedException>(() => bot.PostAsync(DiscordRig.Post(channel, "hello"), default)),
            await Assert.ThrowsAsync<ChatRefusedException>(() => bot.ReceiveAsync(rig.Inbox, default).WaitAsync(FakeInbox.Patience)),
        };

        Assert.All(refusals, refusal => Assert.Contains("token", refusal.Message, StringComparison.Ordinal));
        Assert.All(refusals, refusal => Assert.DoesNotContain(WrongToken, $"{refusal}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("two\r\nlines")]
    [InlineData("two words")]
    [InlineData("gréen")]
    public async Task What_can_be_no_token_is_refused_before_it_is_sent(string token)
    {
        await using var rig = await DiscordRig.StartAsync();
        await using var bot = rig.NewBot(token);

        var refusal = await Assert.ThrowsAsync<ChatRefusedException>(() => bot.CheckAsync(default));

        Assert.DoesNotContain(token.Length > 0 ? token : "\0", $"{refusal}", StringComparison.Ordinal);
        Assert.Equal(0, rig.Discord.Calls);
    }

    [Fact]
    public async Task A_platform_that_fails_is_no_refusal()
    {
        await using var rig = await DiscordRig.StartAsync();
        rig.Discord.Faults.FailNext(calls: 1, status: 502);

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => rig.Bot.CheckAsync(default));

        Assert.DoesNotContain(rig.Discord.Token, $"{failure}", StringComparison.Ordinal);
        Assert.Equal("cluster", (await rig.Bot.CheckAsync(default)).Name);
    }
}
