using Cluster.Simulator.Discord;
using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>What people see and press in Discord besides messages and answers.</summary>
public sealed class DiscordTalkTests
{
    private static readonly string Long = string.Concat(Enumerable.Repeat("0123456789 ", 300)) + "the end";

    [Fact]
    public async Task Typing_is_shown_while_a_message_is_worked_on()
    {
        await using var node = await NodeHost.StartAsync();
        await using var discord = await ChatTeam.StartDiscordAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var (alice, direct) = await ChatTeam.PairAsync(node, discord, "Alice");

        discord.Write(direct, alice, "work on it");

        Assert.Equal(direct.Id, await discord.Sent.Typing.ReadAsync(ChatTeam.Patience));
        Assert.Equal(direct.Id, await discord.Sent.Typing.ReadAsync(ChatTeam.Patience));
    }

    [Fact]
    public async Task One_silent_line_says_that_messages_wait_and_how_it_ended()
    {
        await using var node = await NodeHost.StartAsync();
        await using var discord = await ChatTeam.StartDiscordAsync(node);
        await node.CreateSessionAsync("api");
        var (alice, direct) = await ChatTeam.PairAsync(node, discord, "Alice");

        var asked = discord.Write(direct, alice, "one");
        var line = await discord.Sent.Messages.ReadAsync(ChatTeam.Patience);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var over = await discord.Sent.Edits.ReadAsync(ChatTeam.Patience);

        Assert.StartsWith("`admin/api` is not running. Your message waits, as number 1", line.Content);
        Assert.Equal(asked, line.ReplyTo);
        Assert.NotEqual(0, line.Flags & (1 << 12)); // Discord: Message, message flags, SUPPRESS_NOTIFICATIONS
        Assert.Equal((line.Id, "`admin/api` is running again and has your message."), (over.Id, over.Content));
    }

    [Fact]
    [Trait("House", "old")]
    public async Task Quiet_sessions_to_choose_and_all_of_a_request()
    {
        await using var node = await NodeHost.StartInProcessAsync();
        await using var discord = await ChatTeam.StartDiscordAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "s0");
        for (var i = 1; i < 9; i++)
        {
            await node.CreateSessionAsync($"s{i}");
        }

        var (alice, direct) = await ChatTeam.PairAsync(node, discord, "Alice");
        var muted = await AskAsync(discord, direct, alice, "/mute 1d");
        var list = await AskAsync(discord, direct, alice, "/sessions");
        var chosen = await PressAsync(discord, direct, alice, list.Id, list.Buttons[0]);
        discord.Write(direct, alice, "for the chosen one");
        var arrived = await client.NextAsync();
        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request("abcde", $$"""{"description":"{{Long}}","command":"rm -rf build"}"""));
        var prompt = await discord.Sent.Messages.ReadAsync(ChatTeam.Patience);
        await ChatTeam.RememberedAsync(node, "abcde", 1);
        var early = await PressAsync(discord, direct, alice, prompt.Id, prompt.Buttons[0] with { CustomId = prompt.Buttons[0].CustomId.Replace("deny", "allow", StringComparison.Ordinal) });
        var earlyWord = await AskAsync(discord, direct, alice, "yes abcde");
        discord.Write(direct, alice, "allow", new DiscordWriting { ReplyTo = prompt.Id });
        var earlyReply = await discord.Sent.Messages.ReadAsync(ChatTeam.Patience);
        Assert.All([early, earlyWord.Content, earlyReply.Content], answer => Assert.StartsWith("Nothing was decided: press See more first", answer));
        var told = await PressAsync(discord, direct, alice, prompt.Id, prompt.Buttons[1]);
        var parts = new List<SentMessage>();
        do
        {
            parts.Add(await discord.Sent.Messages.ReadAsync(ChatTeam.Patience));
        }
        while (parts[^1].Buttons.Count == 0);

        await ChatTeam.ShownAsync(node);
        discord.Write(direct, alice, "allow", new DiscordWriting { ReplyTo = prompt.Id });
        var verdict = await client.NextAsync();

        Assert.Contains("You are muted until", muted.Content);
        Assert.Equal(8, list.Buttons.Count);
        Assert.Equal("Your messages go to admin/s0 now.", chosen);
        Assert.Equal("for the chosen one", ChatTeam.Content(arrived));
        Assert.Matches("(?s)`command`:\n+```\nrm -rf build\n```.*`description`:\n+```\n0123", prompt.Content);
        Assert.Equal(["Deny", "See more"], prompt.Buttons.Select(button => button.Label));
        Assert.Equal(["Allow", "Deny"], parts[^1].Buttons.Select(button => button.Label));
        Assert.Contains("the end", string.Concat(parts.Select(part => part.Content)));
        Assert.NotEqual(0, prompt.Flags & (1 << 12));
        Assert.Equal("All of it comes in a moment.", told);
        Assert.True(parts.Count > 1);
        Assert.All(parts, part => Assert.Contains("```", part.Content));
        Assert.Equal("""{"request_id":"abcde","behavior":"allow"}""", verdict["params"]!.ToJsonString());
    }

    private static async Task<SentMessage> AskAsync(DiscordSimulator discord, DiscordChannel direct, DiscordPerson who, string line)
    {
        discord.Write(direct, who, line);
        return await discord.Sent.Messages.ReadAsync(ChatTeam.Patience);
    }

    private static async Task<string> PressAsync(DiscordSimulator discord, DiscordChannel direct, DiscordPerson who, string message, SentButton button)
    {
        discord.Press(direct, who, message, button.CustomId);
        return (await discord.Sent.Answers.ReadAsync(ChatTeam.Patience)).Content;
    }
}
