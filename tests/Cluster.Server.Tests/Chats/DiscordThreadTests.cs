using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>Threads of sessions, and places where everything counts that is said.</summary>
public sealed class DiscordThreadTests
{
    [Fact]
    public async Task In_the_thread_of_a_session_all_reaches_it_and_its_answers_come_there()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var (alice, _) = await team.PairAsync(node, "Alice");
        var (bob, _) = await team.PairAsync(node, "Bob", await node.InviteAsync("bob"));
        var (carol, _) = await team.PairAsync(node, "Carol", await node.InviteAsync("carol"));
        await node.AllowAsync($"discord:{bob.Id}", "api", "talk");
        var channel = team.Discord.GuildChannel();

        var told = await team.UseAsync(channel, alice, "new-thread", ("session", "api"));
        var opened = await team.Discord.Sent.Threads.ReadAsync(ChatTeam.Patience);
        team.Discord.Write(opened.Thread, team.Discord.Person("Mallory"), "let me in");
        team.Discord.Write(opened.Thread, carol, "may I?");
        team.Discord.Write(opened.Thread, carol, "/status");
        var said = team.Discord.Write(opened.Thread, bob, "deploy please");
        var arrived = await client.NextAsync();
        await client.CallAsync("reply", new() { ["chat_id"] = ChatTeam.Meta(arrived, "chat_id"), ["text"] = "done", ["reply_to"] = ChatTeam.Meta(arrived, "event_id") });
        var answer = await team.NextAsync();
        team.Discord.Write(channel, bob, "not in the thread");
        team.Discord.Write(opened.Thread, alice, "thanks");
        var thanks = await client.NextAsync();

        Assert.Contains("admin/api", told);
        Assert.Equal(("api", 11, channel.Id), (opened.Name, opened.Type, opened.Thread.Parent));
        Assert.Equal(("deploy please", $"discord:{opened.Thread.Id}@team", "member"),
            (ChatTeam.Content(arrived), ChatTeam.Meta(arrived, "chat_id"), ChatTeam.Meta(arrived, "trust")));
        Assert.Equal(("done", opened.Thread.Id, said), (answer.Content, answer.Channel, answer.ReplyTo));
        Assert.Equal("thanks", ChatTeam.Content(thanks));
        Assert.False(client.TryNext(out _));
        Assert.False(team.Discord.Sent.Messages.TryRead(out _)); // carol and mallory got silence
    }

    [Fact]
    public async Task Only_the_owner_of_a_session_opens_a_thread_for_it()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        await node.CreateSessionAsync("api");
        var (bob, _) = await team.PairAsync(node, "Bob", await node.InviteAsync("bob"));
        await node.AllowAsync($"discord:{bob.Id}", "api", "talk");
        await node.AllowAsync($"discord:{bob.Id}", "api", "approve");
        var channel = team.Discord.GuildChannel();

        var slash = await team.UseAsync(channel, bob, "new-thread", ("session", "admin/api"));
        team.Discord.Write(channel, bob, team.Mention("/new-thread admin/api"));
        var text = await team.NextAsync();
        var unknown = await team.UseAsync(channel, bob, "new-thread", ("session", "nothing"));

        Assert.Equal("There is no such session of yours.", slash);
        Assert.Equal((slash, slash), (text.Content, unknown));
        Assert.False(team.Discord.Sent.Threads.TryRead(out _));
    }

    [Fact]
    public async Task What_stands_in_the_way_of_a_thread_is_said_in_words()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        await node.CreateSessionAsync("api");
        var (alice, direct) = await team.PairAsync(node, "Alice");
        var (channel, closed) = (team.Discord.GuildChannel(), team.Discord.GuildChannel());
        team.Discord.Faults.Refuse(closed.Id, 403, 50013, "Missing Permissions");

        var inDirect = await team.UseAsync(direct, alice, "new-thread", ("session", "api"));
        var forbidden = await team.UseAsync(closed, alice, "new-thread", ("session", "api"));
        await team.UseAsync(channel, alice, "new-thread", ("session", "api"));
        var thread = (await team.Discord.Sent.Threads.ReadAsync(ChatTeam.Patience)).Thread;
        var nested = await team.UseAsync(thread, alice, "new-thread", ("session", "api"));

        Assert.Contains("direct chat", inDirect);
        Assert.Contains("Missing Permissions", forbidden);
        Assert.Contains("create public threads", forbidden);
        Assert.Contains("No thread was opened", nested);
    }

    [Fact]
    public async Task A_bound_channel_wants_mentions_unless_the_binding_says_otherwise()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var (alice, direct) = await team.PairAsync(node, "Alice");
        var channel = team.Discord.GuildChannel();

        await team.UseAsync(channel, alice, "bind", ("session", "api"));
        team.Discord.Write(channel, alice, "between us");
        team.Discord.Write(channel, alice, team.Mention("for it"));
        var mentioned = await client.NextAsync();
        var all = await team.UseAsync(channel, alice, "bind", ("session", "api"), ("all", "true"));
        team.Discord.Write(channel, alice, "for it too");
        var every = await client.NextAsync();
        await team.UseAsync(channel, alice, "unbind");
        team.Discord.Write(channel, alice, "between us again");
        await team.SettleAsync(direct, alice);

        Assert.Equal("for it", ChatTeam.Content(mentioned));
        Assert.Contains("Everything", all);
        Assert.DoesNotContain("Telegram", all);
        Assert.Equal("for it too", ChatTeam.Content(every));
        Assert.False(client.TryNext(out _));
    }

    [Fact]
    public async Task On_Telegram_everything_counts_where_the_bot_is_shown_it_and_threads_are_topics()
    {
        const long alice = 184;
        const long group = -1001;
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, alice);
        var bot = Cluster.Simulator.Telegram.TelegramSimulator.BotName;

        team.Telegram.SendText(alice, group, $"/bind@{bot} api all");
        var bound = await team.NextAsync(group);
        team.Telegram.SendText(alice, group, "without a mention");
        var arrived = await client.NextAsync();
        team.Telegram.SendText(alice, group, "no sorry");
        var meantForPeople = await client.NextAsync();
        team.Telegram.SendText(alice, alice, "/new-thread api");
        var thread = await team.NextAsync(alice);

        Assert.Contains("privacy mode", bound.Text);
        Assert.Equal("without a mention", ChatTeam.Content(arrived));
        Assert.Equal("no sorry", ChatTeam.Content(meantForPeople));
        Assert.Contains("only on Discord", thread.Text);
    }
}
