using Cluster.Chat;
using Cluster.Chat.Telegram;
using Cluster.Simulator.Telegram;
using Cluster.Tests.Cli;
using static Cluster.Tests.Chat.Telegram.TelegramRig;

namespace Cluster.Tests.Chat.Telegram;

public sealed class TelegramReceiverTests
{
    [Fact]
    public async Task What_people_do_arrives_in_order_and_is_acknowledged()
    {
        await using var rig = await StartAsync();
        _ = rig.Receive();

        rig.Telegram.SendText(Ada, Ada, "one");
        var edited = rig.Telegram.SendText(Ada, Group, "😀 @cluster_bot two");
        rig.Telegram.Edit(Group, edited, "@cluster_bot three");
        var one = await rig.HeardAsync<ChatUpdate.Message>();
        var two = await rig.HeardAsync<ChatUpdate.Message>();
        var three = await rig.HeardAsync<ChatUpdate.Message>();

        await Soon(rig.Telegram.AcknowledgedAsync(Ct));
        Assert.Equal(("one", true, false), (one.Text, one.ForBot, one.Edited));
        Assert.Equal(("😀 @cluster_bot two", true, false), (two.Text, two.ForBot, two.Edited));
        Assert.Equal(("three", true, true), (three.Text, three.ForBot, three.Edited));
        Assert.Equal(two.MessageId, three.MessageId);
        Assert.True(rig.Inbox.TimesHeard > 0);
    }

    [Fact]
    public async Task What_no_person_said_is_acknowledged_and_never_taken()
    {
        await using var rig = await StartAsync();
        rig.Telegram.Forward(Ada, Ada, "forwarded");
        rig.Telegram.SendViaBot(Ada, Group, "@cluster_bot inline");
        rig.Telegram.SendAsAnonymousAdmin(Group, "@cluster_bot admin");
        rig.Telegram.SendAsBot(42, Group, "@cluster_bot bot");
        rig.Telegram.PostToChannel(-1008, "@cluster_bot post");
        rig.Telegram.Join(Bob, Group);
        rig.Telegram.SendText(Ada, Ada, "a person");

        _ = rig.Receive();
        var first = await rig.HeardAsync<ChatUpdate.Message>();

        Assert.Equal("a person", first.Text);
        await Soon(rig.Telegram.AcknowledgedAsync(Ct));
    }

    [Fact]
    public async Task Nothing_is_acknowledged_before_it_was_taken()
    {
        await using var rig = await StartAsync();
        var taking = new TaskCompletionSource();
        var taken = new TaskCompletionSource();
        rig.Inbox.BeforeTake = _ =>
        {
            taking.SetResult();
            return taken.Task;
        };
        rig.Telegram.SendText(Ada, Ada, "one");

        _ = rig.Receive();
        await Soon(taking.Task);
        var acknowledged = rig.Telegram.AcknowledgedAsync(Ct);
        var before = acknowledged.IsCompleted;
        taken.SetResult();
        await Soon(acknowledged);

        Assert.False(before);
    }

    [Fact]
    public async Task What_could_not_be_taken_comes_again()
    {
        await using var rig = await StartAsync();
        var failed = new TaskCompletionSource<IReadOnlyList<ChatUpdate>>();
        rig.Inbox.BeforeTake = updates => failed.TrySetResult(updates) ? throw new InvalidOperationException("The engine is away.") : Task.CompletedTask;
        rig.Telegram.SendText(Ada, Ada, "one");

        _ = rig.Receive();
        var first = Assert.Single(await Soon(failed.Task));
        var again = rig.Inbox.NextAsync();
        await Clocks.AdvanceUntilAsync(rig.Clock, again);

        Assert.Equal(first.Key, (await again).Key);
        Assert.DoesNotContain("offset", await Soon(rig.Telegram.NextCallAsync("getUpdates", Ct)));
        Assert.DoesNotContain("offset", await Soon(rig.Telegram.NextCallAsync("getUpdates", Ct)));
        await Soon(rig.Telegram.AcknowledgedAsync(Ct));
    }

