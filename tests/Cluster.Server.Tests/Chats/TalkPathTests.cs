using Cluster.Simulator.Telegram;
using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>What people see and press in Telegram besides messages and answers.</summary>
public sealed class TalkPathTests
{
    private const long Alice = 184;
    private const long Bob = 22;
    private const long Group = -1001;

    private const string NotShown = "Nothing was decided: press See more first, and allow it when all of it has come.";

    private static readonly string Long = string.Concat(Enumerable.Repeat("0123456789 ", 500)) + "the end";

    [Fact]
    public async Task Typing_is_shown_and_shown_again_while_a_message_is_worked_on()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, Alice);

        team.Telegram.FailNext("sendChatAction", 400, "Bad Request: nobody looks");
        team.Telegram.SendText(Alice, Alice, "work on it");
        await client.NextAsync();
        await team.Telegram.NextCallAsync("sendChatAction", ChatTeam.Patience);
        var second = await team.Telegram.NextTypingAsync(Alice, ChatTeam.Patience);
        var third = await team.Telegram.NextTypingAsync(Alice, ChatTeam.Patience);

        Assert.Null(second);
        Assert.Null(third);
    }

    [Fact]
    public async Task One_silent_line_says_that_messages_wait_and_how_it_ended()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await node.CreateSessionAsync("api");
        await team.PairAsync(node, Alice);

        var first = team.Telegram.SendText(Alice, Alice, "one");
        var line = await team.NextLineAsync(Alice);
        team.Telegram.SendText(Alice, Alice, "two");
        var more = await team.Telegram.NextEditAsync(Alice, ChatTeam.Patience);
        team.Telegram.SendText(Alice, Alice, "/status");
        var status = await team.NextAsync(Alice);
        team.Telegram.SendText(Alice, Alice, "/cancel", replyTo: first);
        Assert.Equal("Taken back.", (await team.NextAsync(Alice)).Text);
        var cancelled = await team.Telegram.NextEditAsync(Alice, ChatTeam.Patience);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var arrived = await client.NextAsync();
        var over = await team.Telegram.NextEditAsync(Alice, ChatTeam.Patience);
        team.Telegram.SendText(Alice, Alice, "in answer to the line", replyTo: line.Id);
        var answered = await client.NextAsync();

        Assert.Equal("admin/api is not running. Your message waits, as number 1 in its queue; answer that message with /cancel to take it back.", line.Text);
        Assert.Equal((first, true), (line.ReplyTo, line.Silent));
        Assert.Equal(line.Id, more.Id);
        Assert.Contains("2 of your messages wait", more.Text);
        Assert.Contains("as numbers 1, 2 in its queue", status.Text);
        Assert.EndsWith("One was taken back.", cancelled.Text);
        Assert.Equal("two", ChatTeam.Content(arrived));
        Assert.Equal("admin/api is running again and has your message. One was taken back.", over.Text);
        Assert.EndsWith("\nin answer to the line", ChatTeam.Content(answered));
    }

    [Fact]
    public async Task Who_wants_quiet_gets_it_and_gets_everything()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, Alice);

        var nonsense = await AskAsync(team, "/mute for ever");
        var muted = await AskAsync(team, "/mute 2h");
        var status = await AskAsync(team, "/status");
        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request("abcde"));
        var prompt = await team.NextAsync(Alice);
        var off = await AskAsync(team, "/mute off");
        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request("bcdef"));
        var loud = await team.NextAsync(Alice);

        Assert.StartsWith("I do not understand that time.", nonsense.Text);
        Assert.Contains("You are muted until", muted.Text);
        Assert.Contains("You are muted until", status.Text);
        Assert.False(muted.Silent);
        Assert.True(prompt.Silent);
        Assert.Contains("makes a sound again", off.Text);
        Assert.False(loud.Silent);
    }

    [Fact]
    public async Task A_button_chooses_a_session_for_whoever_presses_it_and_may_talk_to_it()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var api = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var distant = new string('w', 63);
        await node.CreateSessionAsync(distant);
        await team.PairAsync(node, Alice);
        await team.PairAsync(node, Bob, await node.InviteAsync("bob"));
        await node.AllowAsync("telegram:22", "api", "talk");

        var list = await AskAsync(team, "/sessions");
        var other = list.Buttons.Single(button => button.Label.Contains("www", StringComparison.Ordinal));
        var chosen = await PressAsync(team, Alice, list.Id, list.Buttons.Single(button => button.Label == "Use admin/api").Label);
        var marked = await AskAsync(team, "/sessions");
        team.Telegram.SendText(Alice, Alice, "for the chosen one");
        var arrived = await api.NextAsync();
        var forBob = await PressAsync(team, Bob, list.Id, "Use admin/api");
        var notForBob = await PressAsync(team, Bob, list.Id, other.Label);
        var madeUp = await team.Telegram.NextPressAnswerAsync(team.Telegram.PressMadeUp(Alice, Alice, list.Id, "u:0123456789abcdeg"), ChatTeam.Patience);
        var stranger = team.Telegram.NextPressAnswerAsync(team.Telegram.PressMadeUp(666, Alice, list.Id, other.Data), ChatTeam.Patience);
        await team.Telegram.AcknowledgedAsync(ChatTeam.Patience);

        Assert.Equal(2, list.Buttons.Count);
        Assert.All(list.Buttons, button => Assert.True(button.Data.Length <= 64));
        Assert.Equal("Your messages go to admin/api now.", chosen);
        Assert.Contains(marked.Buttons, button => button.Label == "✓ admin/api");
        Assert.Equal("for the chosen one", ChatTeam.Content(arrived));
        Assert.Equal("Your messages go to admin/api now.", forBob);
        Assert.Equal("There is no such session.", notForBob);
        Assert.Equal("There is no such session.", madeUp.Text);
        Assert.False(stranger.IsCompleted);
    }

    [Fact]
    [Trait("House", "old")]
    public async Task A_long_request_can_be_allowed_only_when_all_of_it_was_shown_in_the_approvers_own_chat()
    {
        await using var node = await NodeHost.StartInProcessAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, Alice);
        await team.PairAsync(node, Bob, await node.InviteAsync("bob"));
        await node.AllowAsync("telegram:22", "api", "talk");
        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request("abcde", Long));
        var prompt = await team.NextAsync(Alice);
        var (more, allow) = (prompt.Buttons[1].Data, prompt.Buttons[0].Data.Replace("deny", "allow", StringComparison.Ordinal));
        await ChatTeam.RememberedAsync(node, "abcde", 1);
        var early = await team.Telegram.NextPressAnswerAsync(team.Telegram.PressMadeUp(Alice, Alice, prompt.Id, allow), ChatTeam.Patience);
        var earlyWord = await AskAsync(team, "yes abcde");
        team.Telegram.SendText(Alice, Alice, "yes", replyTo: prompt.Id);
        var earlyReply = await team.NextAsync(Alice);
        Assert.All([early.Text, earlyWord.Text, earlyReply.Text], answer => Assert.Equal(NotShown, answer));

        var told = await PressAsync(team, Alice, prompt.Id, "See more");
        var parts = new List<SimulatedMessage>();
        do
        {
            parts.Add(await team.NextAsync(Alice));
        }
        while (parts[^1].Buttons.Count == 0);

        var byTalker = await team.Telegram.NextPressAnswerAsync(team.Telegram.PressMadeUp(Bob, Bob, 1, more), ChatTeam.Patience);
        var inGroup = await team.Telegram.NextPressAnswerAsync(team.Telegram.PressMadeUp(Alice, Group, 1, more), ChatTeam.Patience);
        var stranger = team.Telegram.NextPressAnswerAsync(team.Telegram.PressMadeUp(666, 666, 1, more), ChatTeam.Patience);
        await team.Telegram.AcknowledgedAsync(ChatTeam.Patience);

        Assert.Equal(["Deny", "See more"], prompt.Buttons.Select(button => button.Label));
        Assert.DoesNotContain("the end", prompt.Text);
        Assert.Contains("Claude Code shows the first 2,000 and the last 1,500 characters only", prompt.Text);
        Assert.Contains("Claude Code shows the first 2,000 and the last 1,500 characters only", parts[^1].Text);
        Assert.Contains("the end", string.Concat(parts.Select(part => part.Text)));
        Assert.Equal(["Allow", "Deny"], parts[^1].Buttons.Select(button => button.Label));
        Assert.Equal("All of it comes in a moment.", told);
        Assert.True(parts.Count > 1);
        Assert.All(parts.Take(parts.Count - 1), part => Assert.Contains("<pre>", part.Source));
        Assert.Contains(Long[..1_000], parts[0].Text);
        Assert.Equal("There is no such request that you may answer.", byTalker.Text);
        Assert.Equal("There is no such request that you may answer.", inGroup.Text);
        Assert.False(stranger.IsCompleted);
        Assert.Empty(team.Telegram.Messages(Group));
        Assert.Equal("open", Assert.Single(await node.PermissionsAsync("api")).State);
        await ChatTeam.ShownAsync(node);
        Assert.StartsWith("Allowed", await PressAsync(team, Alice, parts[^1].Id, "Allow"));
        Assert.Equal("""{"request_id":"abcde","behavior":"allow"}""", (await client.NextAsync())["params"]!.ToJsonString());
    }

    [Fact]
    public async Task A_word_in_answer_to_a_prompt_decides_it_and_other_words_go_to_the_session()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, Alice);
        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request("abcde"));
        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request("bcdef"));
        var (first, second) = (await team.NextAsync(Alice), await team.NextAsync(Alice));

        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request("cdefg"));
        await team.NextAsync(Alice); // one by one: the node has written down by now which messages bring the two before it
        var words = team.Telegram.SendText(Alice, Alice, "yes, but why?", replyTo: first.Id);
        var asked = await client.NextAsync();
        team.Telegram.Edit(Alice, words, "yes");
        team.Telegram.SendText(Alice, Alice, "Deny", replyTo: second.Id);
        var denied = await client.NextAsync();
        var told = await team.NextAsync(Alice);
        var states = (await node.PermissionsAsync("api")).ToDictionary(request => request.RequestId, request => request.State);

        Assert.EndsWith("\nyes, but why?", ChatTeam.Content(asked));
        Assert.Equal("""{"request_id":"bcdef","behavior":"deny"}""", denied["params"]!.ToJsonString());
        Assert.Equal("Denied: on its way to Claude Code.", told.Text);
        Assert.Equal("open", states["abcde"]);
        Assert.False(client.TryNext(out _));
    }

    [Fact]
    public async Task Who_guesses_ids_of_requests_is_shown_to_those_who_may_answer_them()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, Alice);
        await team.PairAsync(node, Bob, await node.InviteAsync("bob"));
        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request("abcde"));
        await team.NextAsync(Alice);

        for (var i = 0; i < 6; i++)
        {
            team.Telegram.SendText(Bob, Bob, $"yes zzzz{(char)('a' + i)}");
        }

        var told = await team.NextAsync(Alice);
        team.Telegram.SendText(Alice, Alice, "yes abcde");
        var next = await team.NextAsync(Alice);

        Assert.StartsWith("telegram:22 (calls themselves User 22) has named 5 wrong ids", told.Text);
        Assert.StartsWith("Allowed", next.Text);
    }

    private static async Task<SimulatedMessage> AskAsync(ChatTeam team, string line)
    {
        team.Telegram.SendText(Alice, Alice, line);
        return await team.NextAsync(Alice);
    }

    private static async Task<string> PressAsync(ChatTeam team, long who, long message, string label) =>
        (await team.Telegram.NextPressAnswerAsync(team.Telegram.Press(who, Alice, message, label), ChatTeam.Patience)).Text;
}
