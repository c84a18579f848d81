using Cluster.Chat;
using Cluster.Simulator.Discord;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Tests.Chat.Discord;

/// <summary>What was said while no session listened.</summary>
public sealed class DiscordMissedMessagesTests
{
    [Fact]
    public async Task It_is_asked_for_where_people_had_talked_to_the_bot()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        var (alice, chat) = (rig.Discord.Person("alice"), rig.Discord.DirectChat());
        var (channel, elsewhere) = (rig.Discord.GuildChannel(), rig.Discord.GuildChannel());
        rig.Discord.Write(chat, alice, "one");
        rig.Discord.Write(channel, alice, $"<@{rig.Discord.Bot.Id}> one");
        rig.Discord.Write(elsewhere, alice, "nothing for the bot");
        await rig.Inbox.NextAsync(3);
        await rig.StopReceivingAsync();

        rig.Discord.Gateway.ForgetSessions();
        var missed = Enumerable.Range(0, 120).Select(i => rig.Discord.Write(chat, alice, $"{i}")).ToList();
        rig.Discord.Edit(missed[5], "corrected");
        rig.Discord.Write(chat, alice with { Bot = true }, "I am a bot");
        missed.Add(rig.Discord.Write(channel, alice, $"<@{rig.Discord.Bot.Id}> two"));
        rig.Discord.Write(elsewhere, alice, "nothing again");
        rig.Receive();
        await rig.VisitAsync();
        await rig.VisitAsync();
        var told = (await rig.Inbox.NextAsync(missed.Count)).Cast<ChatUpdate.Message>().ToList();
        rig.Discord.Write(chat, alice, "live");
        var live = await rig.Inbox.NextMessageAsync();