    [Fact]
    public async Task What_nobody_acknowledged_is_told_to_whoever_receives_next()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "before");
        await rig.CallAsync("getUpdates", """{"timeout":0}""");

        _ = rig.Receive();

        Assert.Equal("before", (await rig.HeardAsync<ChatUpdate.Message>()).Text);
    }

    [Fact]
    public async Task A_webhook_somewhere_is_told_in_plain_words()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SetWebhook(true);

        var refused = await Assert.ThrowsAsync<ChatRefusedException>(() => Soon(rig.Receive()));

        Assert.Contains("deleteWebhook", refused.Message);
    }

    [Fact]
    public async Task Another_program_with_the_same_token_is_told_in_plain_words()
    {
        await using var rig = await StartAsync();

        var receiving = rig.Receive();
        while (!receiving.IsCompleted)
        {
            await rig.CallAsync("getUpdates", """{"timeout":0}""");
        }

        var refused = await Assert.ThrowsAsync<ChatRefusedException>(() => receiving);
        Assert.Contains("Another program", refused.Message);
    }

    [Fact]
    public async Task A_revoked_token_ends_receiving_without_being_named()
    {
        await using var rig = await StartAsync();
        await rig.Bot.CheckAsync(Ct);
        rig.Telegram.Revoke();

        var refused = await Assert.ThrowsAsync<ChatRefusedException>(() => Soon(rig.Receive()));

        Assert.Contains("@BotFather", refused.Message);
        Assert.DoesNotContain(TelegramSimulator.Token, refused.ToString());
    }

    [Fact]
    public async Task Failures_are_survived()
    {
        await using var rig = await StartAsync();
        rig.Telegram.FailNext("getMe", 502, "Bad Gateway");
        rig.Telegram.FailNext("getUpdates", 500, "Internal Server Error", times: 3);
        rig.Telegram.DropNext("getUpdates");
        rig.Telegram.FailNext("getUpdates", 400, "Bad Request: strange");
        rig.Telegram.SendText(Ada, Ada, "at last");

        _ = rig.Receive();
        var heard = rig.Inbox.NextAsync();
        await Clocks.AdvanceUntilAsync(rig.Clock, heard);

        Assert.Equal("at last", Assert.IsType<ChatUpdate.Message>(await heard).Text);
    }

    [Fact]
    public async Task A_poll_comes_no_sooner_than_Telegram_wants()
    {
        await using var rig = await StartAsync();
        rig.Telegram.LimitNext("getUpdates", 40);
        rig.Telegram.SendText(Ada, Ada, "after a while");
        var began = rig.Clock.GetUtcNow();

        _ = rig.Receive();
        var heard = rig.Inbox.NextAsync();
        await Clocks.AdvanceUntilAsync(rig.Clock, heard);

        Assert.True(rig.Clock.GetUtcNow() - began >= TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task A_cancelled_receiver_stops()
    {
        await using var rig = await StartAsync();
        using var stop = new CancellationTokenSource();
        var receiving = rig.Bot.ReceiveAsync(rig.Inbox, stop.Token);
        await Soon(rig.Telegram.NextCallAsync("getUpdates", Ct));

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Soon(receiving));
    }

    [Fact]
    public async Task A_dead_connection_is_left_after_the_longest_poll()
    {
        await using var rig = await StartAsync();
        using var silent = new HttpClient(new SilentHandler());
        var bot = new TelegramBot(TelegramSimulator.Token, rig.Telegram.Url, silent, rig.Clock);

        var checking = bot.CheckAsync(Ct);
        await Clocks.AdvanceUntilAsync(rig.Clock, checking);

        var failed = await Assert.ThrowsAsync<HttpRequestException>(() => checking);
        Assert.Equal("Telegram did not answer getMe within 30 s.", failed.Message);
    }

    private sealed class SilentHandler : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            throw new InvalidOperationException("Cancelled before.");
        }
    }
}
