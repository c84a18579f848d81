using Cluster.Chat;
using Cluster.Chat.Telegram;
using Cluster.Simulator.Telegram;
using static Cluster.Tests.Chat.Telegram.TelegramRig;

namespace Cluster.Tests.Chat.Telegram;

/// <summary>What Telegram refuses, limits and breaks.</summary>
public sealed class TelegramRefusalTests
{
    [Theory]
    [InlineData("7000:another_token", "does not know this bot's token")]
    [InlineData("my token", "is none: expected digits")]
    [InlineData("7000:a/../../x", "is none: expected digits")]
    [InlineData("", "is none: expected digits")]
    public async Task A_wrong_token_is_refused_in_plain_words(string token, string words)
    {
        await using var rig = await StartAsync();
        using var http = new HttpClient();

        var refused = await Assert.ThrowsAsync<ChatRefusedException>(() => new TelegramBot(token, rig.Telegram.Url, http, rig.Clock).CheckAsync(Ct));

        Assert.Contains(words, refused.Message);
        Assert.True(token.Length == 0 || !refused.ToString().Contains(token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whoever_blocked_the_bot_and_whoever_is_unknown_are_refused()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "bye");
        rig.Telegram.Block(Ada);

        var blocked = await rig.Bot.PostAsync(Post(WithAda, "x"), Ct);
        var unknown = await rig.Bot.PostAsync(Post(WithBob, "x"), Ct);

        Assert.Equal(new ChatOutcome.Refused("Forbidden: bot was blocked by the user"), blocked);
        Assert.Equal(new ChatOutcome.Refused("Bad Request: chat not found"), unknown);
    }

    [Fact]
    public async Task A_chat_waits_as_long_as_Telegram_says_and_others_do_not()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");
        rig.Telegram.SendText(Bob, Bob, "hi");
        rig.Telegram.LimitNext("sendMessage", 7);

        var limited = await rig.Bot.PostAsync(Post(WithAda, "x"), Ct);
        rig.Clock.Advance(TimeSpan.FromSeconds(2));
        var waiting = await rig.Bot.PostAsync(Post(WithAda, "x"), Ct);
        var typing = await rig.Bot.ShowTypingAsync(WithAda, Ct);
        var other = await rig.Bot.PostAsync(Post(WithBob, "x"), Ct);
        rig.Clock.Advance(TimeSpan.FromSeconds(5));
        var later = await rig.Bot.PostAsync(Post(WithAda, "x"), Ct);

        Assert.Equal(new ChatOutcome.Later(TimeSpan.FromSeconds(7)) { Told = true }, limited);
        Assert.Equal(new ChatOutcome.Later(TimeSpan.FromSeconds(5)), waiting);
        Assert.Equal(waiting, typing);
        Assert.IsType<ChatOutcome.Done>(other);
        Assert.IsType<ChatOutcome.Done>(later);
    }

    [Fact]
    public async Task A_second_message_within_a_second_is_not_even_tried()
    {
        await using var rig = await StartAsync();
        rig.Telegram.RateLimited = true;
        rig.Telegram.SendText(Ada, Group, "hi", threadId: 1);
        rig.Telegram.SendText(Ada, Group, "hi", threadId: 2);

        var first = await rig.Bot.PostAsync(Post(InGroup with { Thread = "1" }, "x"), Ct);
        var second = await rig.Bot.PostAsync(Post(InGroup with { Thread = "2" }, "y"), Ct);
        var edit = await rig.Bot.EditAsync(InGroup, Assert.IsType<ChatOutcome.Done>(first).MessageId, new("y", "y"), [], Ct);

        Assert.Equal(new ChatOutcome.Later(TimeSpan.FromSeconds(1)), second);
        Assert.Equal(second, edit);
        Assert.Equal("x", Assert.Single(rig.Telegram.Messages(Group)).Text);
    }

    [Fact]
    public async Task Failures_are_exceptions_without_the_token()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");
        rig.Telegram.FailNext("sendMessage", 502, "Bad Gateway");
        rig.Telegram.DropNext("sendMessage", done: true);
        using var http = new HttpClient();
        var away = new TelegramBot(TelegramSimulator.Token, new Uri("http://127.0.0.1:9"), http, rig.Clock);

        var failed = await Assert.ThrowsAsync<HttpRequestException>(() => rig.Bot.PostAsync(Post(WithAda, "x"), Ct));
        rig.Clock.Advance(TimeSpan.FromSeconds(1));
        var dropped = await Assert.ThrowsAsync<HttpRequestException>(() => rig.Bot.PostAsync(Post(WithAda, "x"), Ct));
        var unreached = await Assert.ThrowsAsync<HttpRequestException>(() => away.CheckAsync(Ct));

        Assert.Equal("Telegram failed at sendMessage: 502 Bad Gateway", failed.Message);
        Assert.All([failed, dropped, unreached], e => Assert.DoesNotContain("simulated_token", e.ToString()));
    }

    [Theory]
    [InlineData(502, "<html>Bad Gateway</html>")]
    [InlineData(404, "")]
    [InlineData(200, "null")]
    [InlineData(200, "[]")]
    [InlineData(200, """{"ok":false}""")]
    [InlineData(200, """{"ok":true,"result":{"id":"seven"}}""")]
    [InlineData(200, """{"ok":true,"result":{"id":7,"is_bot":true,"first_name":"\ud800"}}""")]
    public async Task What_is_no_answer_of_Telegram_is_a_failure(int status, string body)
    {
        using var http = new HttpClient(new StrangeHandler(status, body));
        var bot = new TelegramBot(TelegramSimulator.Token, new Uri("http://strange"), http, TimeProvider.System);

        var failed = await Assert.ThrowsAsync<HttpRequestException>(() => bot.CheckAsync(Ct));

        Assert.Equal($"What came as the answer to getMe is not one of the Telegram Bot API (HTTP {status}).", failed.Message);
    }

    [Fact]
    public async Task A_description_that_echoes_the_token_does_not_carry_it_on()
    {
        await using var rig = await StartAsync();
        rig.Telegram.FailNext("sendMessage", 400, $"Bad Request: /bot{TelegramSimulator.Token}/sendMessage");

        var outcome = await rig.Bot.PostAsync(Post(WithAda, "x"), Ct);

        Assert.Equal(new ChatOutcome.Refused("Bad Request: /botTOKEN/sendMessage"), outcome);
    }

    [Fact]
    public async Task A_revoked_token_is_told_to_whoever_sends()
    {
        await using var rig = await StartAsync();
        rig.Telegram.Revoke();

        await Assert.ThrowsAsync<ChatRefusedException>(() => rig.Bot.PostAsync(Post(WithAda, "x"), Ct));
    }

    private sealed class StrangeHandler(int status, string body) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage((System.Net.HttpStatusCode)status) { Content = new StringContent(body) });
    }
}
