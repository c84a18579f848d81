using Cluster.Chat;
using Cluster.Simulator.Discord;

namespace Cluster.Tests.Chat.Discord;

/// <summary>What the bot says and does at Discord.</summary>
public sealed class DiscordPostingTests
{
    private const int NoPreview = 4;
    private const int NoSound = 4096;
    private const int OnlyForOne = 64;

    [Fact]
    public async Task A_message_shows_no_preview_and_makes_a_sound_unless_it_is_silent()
    {
        await using var rig = await DiscordRig.StartAsync();
        var chat = rig.Discord.DirectChat();

        var loud = await rig.Bot.PostAsync(DiscordRig.Post(chat, "see https://example.com @everyone"), default);
        var silent = await rig.Bot.PostAsync(DiscordRig.Post(chat, "psst") with { Silent = true }, default);
        var sent = new[] { await NextAsync(rig.Discord.Sent.Messages), await NextAsync(rig.Discord.Sent.Messages) };

        Assert.Equal([loud, silent], sent.Select(message => (ChatOutcome)new ChatOutcome.Done(message.Id)));
        Assert.Equal([NoPreview, NoPreview | NoSound], sent.Select(message => message.Flags));
        Assert.Equal(["see https://example.com @everyone", "psst"], sent.Select(message => message.Content));
    }

    [Fact]
    public async Task An_answer_is_sent_also_when_what_it_answers_is_gone()
    {
        await using var rig = await DiscordRig.StartAsync();
        var chat = rig.Discord.DirectChat();
        var question = rig.Discord.Write(chat, rig.Discord.Person("alice"), "?");

        foreach (var replyTo in new[] { question, "12345", "no id" })
        {
            Assert.IsType<ChatOutcome.Done>(await rig.Bot.PostAsync(DiscordRig.Post(chat, "!") with { ReplyTo = replyTo }, default));
        }

        Assert.Equal(question, (await NextAsync(rig.Discord.Sent.Messages)).ReplyTo);
    }

    [Fact]
    public async Task Buttons_carry_their_data_and_labels_that_fit()
    {
        await using var rig = await DiscordRig.StartAsync();
        var buttons = Enumerable.Range(0, 6).Select(i => new ChatButton($"{i} " + new string('x', 90), $"data:{i}")).ToList();

        await rig.Bot.PostAsync(DiscordRig.Post(rig.Discord.GuildChannel(), "Which?") with { Buttons = buttons }, default);
        var sent = await NextAsync(rig.Discord.Sent.Messages);

        Assert.Equal(buttons.Select(button => new SentButton(button.Label[..80], button.Data)), sent.Buttons);
    }

    [Fact]
    public async Task A_message_that_is_tried_again_is_sent_once()
    {
        await using var rig = await DiscordRig.StartAsync();
        var post = DiscordRig.Post(rig.Discord.GuildChannel(), "once") with { Once = new string('k', 300) };

        var first = await rig.Bot.PostAsync(post, default);
        var second = await rig.Bot.PostAsync(post, default);
        var other = await rig.Bot.PostAsync(post with { Once = new string('k', 301) }, default);

        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
        Assert.Equal(2, rig.Discord.Sent.Messages.Count);
    }

    [Theory]
    [InlineData(403, 50007, "Cannot send messages to this user")]
    [InlineData(403, 50001, "Missing Access")]
    [InlineData(404, 10003, "Unknown Channel")]
    [InlineData(404, 10008, "Unknown Message")]
    [InlineData(400, 50035, "Invalid Form Body")]
    public async Task A_refusal_is_told_in_the_words_of_discord(int status, int code, string words)
    {
        await using var rig = await DiscordRig.StartAsync();
        var chat = rig.Discord.DirectChat();
        rig.Discord.Faults.Refuse(chat.Id, status, code, words);

        var posted = await rig.Bot.PostAsync(DiscordRig.Post(chat, "hello"), default);
        var edited = await rig.Bot.EditAsync(DiscordRig.PlaceOf(chat), "1", new("x", "x"), [], default);

        Assert.Equal(new ChatOutcome.Refused($"{words} ({code})"), posted);
        Assert.Equal(posted, edited);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(403)]
    [InlineData(0)]
    public async Task A_failure_is_an_exception_and_the_next_try_may_do(int status)
    {
        await using var rig = await DiscordRig.StartAsync();
        var chat = rig.Discord.DirectChat();
        rig.Discord.Faults.FailNext(1, status);

        await Assert.ThrowsAsync<HttpRequestException>(() => rig.Bot.PostAsync(DiscordRig.Post(chat, "hello"), default));
        var second = await rig.Bot.PostAsync(DiscordRig.Post(chat, "hello"), default);

        Assert.IsType<ChatOutcome.Done>(second);
    }