        Assert.Equal(missed.Select(id => $"m{id}"), told.Select(message => message.Key));
        Assert.Equal("corrected", told[5].Text);
        Assert.Equal(("two", true, false), (told[120].Text, told[120].ForBot, told[120].Place.Private));
        Assert.All(told, message => Assert.False(message.Edited));
        Assert.Equal("live", live.Text);
    }

    [Fact]
    public async Task It_is_asked_for_again_until_discord_answers()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        var chat = await TalkAndLoseTheSessionAsync(rig);
        rig.Discord.Faults.Refuse(chat.Id, 500, 0, "no luck");

        rig.Receive();
        for (var i = 0; i < 4; i++)
        {
            await rig.VisitAsync();
        }

        rig.Discord.Faults.Allow(chat.Id);
        var told = rig.Inbox.NextMessageAsync();
        await rig.AdvanceUntilAsync(told, TimeSpan.FromSeconds(0.25));

        Assert.Equal("missed", (await told).Text);
    }

    [Fact]
    public async Task A_channel_that_the_bot_may_no_longer_see_holds_nothing_up()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        var chat = await TalkAndLoseTheSessionAsync(rig);
        rig.Discord.Faults.Refuse(chat.Id, 403, 50001, "Missing Access");

        rig.Receive();
        await rig.VisitAsync();
        await rig.VisitAsync();
        rig.Discord.Write(rig.Discord.DirectChat(), rig.Discord.Person("bob"), "live");
        var told = await rig.Inbox.NextMessageAsync();

        Assert.Equal("live", told.Text);
    }

    [Fact]
    public async Task Of_many_channels_the_last_ones_are_kept()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        var alice = rig.Discord.Person("alice");
        var chats = Enumerable.Range(0, 60).Select(_ => rig.Discord.DirectChat()).ToList();

        foreach (var chat in chats)
        {
            rig.Discord.Write(chat, alice, "hello");
        }

        await rig.Inbox.NextAsync(chats.Count);
        await rig.StopReceivingAsync();

        Assert.Equal(
            chats.Skip(10).Reverse().Select(chat => chat.Id),
            rig.Inbox.Where!.Split('\n').Skip(1).Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public async Task Strangers_push_nobodys_channel_out_and_leave_no_trace()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        var (alice, mallory) = (rig.Discord.Person("alice"), rig.Discord.Person("mallory"));
        rig.Inbox.Strangers.Add("mallory");
        var (chat, channel) = (rig.Discord.DirectChat(), rig.Discord.GuildChannel());
        rig.Discord.Write(chat, alice, "hello");
        rig.Discord.Write(channel, alice, $"<@{rig.Discord.Bot.Id}> hello");

        foreach (var _ in Enumerable.Range(0, 60))
        {
            rig.Discord.Write(rig.Discord.GuildChannel(), mallory, $"<@{rig.Discord.Bot.Id}> hello");
        }

        var last = rig.Discord.Write(channel, mallory, $"<@{rig.Discord.Bot.Id}> hello");
        await rig.Inbox.NextAsync(63);
        await rig.StopReceivingAsync();

        Assert.Equal(
            [channel.Id, chat.Id],
            rig.Inbox.Where!.Split('\n').Skip(1).Select(line => line.Split(' ')[0]));
        Assert.Contains(last, rig.Inbox.Where);
    }

    [Fact]
    public async Task One_that_cannot_be_read_does_not_end_the_others()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        var chat = await TalkAndLoseTheSessionAsync(rig);
        var missed = Enumerable.Range(0, 120).Select(i => rig.Discord.Write(chat, rig.Discord.Person("alice"), $"{i}")).ToList();
        int[] garbled = [5, 48, 98]; // 48 and 98 are the newest of their pages
        garbled.ToList().ForEach(i => rig.Discord.Garble(missed[i]));

        rig.Receive();
        await rig.VisitAsync();
        await rig.VisitAsync();
        var told = rig.Inbox.NextAsync(118);
        await rig.AdvanceUntilAsync(told, TimeSpan.FromSeconds(0.25));

        Assert.Equal(
            [.. Enumerable.Range(0, 120).Except(garbled).Select(i => $"{i}")],
            (await told).Cast<ChatUpdate.Message>().Skip(1).Select(message => message.Text));
    }

    [Fact]
    public async Task Where_more_was_said_than_is_asked_for_it_is_told()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        var chat = await TalkAndLoseTheSessionAsync(rig);
        foreach (var i in Enumerable.Range(0, 5_000))
        {
            rig.Discord.Write(chat, rig.Discord.Person("alice"), $"{i}");
        }

        rig.Receive();
        await rig.VisitAsync();
        await rig.VisitAsync();
        var told = rig.Inbox.NextAsync(5_000);
        await rig.AdvanceUntilAsync(told, TimeSpan.FromSeconds(1));
        rig.Discord.Write(chat, rig.Discord.Person("alice"), "live");
        var live = await rig.Inbox.NextMessageAsync();

        Assert.Equal("4998", Assert.IsType<ChatUpdate.Message>((await told)[^1]).Text);
        Assert.Equal("live", live.Text);
        Assert.Equal([chat.Id], rig.Inbox.GaveUpOn);
    }

    [Fact]
    public async Task Meanwhile_presses_are_handed_on_and_the_connection_lives_however_much_comes()
    {
        var clock = new FakeTimeProvider();
        await using var rig = await DiscordRig.ConnectedAsync(clock);
        var chat = await TalkAndLoseTheSessionAsync(rig);
        rig.Discord.Faults.Refuse(chat.Id, 429, 0, "You are being rate limited.");
        var (bob, busy) = (rig.Discord.Person("bob"), rig.Discord.DirectChat());

        rig.Receive();
        await rig.VisitAsync();
        await rig.VisitAsync();
        foreach (var i in Enumerable.Range(0, 1_500))
        {
            rig.Discord.Write(busy, bob, $"{i}");
        }

        rig.Discord.Press(busy, bob, rig.Discord.Write(busy, bob, "1500"), "pressed");
        var press = await rig.Inbox.NextAsync();
        await rig.AdvanceUntilAsync(Task.Delay(TimeSpan.FromSeconds(100), clock, Ct), TimeSpan.FromSeconds(1)); // two heartbeats
        rig.Discord.Faults.Allow(chat.Id);
        var told = rig.Inbox.NextAsync(1_502);
        await rig.AdvanceUntilAsync(told, TimeSpan.FromSeconds(0.25));

        Assert.Equal("pressed", Assert.IsType<ChatUpdate.Press>(press).Data);
        Assert.Equal(
            ["missed", .. Enumerable.Range(0, 1_501).Select(i => $"{i}")],
            (await told).Cast<ChatUpdate.Message>().Select(message => message.Text));
        Assert.False(rig.Discord.Gateway.Visits.TryRead(out _));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<DiscordChannel> TalkAndLoseTheSessionAsync(DiscordRig rig)
    {
        var (alice, chat) = (rig.Discord.Person("alice"), rig.Discord.DirectChat());
        rig.Discord.Write(chat, alice, "taken");
        await rig.Inbox.NextAsync();
        await rig.StopReceivingAsync();
        rig.Discord.Gateway.ForgetSessions();
        rig.Discord.Write(chat, alice, "missed");
        return chat;
    }
}
