using Cluster.Chat;
using Cluster.Tests.Cli;
using static Cluster.Tests.Chat.Telegram.TelegramRig;

namespace Cluster.Tests.Chat.Telegram;

/// <summary>Updates that are not what they should be are skipped and acknowledged, and what stands beside them is kept.</summary>
public sealed class TelegramHostileTests
{
    private const string From = """ "from":{"id":184,"is_bot":false,"first_name":"A"} """;
    private const string Chat = """ "chat":{"id":184,"type":"private"} """;

    private static readonly string Deep = string.Concat(Enumerable.Repeat("""{"message_id":1,"chat":{"id":1,"type":"private"},"reply_to_message":""", 100))
        + "null" + new string('}', 100);

    [Theory]
    [InlineData("a kind that is not known", """{"update_id":ID,"later_kind":{"x":1}}""")]
    [InlineData("nothing in it", """{"update_id":ID}""")]
    [InlineData("a message that is none", """{"update_id":ID,"message":"text"}""")]
    [InlineData("a null message", """{"update_id":ID,"message":null}""")]
    [InlineData("no chat", """{"update_id":ID,"message":{"message_id":1,FROM,"text":"x"}}""")]
    [InlineData("a text that is a number", """{"update_id":ID,"message":{"message_id":1,CHAT,FROM,"text":7}}""")]
    [InlineData("a lone surrogate", """{"update_id":ID,"message":{"message_id":1,CHAT,FROM,"text":"\ud800"}}""")]
    [InlineData("a lone surrogate in a name", """{"update_id":ID,"message":{"message_id":1,CHAT,FROM,"te\udc00xt":"x"}}""")]
    [InlineData("two senders", """{"update_id":ID,"message":{"message_id":1,CHAT,FROM,FROM,"text":"x"}}""")]
    [InlineData("two ids", """{"update_id":1,"update_id":ID,"message":{"message_id":1,CHAT,FROM,"text":"x"}}""")]
    [InlineData("a huge sender", """{"update_id":ID,"message":{"message_id":1,CHAT,"from":{"id":99999999999999999999,"is_bot":false,"first_name":"A"},"text":"x"}}""")]
    [InlineData("a fraction of a message", """{"update_id":ID,"message":{"message_id":1.5,CHAT,FROM,"text":"x"}}""")]
    [InlineData("a huge exponent", """{"update_id":ID,"message":{"message_id":1e999,CHAT,FROM,"text":"x"}}""")]
    [InlineData("a huge offset", """{"update_id":ID,"message":{"message_id":1,CHAT,FROM,"text":"x","entities":[{"type":"mention","offset":99999999999,"length":1}]}}""")]
    [InlineData("entities that are none", """{"update_id":ID,"message":{"message_id":1,CHAT,FROM,"text":"x","entities":[null,1]}}""")]
    [InlineData("a sender who may be a bot", """{"update_id":ID,"message":{"message_id":1,CHAT,"from":{"id":1,"first_name":"A"},"text":"x"}}""")]
    [InlineData("a press that is none", """{"update_id":ID,"callback_query":[]}""")]
    public async Task It_is_skipped(string what, string json)
    {
        await using var rig = await StartAsync();
        var told = json.Replace("CHAT", Chat, StringComparison.Ordinal).Replace("FROM", From, StringComparison.Ordinal);
        rig.Telegram.Send(id => told.Replace("ID", $"{id}", StringComparison.Ordinal));
        rig.Telegram.SendText(Ada, Ada, "beside it");

        _ = rig.Receive();
        var heard = await rig.HeardAsync<ChatUpdate.Message>();

        Assert.True(heard.Text == "beside it", what);
        await Soon(rig.Telegram.AcknowledgedAsync(Ct));
    }

    [Theory]
    [InlineData("7")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"update_id":99999999999999999999}""")]
    [InlineData("""{"update_id":"12"}""")]
    [InlineData("""{"message":{}}""")]
    public async Task What_has_no_id_waits_for_what_has_one(string json)
    {
        await using var rig = await StartAsync();
        rig.Telegram.Send(_ => json);
        rig.Telegram.SendText(Ada, Ada, "beside it");

        _ = rig.Receive();

        Assert.Equal("beside it", (await rig.HeardAsync<ChatUpdate.Message>()).Text);
        await Soon(rig.Telegram.AcknowledgedAsync(Ct));
    }

    [Fact]
    public async Task It_may_be_deep()
    {
        await using var rig = await StartAsync();
        rig.Telegram.Send(id => $$"""{"update_id":{{id}},"message":{{Deep}}}""");
        rig.Telegram.SendText(Ada, Ada, "beside it");

        _ = rig.Receive();

        Assert.Equal("beside it", (await rig.HeardAsync<ChatUpdate.Message>()).Text);
    }

    [Fact]
    public async Task What_cannot_be_acknowledged_does_not_make_the_bot_spin()
    {
        await using var rig = await StartAsync();
        rig.Telegram.Send(_ => "7");

        _ = rig.Receive();
        await Soon(rig.Telegram.NextCallAsync("getUpdates", Ct));
        var second = rig.Telegram.NextCallAsync("getUpdates", Ct);
        rig.Telegram.SendText(Ada, Ada, "not yet");
        await rig.Bot.CheckAsync(Ct);
        var atOnce = second.IsCompleted;
        await Clocks.AdvanceUntilAsync(rig.Clock, second);

        Assert.False(atOnce);
    }
}
