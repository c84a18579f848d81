using System.Text.Json;
using Cluster.Simulator.Telegram;
using static Cluster.Tests.Chat.Telegram.TelegramRig;

namespace Cluster.Tests.Chat.Telegram;

/// <summary>The simulated Telegram refuses what the real one refuses; else the tests around it would prove little.</summary>
public sealed class TelegramSimulatorTests
{
    [Theory]
    [InlineData("sendMessage", """{"chat_id":184,"text":"x","disable_web_page_preview":true}""", "field \"disable_web_page_preview\" is unknown")]
    [InlineData("sendMessage", """{"chat_id":"184","text":"x"}""", "field \"chat_id\" must be of type Integer")]
    [InlineData("sendMessage", """{"chat_id":184,"text":"x","reply_parameters":{"id":1}}""", "field \"id\" is unknown")]
    [InlineData("sendMessage", """{"chat_id":184,"text":"x","reply_parameters":{"message_id":99}}""", "message to be replied not found")]
    [InlineData("sendMessage", """{"chat_id":184,"text":"x","message_thread_id":9}""", "message thread not found")]
    [InlineData("sendMessage", """{"chat_id":184}""", "message text is empty")]
    [InlineData("sendMessage", """{"chat_id":184,"text":""}""", "message text is empty")]
    [InlineData("sendMessage", """{"chat_id":184,"text":" \n"}""", "text must be non-empty")]
    [InlineData("sendMessage", """{"chat_id":999,"text":"x"}""", "chat not found")]
    [InlineData("sendMessage", """{"chat_id":184,"text":"x","text":"y"}""", "can't parse the request as a JSON object")]
    [InlineData("sendMessage", """{"chat_id":184,"text":"a<b","parse_mode":"HTML"}""", "can't parse entities: Unclosed start tag at byte offset 1")]
    [InlineData("sendMessage", """{"chat_id":184,"text":"ä<div>","parse_mode":"HTML"}""", "can't parse entities: Unsupported start tag \"div\" at byte offset 2")]
    [InlineData("sendMessage", """{"chat_id":184,"text":"<b><i>x</b></i>","parse_mode":"HTML"}""", "can't parse entities: Unmatched end tag at byte offset 7, expected \"</i>\", found \"</b>\"")]
    [InlineData("sendMessage", """{"chat_id":184,"text":"x</b>","parse_mode":"HTML"}""", "can't parse entities: Unexpected end tag at byte offset 1")]
    [InlineData("sendMessage", """{"chat_id":184,"text":"<b>x","parse_mode":"HTML"}""", "can't parse entities: Can't find end tag corresponding to start tag \"b\"")]
    [InlineData("editMessageText", """{"chat_id":184,"message_id":1,"text":"x"}""", "message can't be edited")]
    [InlineData("setMessageReaction", """{"chat_id":184,"message_id":9,"reaction":[]}""", "message to react not found")]
    [InlineData("sendChatAction", """{"chat_id":184,"action":"dance"}""", "wrong parameter action in request")]
    public async Task A_request_that_is_wrong_is_refused(string method, string request, string why)
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");

        using var answer = JsonDocument.Parse(await rig.CallAsync(method, request));

        Assert.False(answer.RootElement.GetProperty("ok").GetBoolean());
        Assert.Equal(400, answer.RootElement.GetProperty("error_code").GetInt32());
        Assert.Equal($"Bad Request: {why}", answer.RootElement.GetProperty("description").GetString());
    }

    [Theory]
    [InlineData("<b>bold</b> <a href=\"https://x/?a=1&amp;b=>\">link</a>", "bold link")]
    [InlineData("<pre><code class=\"language-cs\">a &lt; b</code></pre>", "a < b")]
    [InlineData("<span class=\"tg-spoiler\">s</span> &#128512; &nbsp; &copy", "s 😀 &nbsp; &copy")]
    [InlineData("<blockquote expandable>q</blockquote>", "q")]
    public async Task People_see_no_tags(string html, string seen)
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");

        await rig.Bot.PostAsync(Post(WithAda, html), Ct);

        Assert.Equal(seen, Assert.Single(rig.Telegram.Messages(Ada)).Text);
    }

    [Theory]
    [InlineData(4096, true)]
    [InlineData(4097, false)]
    public async Task A_text_is_counted_without_its_tags(int length, bool sent)
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");

        var answer = await rig.CallAsync("sendMessage", $$"""{"chat_id":184,"parse_mode":"HTML","text":"<b>{{new string('x', length - 1)}}&amp;</b>"}""");

        Assert.Equal(sent, answer.StartsWith("""{"ok":true""", StringComparison.Ordinal));
        Assert.Equal(!sent, answer.Contains("message is too long", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whoever_sends_too_much_is_told_to_wait()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");
        rig.Telegram.RateLimited = true;

        await rig.CallAsync("sendMessage", """{"chat_id":184,"text":"x"}""");
        var answer = await rig.CallAsync("sendMessage", """{"chat_id":184,"text":"x"}""");

        Assert.Equal("""{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1","parameters":{"retry_after":1}}""", answer);
    }

    [Fact]
    public async Task An_offset_makes_it_forget_and_a_limit_holds()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "one");
        rig.Telegram.SendText(Ada, Ada, "two");

        using var first = JsonDocument.Parse(await rig.CallAsync("getUpdates", """{"limit":1}"""));
        var id = Assert.Single(first.RootElement.GetProperty("result").EnumerateArray()).GetProperty("update_id").GetInt64();
        using var second = JsonDocument.Parse(await rig.CallAsync("getUpdates", $$"""{"offset":{{id + 1}},"timeout":50}"""));
        var third = await rig.CallAsync("getUpdates", $$"""{"offset":{{id + 2}}}""");

        var two = Assert.Single(second.RootElement.GetProperty("result").EnumerateArray());
        Assert.Equal("two", two.GetProperty("message").GetProperty("text").GetString());
        Assert.Equal("""{"ok":true,"result":[]}""", third);
        Assert.True(rig.Telegram.AcknowledgedAsync(Ct).IsCompleted);
    }

    [Fact]
    public async Task Mentions_and_commands_are_found_in_UTF16_units()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Group, "😀 @cluster_bot /use@cluster_bot a@b /a/b");

        using var told = JsonDocument.Parse(await rig.CallAsync("getUpdates", "{}"));

        var entities = told.RootElement.GetProperty("result")[0].GetProperty("message").GetProperty("entities").EnumerateArray()
            .Select(entity => (entity.GetProperty("type").GetString(), entity.GetProperty("offset").GetInt32(), entity.GetProperty("length").GetInt32()));
        Assert.Equal([("mention", 3, 12), ("bot_command", 16, 16), ("bot_command", 37, 2)], entities);
    }

    [Fact]
    public async Task A_token_that_it_does_not_know_gets_nothing()
    {
        await using var rig = await StartAsync();
        using var http = new HttpClient();

        using var unknown = await http.GetAsync(new Uri($"{rig.Telegram.Url}bot1:x/getMe"), Ct);
        rig.Telegram.Revoke();
        var revoked = await rig.CallAsync("getMe", "{}");

        Assert.Equal(401, (int)unknown.StatusCode);
        Assert.Equal("""{"ok":false,"error_code":401,"description":"Unauthorized"}""", revoked);
        Assert.Equal("7000", TelegramSimulator.Token.Split(':')[0]);
    }
}
