using Cluster.Chat;
using Cluster.Simulator.Discord;

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
