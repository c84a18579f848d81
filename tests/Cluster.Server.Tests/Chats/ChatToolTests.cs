using System.Text.Json.Nodes;
using Cluster.Simulator.Telegram;
using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>What Claude does in a chat beside listening: it answers, edits, reacts and speaks first, and is told what became of it.</summary>
public sealed class ChatToolTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private const long Alice = 184;

    [Fact]
    public async Task An_answer_is_told_by_the_platforms_id_edited_and_reacted_under()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, Alice);
        var asked = team.Telegram.SendText(Alice, Alice, "is main green?");
        var arrived = await client.NextAsync();
        await team.ReactsAsync(Alice, asked, "👀");

        var replied = await ReplyAsync(client, arrived, "I look");
        var answer = await team.NextAsync(Alice);
        var id = replied["Sent as message ".Length..].Split(' ')[0];
        var edited = await client.CallAsync("edit_message", Act(arrived, ("message_id", id), ("text", "**It is.**")));
        var edit = await team.Telegram.NextEditAsync(Alice, ChatTeam.Patience);
        var reacted = await client.CallAsync("react", Act(arrived, ("message_id", ChatTeam.Meta(arrived, "event_id")), ("emoji", "🔥")));
        await team.ReactsAsync(Alice, asked, "🔥");
        var underOwn = await client.CallAsync("react", Act(arrived, ("message_id", id), ("emoji", "👍")));
        await team.ReactsAsync(Alice, answer.Id, "👍");
        await client.CallAsync("react", Act(arrived, ("message_id", id), ("emoji", "")));
        var none = await team.Telegram.NextReactionAsync(Alice, ChatTeam.Patience);

        Assert.Equal($"Sent as message {id} (Telegram message {answer.Id}). 1 marked answered.", replied);
        Assert.Equal($"Message {id} has the new text.", edited);
        Assert.Equal((answer.Id, "It is."), (edit.Id, edit.Text));
        Assert.Equal($"Reacted to message {ChatTeam.Meta(arrived, "event_id")}.", reacted);
        Assert.Equal($"Reacted to message {id}.", underOwn);
        Assert.Equal(new SimulatedReaction(answer.Id, null), none);
    }

    [Fact]
    public async Task The_platforms_refusal_is_told_in_words()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, Alice);
        team.Telegram.SendText(Alice, Alice, "hello");
        var arrived = await client.NextAsync();

        var reacted = await client.CallAsync("react", Act(arrived, ("message_id", ChatTeam.Meta(arrived, "event_id")), ("emoji", "🦕")));
        team.Telegram.FailNext("sendMessage", 403, "Forbidden: bot was blocked by the user <b>");
        var replied = await ReplyAsync(client, arrived, "are you there?");

        Assert.Equal("error: The reaction was not taken: REACTION_INVALID.", reacted);
        Assert.StartsWith("error: Not delivered: bot was blocked by the user &lt;b&gt;. Message ", replied);
    }

    [Fact]
    public async Task An_answer_that_the_platform_does_not_take_soon_is_queued_and_holds_up_nothing_meanwhile()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:SendSeconds=2"]);
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, Alice);
        team.Telegram.SendText(Alice, Alice, "hello");
        var arrived = await client.NextAsync();
        team.Telegram.LimitNext("sendMessage", 5);

        var reply = ReplyAsync(client, arrived, "later");
        await team.Telegram.NextCallAsync("sendMessage", ChatTeam.Patience); // the pairing's own
        await team.Telegram.NextCallAsync("sendMessage", ChatTeam.Patience);
        var other = await client.CallAsync("list_sessions", []);
        var waited = !reply.IsCompleted;
        var replied = await reply;
        var again = await ReplyAsync(client, arrived, "later");
        var answer = await team.NextAsync(Alice);

        Assert.Contains("this session", other);
        Assert.True(waited);
        Assert.Matches(@"^Message \d+ waits to be sent; it is queued, and goes out by itself\.", replied);
        Assert.StartsWith(replied.Split(';')[0], again);
        Assert.Equal("later", answer.Text);
        Assert.DoesNotContain(team.Telegram.Messages(Alice), message => message.Id != answer.Id && message.Text == "later");
    }

    [Fact]
    public async Task A_call_that_is_repeated_with_its_id_gets_the_same_answer()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, Alice);
        team.Telegram.SendText(Alice, Alice, "hello");
        var arrived = await client.NextAsync();

        var first = await client.CallAsync("reply", Act(arrived, ("text", "once")), id: "the-same");
        var again = await client.CallAsync("reply", Act(arrived, ("text", "once")), id: "the-same");

        Assert.Contains("(Telegram message ", first);
        Assert.Equal(first, again);
        Assert.Single(team.Telegram.Messages(Alice), message => message.Text == "once");
    }

    [Fact]
    public async Task Text_is_shown_as_it_stands_when_asked()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, Alice);
        team.Telegram.SendText(Alice, Alice, "hello");
        var arrived = await client.NextAsync();

        await client.CallAsync("reply", Act(arrived, ("text", "# *no* <b>form</b>"), ("format", "text")));
        var answer = await team.NextAsync(Alice);
        var wrong = await client.CallAsync("reply", Act(arrived, ("text", "x"), ("format", "html")));

        Assert.Equal("# *no* <b>form</b>", answer.Text);
        Assert.StartsWith("error: format must be", wrong);
    }

    [Fact]
    public async Task The_owner_is_told_something_unasked_and_answers_that_session()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await using var web = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "web");
        var nobody = await client.CallAsync("notify", new JsonObject { ["text"] = "only on the page" });
        await team.PairAsync(node, Alice);

        var told = await client.CallAsync("notify", new JsonObject { ["text"] = "the build is **done**" });
        var message = await team.NextAsync(Alice);
        team.Telegram.SendText(Alice, Alice, "good", replyTo: message.Id);
        var arrived = await client.NextAsync();

        Assert.EndsWith("stands on the page only.", nobody);
        Assert.StartsWith($"Your user was told on the page and as Telegram message {message.Id} (message ", told);
        Assert.Equal("the build is done", message.Text);
        Assert.EndsWith("\ngood", ChatTeam.Content(arrived));
    }

    [Theory]
    [InlineData("react", """{"chat_id":"telegram:184@team","message_id":"1"}""", "emoji is missing")]
    [InlineData("react", """{"chat_id":"telegram:184@team","message_id":"1","emoji":"a b"}""", "emoji must be one emoji")]
    [InlineData("react", """{"chat_id":"telegram:184@team","message_id":"x","emoji":"👍"}""", "message_id must be")]
    [InlineData("react", """{"chat_id":"telegram:184@team","message_id":"999999","emoji":"👍"}""", "There is no message 999999")]
    [InlineData("react", """{"chat_id":"console:admin","message_id":"1","emoji":"👍"}""", "Reactions are for chats")]
    [InlineData("edit_message", """{"chat_id":"telegram:184@team","message_id":"999999","text":"x"}""", "There is no message 999999 of yours")]
    [InlineData("edit_message", """{"chat_id":"session:admin/web","message_id":"1","text":"x"}""", "What was sent to another session")]
    [InlineData("edit_message", """{"chat_id":"telegram:184@team","text":"x"}""", "message_id is missing")]
    [InlineData("notify", """{"text":" "}""", "text is empty")]
    public async Task Wrong_arguments_get_a_sentence(string tool, string arguments, string expected)
    {
        var node = await shared.StartedAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");

        Assert.StartsWith($"error: {expected}", await client.CallAsync(tool, JsonNode.Parse(arguments)!.AsObject()));
    }

    // The same text is the same call.
    private static Task<string> ReplyAsync(HttpMcpClient client, JsonObject arrived, string text) =>
        client.CallAsync("reply", Act(arrived, ("text", text), ("reply_to", ChatTeam.Meta(arrived, "event_id"))), id: text);

    private static JsonObject Act(JsonObject arrived, params (string Name, string Value)[] arguments)
    {
        var all = new JsonObject { ["chat_id"] = ChatTeam.Meta(arrived, "chat_id") };
        foreach (var (name, value) in arguments)
        {
            all[name] = value;
        }

        return all;
    }
}
