using Cluster.Chat;
using Cluster.Simulator.Telegram;
using static Cluster.Tests.Chat.Telegram.TelegramRig;

namespace Cluster.Tests.Chat.Telegram;

/// <summary>What goes out as it should.</summary>
public sealed class TelegramBotTests
{
    [Fact]
    public async Task The_bot_knows_its_name_and_its_pairing_link()
    {
        await using var rig = await StartAsync();

        var account = await rig.Bot.CheckAsync(Ct);

        Assert.Equal(new ChatAccount("7000", "Cluster_Bot", "https://t.me/Cluster_Bot?start="), account);
    }

    [Fact]
    public async Task A_message_is_sent_in_form_and_place()
    {
        await using var rig = await StartAsync();
        var question = rig.Telegram.SendText(Ada, Group, "how?", threadId: 77);

        var outcome = await rig.Bot.PostAsync(
            new()
            {
                Place = InGroup with { Thread = "77" },
                Part = new("<b>so</b> &amp; so", "so & so"),
                ReplyTo = $"{question}",
                Buttons = [new("Allow", "p:1:y"), new("Deny", "p:1:n")],
                Silent = true,
                Once = "1",
            },
            Ct);
        var seen = await Soon(rig.Telegram.NextMessageAsync(Group, Ct));
        var call = await Soon(rig.Telegram.NextCallAsync("sendMessage", Ct));

        Assert.Equal(new ChatOutcome.Done($"{seen.Id}"), outcome);
        Assert.Equal(("so & so", "HTML", 77, question, true), (seen.Text, seen.ParseMode, seen.ThreadId, seen.ReplyTo, seen.Silent));
        Assert.Equal([new("Allow", "p:1:y"), new("Deny", "p:1:n")], seen.Buttons);
        Assert.Contains("""link_preview_options":{"is_disabled":true}""", call);
    }

    [Fact]
    public async Task An_answer_to_a_message_that_is_gone_is_sent_all_the_same()
    {
        await using var rig = await StartAsync();
        var question = rig.Telegram.SendText(Ada, Ada, "how?");
        rig.Telegram.Delete(Ada, question);

        var outcome = await rig.Bot.PostAsync(Post(WithAda, "so") with { ReplyTo = $"{question}" }, Ct);

        Assert.IsType<ChatOutcome.Done>(outcome);
        Assert.Null(Assert.Single(rig.Telegram.Messages(Ada)).ReplyTo);
    }

    [Fact]
    public async Task What_Telegram_cannot_parse_goes_out_plain()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");

        var sent = await rig.Bot.PostAsync(Post(WithAda, "") with { Part = new("<b>a <div>", "a <div>") }, Ct);
        var id = Assert.IsType<ChatOutcome.Done>(sent).MessageId;
        rig.Clock.Advance(TimeSpan.FromSeconds(1));
        var edited = await rig.Bot.EditAsync(WithAda, id, new("<i>b", "b"), [], Ct);

        Assert.Equal(sent, edited);
        Assert.Equal(("a <div>", null), await SeenAsync(rig.Telegram.NextMessageAsync(Ada, Ct)));
        Assert.Equal(("b", null), await SeenAsync(rig.Telegram.NextEditAsync(Ada, Ct)));

