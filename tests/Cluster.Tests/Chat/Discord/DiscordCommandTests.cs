using Cluster.Chat;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Tests.Chat.Discord;

/// <summary>Slash commands: how they come into the menu, how they are read, how they are answered.</summary>
public sealed class DiscordCommandTests
{
    private static readonly MenuArgument Session = new("session", "Which one") { Required = true, Completes = true };

    private static readonly IReadOnlyList<MenuCommand> Menu =
    [
        new("status", "What is so"),
        new("tell", "Say something") { Arguments = [Session, new("text", "What") { Required = true }] },
        new("bind", "Bind it") { Arguments = [Session, new("all", "Everything") { Switch = true }] },
    ];

    [Fact]
    public async Task They_are_put_into_the_menu_only_when_they_differ()
    {
        await using var rig = await DiscordRig.StartAsync();

        await rig.Bot.OfferAsync(Menu, default);
        await rig.Bot.OfferAsync(Menu, default);
        await rig.Bot.OfferAsync([.. Menu.Take(2)], default);
        await rig.Bot.OfferAsync([.. Menu.Take(2)], default);

        Assert.True(rig.Discord.Sent.Menus.TryRead(out var first));
        Assert.True(rig.Discord.Sent.Menus.TryRead(out var second));
        Assert.Equal((3, 2), (first.Count, second.Count));
        Assert.False(rig.Discord.Sent.Menus.TryRead(out _));
    }