    [Fact]
    public async Task Long_text_comes_in_parts_that_discord_takes()
    {
        await using var rig = await DiscordRig.StartAsync();
        var chat = rig.Discord.DirectChat();

        var parts = rig.Bot.Split(new string('a', 1999) + "😀" + new string('b', 3000));
        var outcomes = new List<ChatOutcome>();
        foreach (var part in parts)
        {
            outcomes.Add(await rig.Bot.PostAsync(DiscordRig.Post(chat, part.Formatted), default));
        }

        Assert.All(outcomes, outcome => Assert.IsType<ChatOutcome.Done>(outcome));
        Assert.Single(rig.Bot.Split(""));
    }

    [Fact]
    public async Task An_edit_gives_another_text_and_takes_buttons_away()
    {
        await using var rig = await DiscordRig.StartAsync();
        var channel = rig.Discord.GuildChannel();
        var post = DiscordRig.Post(channel, "Sure?") with { Buttons = [new("Yes", "y")] };
        var id = Assert.IsType<ChatOutcome.Done>(await rig.Bot.PostAsync(post, default)).MessageId;

        var outcome = await rig.Bot.EditAsync(post.Place, id, new("Done.", "Done."), [], default);
        var edit = await NextAsync(rig.Discord.Sent.Edits);

        Assert.Equal(new ChatOutcome.Done(id), outcome);
        Assert.Equal((id, "Done.", NoPreview), (edit.Id, edit.Content, edit.Flags));
        Assert.Empty(edit.Buttons);
    }

    [Fact]
    public async Task A_press_is_answered_to_one_person_and_once()
    {
        await using var rig = await DiscordRig.StartAsync();
        var channel = rig.Discord.GuildChannel();
        var id = rig.Discord.Write(channel, rig.Discord.Bot, "Sure?");
        var press = rig.Discord.Press(channel, rig.Discord.Person("alice"), id, "y");

        var first = await rig.Bot.AnswerPressAsync(press, "Allowed.", default);
        var second = await rig.Bot.AnswerPressAsync(press, "Allowed.", default);
        var strange = await rig.Bot.AnswerPressAsync("no press", "Allowed.", default);
        var answer = await NextAsync(rig.Discord.Sent.Answers);

        Assert.IsType<ChatOutcome.Done>(first);
        Assert.IsType<ChatOutcome.Refused>(second);
        Assert.IsType<ChatOutcome.Refused>(strange);
        Assert.Equal(new SentAnswer(press.Split('/')[0], "Allowed.", OnlyForOne | NoPreview), answer);
    }

    [Fact]
    public async Task A_reaction_replaces_the_one_before_and_can_be_taken_away()
    {
        await using var rig = await DiscordRig.StartAsync();
        var channel = rig.Discord.GuildChannel();
        var place = DiscordRig.PlaceOf(channel);
        var id = rig.Discord.Write(channel, rig.Discord.Person("alice"), "do it");

        foreach (var emoji in new[] { "👀", "👀", "✅", null })
        {
            Assert.Equal(new ChatOutcome.Done(id), await rig.Bot.ReactAsync(place, id, emoji, default));
        }

        var reactions = new List<SentReaction>();
        while (rig.Discord.Sent.Reactions.TryRead(out var reaction))
        {
            reactions.Add(reaction);
        }

        Assert.Equal([new(id, "👀", true), new(id, "✅", true), new(id, "👀", false), new(id, "✅", false)], reactions);
        Assert.Equal(
            new ChatOutcome.Refused("Unknown Message (10008)"), await rig.Bot.ReactAsync(place, "12345", "👀", default));
    }

    [Fact]
    public async Task Typing_is_shown_in_the_channel()
    {
        await using var rig = await DiscordRig.StartAsync();
        var channel = rig.Discord.GuildChannel();

        await rig.Bot.ShowTypingAsync(DiscordRig.PlaceOf(channel), default);

        Assert.Equal(channel.Id, await NextAsync(rig.Discord.Sent.Typing));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../users/@me")]
    [InlineData("1/messages")]
    public async Task What_is_no_id_never_becomes_a_part_of_an_address(string id)
    {
        await using var rig = await DiscordRig.StartAsync();
        var place = new ChatPlace { Chat = id, Private = false };
        var known = new ChatPlace { Chat = "1", Private = false };

        ChatOutcome[] outcomes =
        [
            await rig.Bot.PostAsync(new() { Place = place, Part = new("x", "x"), Once = "1" }, default),
            await rig.Bot.EditAsync(known, id, new("x", "x"), [], default),
            await rig.Bot.ReactAsync(known, id, "👀", default),
            await rig.Bot.ShowTypingAsync(place, default),
            await rig.Bot.AnswerPressAsync($"{id}/token", "x", default),
        ];

        Assert.All(outcomes, outcome => Assert.IsType<ChatOutcome.Refused>(outcome));
    }

    private static async Task<T> NextAsync<T>(System.Threading.Channels.ChannelReader<T> reader) =>
        await reader.ReadAsync().AsTask().WaitAsync(FakeInbox.Patience);
}
