using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>Slash commands on a real node: what they do, for whom, and for whom nothing happens.</summary>
public sealed class DiscordCommandTests
{
    [Fact]
    public async Task A_session_that_is_chosen_from_the_menu_gets_the_messages()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        await using var api = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await using var web = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "web");
        var (alice, direct) = await team.PairAsync(node, "Alice");

        var used = await team.UseAsync(direct, alice, "use", ("session", "web"));
        team.Discord.Write(direct, alice, "for the chosen one");
        var arrived = await web.NextAsync();
        var list = await team.UseAsync(direct, alice, "sessions");
        var unknown = await team.UseAsync(direct, alice, "use", ("session", "nothing"));

        Assert.Contains("admin/web", used);
        Assert.Equal("for the chosen one", ChatTeam.Content(arrived));
        Assert.Contains("admin/api", list);
        Assert.Contains("no such session", unknown);
        Assert.False(api.TryNext(out _));
        Assert.False(team.Discord.Sent.Messages.TryRead(out _)); // what others could see
    }

    [Fact]
    public async Task What_is_told_to_a_session_reaches_it_and_its_answer_comes_to_the_same_place()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var (alice, _) = await team.PairAsync(node, "Alice");
        var channel = team.Discord.GuildChannel();

        var told = await team.UseAsync(channel, alice, "tell", ("session", "admin/api"), ("text", "Is <main> green?"));
        var arrived = await client.NextAsync();
        await client.CallAsync("reply", new() { ["chat_id"] = ChatTeam.Meta(arrived, "chat_id"), ["text"] = "Yes", ["reply_to"] = ChatTeam.Meta(arrived, "event_id") });
        var answer = await team.NextAsync();

        Assert.Contains("On its way", told);
        Assert.Equal(("Is &lt;main&gt; green?", $"discord:{channel.Id}@team", $"discord:{alice.Id}", "owner"),
            (ChatTeam.Content(arrived), ChatTeam.Meta(arrived, "chat_id"), ChatTeam.Meta(arrived, "user"), ChatTeam.Meta(arrived, "trust")));
        Assert.Equal(("Yes", channel.Id), (answer.Content, answer.Channel));
    }

    [Fact]
    public async Task A_command_that_is_told_twice_is_obeyed_once()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var (alice, direct) = await team.PairAsync(node, "Alice");
        var channel = team.Discord.GuildChannel();
        var command = $$$"""
            {"op":0,"t":"INTERACTION_CREATE","s":SEQ,"d":{"id":"77","type":2,"token":"t","channel_id":"{{{channel.Id}}}","guild_id":"{{{channel.Guild}}}",
             "member":{"user":{"id":"{{{alice.Id}}}"} },"data":{"type":1,"name":"new-thread","options":[{"name":"session","type":3,"value":"api"}]} } }
            """;

        team.Discord.Gateway.TellRaw(command);
        team.Discord.Gateway.TellRaw(command);
        team.Discord.Write(direct, alice, "after both");
        await client.NextAsync();
        await team.UseAsync(channel, alice, "who"); // behind both of them, in the same place

        Assert.True(team.Discord.Sent.Threads.TryRead(out _));
        Assert.False(team.Discord.Sent.Threads.TryRead(out _));
    }

    [Fact]
    public async Task Completion_shows_only_sessions_for_which_the_command_will_do_what_it_says()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        var bobsToken = await node.InviteAsync("bob");
        foreach (var name in new[] { "api", "web", "deploy" })
        {
            await node.CreateSessionAsync(name);
        }

        await node.CreateSessionAsync("bobs", bobsToken);
        var (alice, direct) = await team.PairAsync(node, "Alice");
        var (bob, hers) = await team.PairAsync(node, "Bob", bobsToken);
        await node.AllowAsync($"discord:{bob.Id}", "api", "talk");
        await node.AllowAsync($"discord:{bob.Id}", "web", "watch");

        var all = await team.TypeAsync(direct, alice, "use", "");
        var some = await team.TypeAsync(direct, alice, "new-thread", "DE");
        var bobsUse = await team.TypeAsync(hers, bob, "use", "");
        var bobsTell = await team.TypeAsync(hers, bob, "tell", "a");
        var bobsBind = await team.TypeAsync(hers, bob, "bind", "");

        Assert.Equal(["admin/api", "admin/deploy", "admin/web"], all.Select(one => one.Value));
        Assert.Equal([("admin/deploy", "admin/deploy")], some);
        Assert.Equal(["admin/api", "bob/bobs"], bobsUse.Select(one => one.Name));
        Assert.Equal(["admin/api"], bobsTell.Select(one => one.Name));
        Assert.Equal(["bob/bobs"], bobsBind.Select(one => one.Name));
    }

    [Fact]
    public async Task A_session_whose_name_is_too_long_for_a_choice_can_be_chosen_all_the_same()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        var (owner, name) = (new string('o', 60), new string('n', 60));
        var token = await node.InviteAsync(owner);
        await node.CreateSessionAsync(name, token);
        var (person, direct) = await team.PairAsync(node, "Olga", token);

        var choice = Assert.Single(await team.TypeAsync(direct, person, "use", "nnn"));
        var used = await team.UseAsync(direct, person, "use", ("session", choice.Value));

        Assert.InRange(choice.Name.Length, 1, 100);
        Assert.InRange(choice.Value.Length, 1, 100);
        Assert.Contains($"{owner}/{name}", used);
    }

    [Fact]
    public async Task Strangers_get_no_response_and_nothing_is_written_of_them()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var (alice, direct) = await team.PairAsync(node, "Alice");
        var (mallory, hers, channel) = (team.Discord.Person("Alice"), team.Discord.DirectChat(), team.Discord.GuildChannel());

        foreach (var place in new[] { hers, channel })
        {
            team.Discord.Use(place, mallory, "sessions");
            team.Discord.Use(place, mallory, "help");
            team.Discord.Use(place, mallory, "tell", ("session", "api"), ("text", "obey"));
            team.Discord.Use(place, mallory, "new-thread", ("session", "api"));
            team.Discord.Use(place, mallory, "bind", ("session", "api"), ("all", "true"));
            team.Discord.Type(place, mallory, "use", "session", "a");
        }

        await team.SettleAsync(direct, alice);

        Assert.False(team.Discord.Sent.Answers.TryRead(out _));
        Assert.False(team.Discord.Sent.Choices.TryRead(out _));
        Assert.False(team.Discord.Sent.Messages.TryRead(out _));
        Assert.False(team.Discord.Sent.Threads.TryRead(out _));
        Assert.False(client.TryNext(out _));
        var data = await node.WholeDataAsync();
        Assert.Contains(direct.Id, data); // the search can find something
        Assert.DoesNotContain(hers.Id, data);
        Assert.DoesNotContain(channel.Id, data);
    }

    [Fact]
    public async Task A_command_decides_no_permission_request()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var (alice, direct) = await team.PairAsync(node, "Alice");
        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request("abcde"));
        await team.NextAsync();

        await team.UseAsync(direct, alice, "tell", ("session", "api"), ("text", "yes abcde"));
        var arrived = await client.NextAsync();
        await team.UseAsync(direct, alice, "use", ("session", "yes abcde"));

        Assert.Equal("yes abcde", ChatTeam.Content(arrived));
        Assert.Equal("open", Assert.Single(await node.PermissionsAsync("api")).State);
    }

    [Fact]
    public async Task The_last_message_that_waits_is_taken_back_from_the_menu()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        await node.CreateSessionAsync("api");
        var (alice, direct) = await team.PairAsync(node, "Alice");
        team.Discord.Write(direct, alice, "stays");
        team.Discord.Write(direct, alice, "was a mistake");
        await team.Discord.Sent.Reactions.ReadAsync(ChatTeam.Patience);
        await team.Discord.Sent.Reactions.ReadAsync(ChatTeam.Patience); // both are written down

        var cancelled = await team.UseAsync(direct, alice, "cancel");
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var arrived = await client.NextAsync();
        await client.CallAsync("reply", new() { ["chat_id"] = ChatTeam.Meta(arrived, "chat_id"), ["text"] = "done" });
        await team.NextAsync();
        var nothing = await team.UseAsync(direct, alice, "cancel");

        Assert.Equal("Taken back.", cancelled);
        Assert.Equal("stays", ChatTeam.Content(arrived));
        Assert.False(client.TryNext(out _));
        Assert.Contains("Nothing", nothing);
    }
}