    [Fact]
    public async Task A_menu_that_discord_does_not_take_is_a_refusal_in_its_words()
    {
        await using var rig = await DiscordRig.StartAsync();

        var outcome = await rig.Bot.OfferAsync([new("With Blanks", "no")], default);

        Assert.Contains("name", Assert.IsType<ChatOutcome.Refused>(outcome).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_is_chosen_tells_who_where_and_with_what()
    {
        await using var rig = await DiscordRig.ConnectedAsync();
        await rig.Bot.OfferAsync(Menu, default);
        var (alice, direct, channel) = (rig.Discord.Person("alice"), rig.Discord.DirectChat(), rig.Discord.GuildChannel());

        var first = rig.Discord.Use(direct, alice, "tell", ("text", " yes <b> "), ("session", "api"));
        rig.Discord.Use(channel, alice, "bind", ("session", "api"), ("all", "true"));
        rig.Discord.Use(channel, alice, "bind", ("session", "api"), ("all", "false"));
        var commands = (await rig.Inbox.NextAsync(3)).Cast<ChatUpdate.Command>().ToList();

        Assert.Equal(($"i{first.Split('/')[0]}", first, "tell"), (commands[0].Key, commands[0].PressId, commands[0].Name));
        Assert.Equal($"discord:{alice.Id}", commands[0].Sender.Identity.Value);
        Assert.Equal((DiscordRig.PlaceOf(direct), DiscordRig.PlaceOf(channel)), (commands[0].Place, commands[1].Place));
        Assert.Equal((" yes <b> ", "api"), (commands[0].Arguments["text"], commands[0].Arguments["session"]));
        Assert.Equal("all", commands[1].Arguments["all"]);
        Assert.False(commands[2].Arguments.ContainsKey("all"));
    }

    [Fact]
    public async Task An_answer_is_for_one_person_once_and_in_three_seconds()
    {
        var clock = new FakeTimeProvider();
        await using var rig = await DiscordRig.ConnectedAsync(clock);
        await rig.Bot.OfferAsync(Menu, default);
        var (alice, channel) = (rig.Discord.Person("alice"), rig.Discord.GuildChannel());
        var (soon, late) = (rig.Discord.Use(channel, alice, "status"), rig.Discord.Use(channel, alice, "status"));

        var first = await rig.Bot.AnswerPressAsync(soon, "All is **well**, @everyone", default);
        var again = await rig.Bot.AnswerPressAsync(soon, "All is well", default);
        clock.Advance(TimeSpan.FromSeconds(3.5));
        var tooLate = await rig.Bot.AnswerPressAsync(late, "All is well", default);

        Assert.IsType<ChatOutcome.Done>(first);
        Assert.Contains("(40060)", Assert.IsType<ChatOutcome.Refused>(again).Reason, StringComparison.Ordinal);
        Assert.Contains("(10062)", Assert.IsType<ChatOutcome.Refused>(tooLate).Reason, StringComparison.Ordinal);
        var answer = await rig.Discord.Sent.Answers.ReadAsync();
        Assert.Equal((soon.Split('/')[0], 64), (answer.Interaction, answer.Flags & 64));
    }

    [Fact]
    public async Task What_is_being_written_can_be_completed()
    {
        await using var rig = await DiscordRig.ConnectedAsync();
        await rig.Bot.OfferAsync(Menu, default);
        var (alice, channel) = (rig.Discord.Person("alice"), rig.Discord.GuildChannel());

        var writing = rig.Discord.Type(channel, alice, "tell", "session", "ap");
        var complete = Assert.IsType<ChatUpdate.Complete>(await rig.Inbox.NextAsync());
        await rig.Bot.SuggestAsync(complete.PressId, [.. Enumerable.Range(0, 40).Select(i => new MenuChoice($"alice/api{i}", $"{i}"))], default);
        var shown = await rig.Discord.Sent.Choices.ReadAsync();

        Assert.Equal((writing, "tell", "ap"), (complete.PressId, complete.CommandName, complete.Typed));
        Assert.Equal((writing.Split('/')[0], 25, ("alice/api0", "0")), (shown.Interaction, shown.Choices.Count, shown.Choices[0]));
    }

    [Theory]
    [InlineData("""{"id":"1","type":2,"token":"t","channel_id":"2","data":{"type":1,"name":"use"}}""")]
    [InlineData("""{"id":"1","type":2,"token":"t","channel_id":"2","data":{"type":3,"name":"use"},"user":{"id":"3"}}""")]
    [InlineData("""{"id":"1","type":2,"token":"","channel_id":"2","data":{"type":1,"name":"use"},"user":{"id":"3"}}""")]
    [InlineData("""{"id":"1/../2","type":2,"token":"t","channel_id":"2","data":{"type":1,"name":"use"},"user":{"id":"3"}}""")]
    [InlineData("""{"id":"1","type":2,"token":"t","channel_id":"x","data":{"type":1,"name":"use"},"user":{"id":"3"}}""")]
    [InlineData("""{"id":"1","type":2,"token":"t","channel_id":"2","data":{"type":1,"name":"use"},"user":{"id":"3","bot":true}}""")]
    [InlineData("""{"id":"1","type":2,"token":"t","channel_id":"2","data":{"type":1,"name":["use"]},"user":{"id":"3"}}""")]
    [InlineData("""{"id":"1","type":2,"token":"t","channel_id":"2","data":{"type":1,"name":"\ud800"},"user":{"id":"3"}}""")]
    [InlineData("""{"id":"1","type":5,"token":"t","channel_id":"2","data":{"type":1,"name":"use"},"user":{"id":"3"}}""")]
    [InlineData("""{"id":"1","type":2,"token":"t","channel_id":"2","user":{"id":"3"}}""")]
    public async Task What_nobody_can_have_chosen_is_dropped(string interaction)
    {
        await using var rig = await DiscordRig.ConnectedAsync();

        rig.Discord.Gateway.TellRaw($$"""{"op":0,"t":"INTERACTION_CREATE","s":SEQ,"d":{{interaction}}}""");
        rig.Discord.Write(rig.Discord.DirectChat(), rig.Discord.Person("alice"), "after it");
        var message = await rig.Inbox.NextMessageAsync();

        Assert.Equal("after it", message.Text);
    }

    [Theory]
    [InlineData("""[{"name":"session","type":3,"value":"\ud800"}]""")]
    [InlineData("""[{"name":"session","type":3,"value":{"a":1}}]""")]
    [InlineData("""[{"name":"session","type":99,"value":"api"}]""")]
    [InlineData("""[null,{"type":3,"value":"api"}]""")]
    public async Task Arguments_that_cannot_be_read_are_as_if_nobody_had_filled_them_in(string options)
    {
        await using var rig = await DiscordRig.ConnectedAsync();

        rig.Discord.Gateway.TellRaw(
            """{"op":0,"t":"INTERACTION_CREATE","s":SEQ,"d":{"id":"1","type":2,"token":"t","channel_id":"2","user":{"id":"3"},"data":{"type":1,"name":"use","options":OPTIONS}}}"""
                .Replace("OPTIONS", options, StringComparison.Ordinal));
        var command = Assert.IsType<ChatUpdate.Command>(await rig.Inbox.NextAsync());

        Assert.Empty(command.Arguments);
    }

    [Fact]
    public async Task A_thread_is_public_and_bears_a_name_that_fits()
    {
        await using var rig = await DiscordRig.ConnectedAsync();
        var (alice, channel) = (rig.Discord.Person("alice"), rig.Discord.GuildChannel());

        var outcome = await rig.Bot.OpenThreadAsync(DiscordRig.PlaceOf(channel), new string('n', 120), default);
        var opened = await rig.Discord.Sent.Threads.ReadAsync();
        rig.Discord.Write(opened.Thread, alice, "in it");
        var message = await rig.Inbox.NextMessageAsync();

        Assert.Equal(opened.Thread.Id, Assert.IsType<ChatOutcome.Done>(outcome).MessageId);
        Assert.Equal((11, 100), (opened.Type, opened.Name.Length));
        Assert.Equal((opened.Thread.Id, false, false), (message.Place.Chat, message.Place.Private, message.ForBot));
    }

    [Fact]
    public async Task A_thread_that_discord_does_not_allow_is_refused_in_its_words()
    {
        await using var rig = await DiscordRig.StartAsync();
        var channel = rig.Discord.GuildChannel();
        rig.Discord.Faults.Refuse(channel.Id, 403, 50013, "Missing Permissions");

        var forbidden = await rig.Bot.OpenThreadAsync(DiscordRig.PlaceOf(channel), "api", default);
        var direct = await rig.Bot.OpenThreadAsync(DiscordRig.PlaceOf(rig.Discord.DirectChat()), "api", default);
        var nowhere = await rig.Bot.OpenThreadAsync(new() { Chat = "../../users", Private = false }, "api", default);

        Assert.Contains("Missing Permissions", Assert.IsType<ChatOutcome.Refused>(forbidden).Reason, StringComparison.Ordinal);
        Assert.Contains("(50024)", Assert.IsType<ChatOutcome.Refused>(direct).Reason, StringComparison.Ordinal);
        Assert.IsType<ChatOutcome.Refused>(nowhere);
    }

    [Fact]
    public async Task What_was_said_in_a_new_thread_while_nobody_listened_is_asked_for()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        var (alice, channel) = (rig.Discord.Person("alice"), rig.Discord.GuildChannel());
        await rig.Bot.OpenThreadAsync(DiscordRig.PlaceOf(channel), "api", default);
        var thread = (await rig.Discord.Sent.Threads.ReadAsync()).Thread;
        await rig.StopReceivingAsync();

        rig.Discord.Gateway.ForgetSessions();
        rig.Discord.Write(thread, alice, "missed");
        rig.Receive();
        await rig.VisitAsync();
        await rig.VisitAsync();
        var told = await rig.Inbox.NextMessageAsync();

        Assert.Equal(("missed", thread.Id), (told.Text, told.Place.Chat));
    }
}