        static async Task<(string, string?)> SeenAsync(Task<SimulatedMessage> next)
        {
            var seen = await Soon(next);
            return (seen.Text, seen.ParseMode);
        }
    }

    [Fact]
    public async Task An_edit_changes_text_and_buttons_and_one_that_changes_nothing_is_done()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");
        var sent = await rig.Bot.PostAsync(Post(WithAda, "ask") with { Buttons = [new("Yes", "y")] }, Ct);
        var id = Assert.IsType<ChatOutcome.Done>(sent).MessageId;

        rig.Clock.Advance(TimeSpan.FromSeconds(1));
        var first = await rig.Bot.EditAsync(WithAda, id, new("done", "done"), [], Ct);
        rig.Clock.Advance(TimeSpan.FromSeconds(1));
        var second = await rig.Bot.EditAsync(WithAda, id, new("done", "done"), [], Ct);
        rig.Clock.Advance(TimeSpan.FromSeconds(1));
        var unknown = await rig.Bot.EditAsync(WithAda, "999", new("done", "done"), [], Ct);

        var seen = Assert.Single(rig.Telegram.Messages(Ada));
        Assert.Equal((sent, sent), (first, second));
        Assert.Equal(("done", 0, true), (seen.Text, seen.Buttons.Count, seen.Edited));
        Assert.Equal(new ChatOutcome.Refused("Bad Request: message to edit not found"), unknown);
    }

    [Fact]
    public async Task A_press_comes_in_and_its_answer_shows_to_whoever_pressed()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");
        _ = rig.Receive();
        await rig.HeardAsync<ChatUpdate.Message>();
        await rig.Bot.PostAsync(Post(WithAda, "may it?") with { Buttons = [new("Allow", new string('x', 64))] }, Ct);
        var asked = await Soon(rig.Telegram.NextMessageAsync(Ada, Ct));

        rig.Telegram.Press(Ada, Ada, asked.Id, "Allow");
        var press = await rig.HeardAsync<ChatUpdate.Press>();
        var outcome = await rig.Bot.AnswerPressAsync(press.PressId, new string('a', 199) + "😀", Ct);
        var told = await Soon(rig.Telegram.NextPressAnswerAsync(press.PressId, Ct));

        Assert.Equal((new string('x', 64), $"{asked.Id}"), (press.Data, press.MessageId));
        Assert.Equal(new ChatOutcome.Done(press.PressId), outcome);
        Assert.Equal(new SimulatedPressAnswer(new string('a', 199), Alert: true), told);
    }

    [Fact]
    public async Task A_press_of_long_ago_can_no_longer_be_answered()
    {
        await using var rig = await StartAsync();

        var outcome = await rig.Bot.AnswerPressAsync("long-ago", "x", Ct);

        Assert.Contains("query is too old", Assert.IsType<ChatOutcome.Refused>(outcome).Reason);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public async Task A_button_holds_64_bytes(int bytes, bool sent)
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");

        var outcome = await rig.Bot.PostAsync(Post(WithAda, "x") with { Buttons = [new("A", "ä" + new string('x', bytes - 2))] }, Ct);

        Assert.Equal(sent, outcome is ChatOutcome.Done);
        Assert.True(sent || outcome == new ChatOutcome.Refused("Bad Request: BUTTON_DATA_INVALID"));
    }

    [Fact]
    public async Task A_reaction_is_set_and_taken_away()
    {
        await using var rig = await StartAsync();
        var id = rig.Telegram.SendText(Ada, Ada, "hi");

        var set = await rig.Bot.ReactAsync(WithAda, $"{id}", "❤️", Ct);
        var taken = await rig.Bot.ReactAsync(WithAda, $"{id}", null, Ct);
        var wrong = await rig.Bot.ReactAsync(WithAda, $"{id}", "🧱", Ct);

        Assert.Equal((new ChatOutcome.Done($"{id}"), set), (set, taken));
        Assert.Equal(new SimulatedReaction(id, "❤"), await Soon(rig.Telegram.NextReactionAsync(Ada, Ct)));
        Assert.Equal(new SimulatedReaction(id, null), await Soon(rig.Telegram.NextReactionAsync(Ada, Ct)));
        Assert.Equal(new ChatOutcome.Refused("Bad Request: REACTION_INVALID"), wrong);
    }

    [Fact]
    public async Task Typing_shows_in_the_topic()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Group, "hi", threadId: 77);

        await rig.Bot.ShowTypingAsync(InGroup with { Thread = "77" }, Ct);

        Assert.Equal(77, await Soon(rig.Telegram.NextTypingAsync(Group, Ct)));
    }

    [Fact]
    public async Task Half_a_character_does_not_keep_a_message_from_going_out()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");

        var outcome = await rig.Bot.PostAsync(Post(WithAda, "a\ud800b"), Ct);

        Assert.IsType<ChatOutcome.Done>(outcome);
        Assert.Equal("a\ufffdb", Assert.Single(rig.Telegram.Messages(Ada)).Text);
    }

    [Fact]
    public async Task A_long_text_goes_out_in_parts()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");

        foreach (var part in rig.Bot.Split(string.Concat(Enumerable.Repeat("a < b & c 😀 ", 700))))
        {
            Assert.IsType<ChatOutcome.Done>(await rig.Bot.PostAsync(Post(WithAda, "") with { Part = part }, Ct));
            rig.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.True(rig.Telegram.Messages(Ada).Count > 1);
    }
}
