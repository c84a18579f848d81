using Microsoft.Extensions.Time.Testing;

namespace Cluster.Tests.Chat.Discord;

/// <summary>A connection that ends in every way, and messages that come all the same.</summary>
public sealed class DiscordReceivingTests
{
    [Fact]
    public async Task An_event_counts_only_once_it_is_taken()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        await rig.Inbox.HeardAsync();

        rig.Inbox.Shut();
        rig.Discord.Write(rig.Discord.DirectChat(), rig.Discord.Person("alice"), "hello");
        await rig.Inbox.AskedAsync();
        rig.Discord.Gateway.AskForHeartbeat();
        var before = await rig.InTimeAsync(rig.Discord.Gateway.Heartbeats);
        rig.Inbox.Open();
        await rig.Inbox.NextAsync();
        rig.Discord.Gateway.Drop();
        var visit = await rig.VisitAsync();

        Assert.Equal(1, before);
        Assert.Equal(2, visit.ResumedAfter);
    }

    [Fact]
    public async Task What_the_inbox_could_not_take_climbs_and_is_told_again_to_the_next_receiver()
    {
        await using var rig = await DiscordRig.ConnectedAsync();
        await rig.Inbox.HeardAsync();
        rig.Inbox.Fault = new InvalidDataException("The database is away.");

        rig.Discord.Write(rig.Discord.DirectChat(), rig.Discord.Person("alice"), "hello");
        var climbed = await Assert.ThrowsAsync<InvalidDataException>(() => rig.Receiving.WaitAsync(FakeInbox.Patience));
        rig.Receive();
        var visit = await rig.VisitAsync();
        var message = await rig.Inbox.NextMessageAsync();

        Assert.Equal("The database is away.", climbed.Message);
        Assert.Equal(1, visit.ResumedAfter);
        Assert.Equal("hello", message.Text);
    }

    [Fact]
    public async Task After_drops_nothing_is_lost_and_nothing_comes_twice()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        var (alice, chat) = (rig.Discord.Person("alice"), rig.Discord.DirectChat());
        await rig.Inbox.HeardAsync();

        var written = new List<string>();
        for (var round = 0; round < 8; round++)
        {
            for (var i = 0; i < 25; i++)
            {
                written.Add($"m{rig.Discord.Write(chat, alice, $"{round}.{i}")}");
                if (i == 3 * round)
                {
                    rig.Discord.Gateway.Drop();
                }
            }

            Assert.NotNull((await rig.VisitAsync()).ResumedAfter);
        }

        var taken = await rig.Inbox.NextAsync(written.Count);

        Assert.Equal(written, taken.Select(update => update.Key));
        Assert.True(rig.Inbox.IsEmpty);
    }

    [Theory]
    [InlineData("asked to reconnect")]
    [InlineData("invalid but resumable")]
    [InlineData("closed with 4000")]
    [InlineData("closed with 1001")]
    public async Task A_session_goes_on_after(string end)
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        await rig.Inbox.HeardAsync();

        End(rig, end);
        var visit = await rig.VisitAsync();

        Assert.Equal("session-1", visit.Session);
        Assert.Equal(1, visit.ResumedAfter);
        Assert.True(visit.LetIn);
    }

    [Theory]
    [InlineData("invalid")]
    [InlineData("closed with 4007")]
    [InlineData("closed with 4009")]
    public async Task A_new_session_begins_after(string end)
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        await rig.Inbox.HeardAsync();

        End(rig, end);
        var visit = await rig.VisitAsync();
        rig.Discord.Write(rig.Discord.DirectChat(), rig.Discord.Person("alice"), "hello again");
        var message = await rig.Inbox.NextMessageAsync();

        Assert.Equal("session-2", visit.Session);
        Assert.Null(visit.ResumedAfter);
        Assert.Equal("hello again", message.Text);
    }

    [Fact]
    public async Task The_next_receiver_resumes_where_the_last_one_was()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        var (alice, chat) = (rig.Discord.Person("alice"), rig.Discord.DirectChat());
        rig.Discord.Write(chat, alice, "one");
        await rig.Inbox.NextAsync();

        await rig.StopReceivingAsync();
        rig.Discord.Write(chat, alice, "two");
        rig.Receive();
        var visit = await rig.VisitAsync();
        var message = await rig.Inbox.NextMessageAsync();

        Assert.Equal(2, visit.ResumedAfter);
        Assert.Equal("two", message.Text);
        Assert.DoesNotContain(rig.Discord.Token, rig.Inbox.Where, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("what is this")]
    [InlineData("7 session-9")]
    [InlineData("7 session-9 http://elsewhere.invalid/")]
    [InlineData("-7 session-9 ws://elsewhere.invalid/")]
    public async Task A_place_that_nobody_kept_begins_a_new_session(string where)
    {
        await using var rig = await DiscordRig.StartAsync();
        rig.Inbox.Where = where;

        rig.Receive();
        var visit = await rig.VisitAsync();

        Assert.Null(visit.ResumedAfter);
    }

    [Fact]
    public async Task A_session_that_is_over_at_the_start_is_replaced()
    {
        await using var rig = await DiscordRig.StartAsync(new());
        rig.Inbox.Where = $"7 session-of-yesterday ws://127.0.0.1:{rig.Discord.Url.Port}/gateway/resume";

        rig.Receive();
        var first = await rig.VisitAsync();
        var second = await rig.VisitAsync();

        Assert.Equal(("session-of-yesterday", 7L, false), (first.Session, first.ResumedAfter, first.LetIn));
        Assert.Null(second.ResumedAfter);
        Assert.True(second.LetIn);
    }

    [Fact]
    public async Task A_resume_address_that_nobody_answers_is_given_up_for_the_front_door()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        await rig.Inbox.HeardAsync();
        await rig.StopReceivingAsync();
        rig.Inbox.Where = "1 session-1 ws://127.0.0.1:1/";

        rig.Receive();
        var visit = await rig.VisitAsync();

        Assert.Equal(("session-1", 1L, true), (visit.Session, visit.ResumedAfter, visit.LetIn));
    }

    [Fact]
    public async Task Heartbeats_keep_the_connection_and_their_answers_are_heard()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        await rig.Inbox.HeardAsync();

        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(1, await rig.InTimeAsync(rig.Discord.Gateway.Heartbeats));
            await rig.Inbox.HeardAsync();
        }

        Assert.Equal(0, rig.Discord.Gateway.Visits.Count);
    }

    [Fact]
    public async Task A_gateway_that_answers_no_heartbeats_is_left_and_the_session_resumed()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        await rig.Inbox.HeardAsync();

        rig.Discord.Faults.Deaf = true;
        await rig.InTimeAsync(rig.Discord.Gateway.Heartbeats);
        var visit = await rig.VisitAsync();

        Assert.Equal(("session-1", 1L), (visit.Session, visit.ResumedAfter));
        Assert.Equal(0, rig.Discord.Gateway.Heartbeats.Count);
    }

    [Fact]
    public async Task A_new_session_and_a_new_channel_are_kept_at_once_since_nothing_else_could_ask_for_them_again()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new FakeTimeProvider());
        var (alice, chat) = (rig.Discord.Person("alice"), rig.Discord.DirectChat());

        var session = await rig.Inbox.KeptAsync();
        rig.Discord.Write(chat, alice, "hello");
        var channel = await rig.Inbox.KeptAsync();

        Assert.StartsWith("1 session-1 ws://", session, StringComparison.Ordinal);
        Assert.StartsWith("2 session-1 ws://", channel, StringComparison.Ordinal);
        Assert.Contains(chat.Id, channel, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_it_is_in_a_session_is_kept_every_few_seconds_and_only_when_it_moved()
    {
        var clock = new FakeTimeProvider();
        await using var rig = await DiscordRig.ConnectedAsync(clock);
        var (alice, chat) = (rig.Discord.Person("alice"), rig.Discord.DirectChat());
        await rig.Inbox.KeptAsync(); // the session
        rig.Discord.Write(chat, alice, "first");
        await rig.Inbox.NextAsync();
        await rig.Inbox.KeptAsync(); // the channel

        for (var i = 0; i < 10; i++)
        {
            rig.Discord.Write(chat, alice, $"{i}");
            await rig.Inbox.NextAsync();
        }

        var kept = rig.Inbox.KeptAsync();
        Assert.False(kept.IsCompleted);
        await rig.AdvanceUntilAsync(kept, TimeSpan.FromSeconds(1));

        Assert.StartsWith("12 session-1 ws://", await kept, StringComparison.Ordinal);
    }

    private static void End(DiscordRig rig, string end)
    {
        switch (end)
        {
            case "asked to reconnect":
                rig.Discord.Gateway.AskToReconnect();
                break;
            case "invalid but resumable":
                rig.Discord.Gateway.Invalidate(resumable: true);
                break;
            case "invalid":
                rig.Discord.Gateway.Invalidate(resumable: false);
                break;
            default:
                rig.Discord.Gateway.Close(int.Parse(end[^4..]));
                break;
        }
    }
}
