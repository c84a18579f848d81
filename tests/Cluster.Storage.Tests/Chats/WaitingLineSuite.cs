using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Storage.Chats;
using Cluster.Storage.Leases;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Chats;

public sealed class SqliteWaitingLineTests() : WaitingLineSuite(new SqliteDatabase());

public sealed class PostgresWaitingLineTests() : WaitingLineSuite(new PostgresDatabase());

/// <summary>What people are told of messages that wait for a session that does not run.</summary>
public abstract class WaitingLineSuite(TestDatabase database) : ChatSuite(database)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task One_silent_line_under_the_first_message_follows_what_waits_to_its_end()
    {
        var lease = await MeetAsync();
        await AcceptAsync("ahead of it");
        await HearAsync("one", "51");

        var early = await LinesAsync(lease);
        Clock.Advance(Patience);
        var line = Assert.Single(await LinesAsync(lease));
        var second = await HearAsync("two", "52");
        var more = Assert.Single(await LinesAsync(lease));
        await Mailboxes.CancelAsync(Api, second, Phone, Ct);
        var cancelled = Assert.Single(await LinesAsync(lease));
        var client = await ConnectAsync();
        var meanwhile = await LinesAsync(lease);
        await DeliverAsync(client);
        var over = Assert.Single(await LinesAsync(lease));
        await HearAsync("three", "53");

        Assert.Empty(early);
        Assert.Equal((OutboxKind.Notice, "51", true), (line.Kind, line.Target, line.Silent));
        Assert.Equal("`alice/api` is not running. Your message waits, as number 2 in its queue; answer that message with /cancel to take it back.", line.Body);
        Assert.Equal((OutboxKind.Edit, $"{900 + line.Id}"), (more.Kind, more.Target));
        Assert.Contains("2 of your messages wait, from number 2 in its queue on", more.Body);
        Assert.Contains("Your message waits, as number 2", cancelled.Body);
        Assert.EndsWith("One was taken back.", cancelled.Body);
        Assert.Empty(meanwhile);
        Assert.Equal("`alice/api` is running again and has your message. One was taken back.", over.Body);
        Assert.Empty(await LinesAsync(lease));
        Assert.Equal(0, await CountAsync("waiting_line"));
    }

    [Fact]
    public async Task Nothing_is_said_of_a_session_that_is_back_at_once()
    {
        var lease = await MeetAsync();
        await HearAsync("one", "51");
        await LinesAsync(lease);

        var client = await ConnectAsync();
        Clock.Advance(Patience);
        var late = await LinesAsync(lease);
        await DeliverAsync(client);

        Assert.Empty(late);
        Assert.Empty(await LinesAsync(lease));
        Assert.Equal(0, await CountAsync("waiting_line"));
    }

    [Fact]
    public async Task What_comes_before_the_line_is_sent_stands_in_it()
    {
        var lease = await MeetAsync();
        await HearAsync("one", "51");
        await LinesAsync(lease);
        await HearAsync("two", "52");
        await LinesAsync(lease);

        Clock.Advance(Patience);

        Assert.Contains("2 of your messages wait", Assert.Single(await LinesAsync(lease)).Body);
    }

    [Fact]
    public async Task Who_may_not_talk_any_more_hears_nothing_new_of_it()
    {
        var lease = await MeetAsync(asBob: true);
        await HearAsync("one", "51");
        Clock.Advance(Patience);
        await LinesAsync(lease);
        Clock.Advance(Patience);
        var line = Assert.Single(await LinesAsync(lease));
        await HearAsync("two", "52");
        await Access.RevokeAsync(Api, Phone, Role.None, Alice, Ct);

        Assert.NotNull(line.Target);
        Assert.Empty(await LinesAsync(lease));
    }

    [Fact]
    public async Task A_line_that_its_platform_refused_is_not_tried_again_until_the_session_has_run()
    {
        var lease = await MeetAsync();
        await HearAsync("one", "51");
        await LinesAsync(lease);
        Clock.Advance(Patience);
        Assert.Single(await LinesAsync(lease, new SendResult.Refused("bot was blocked by the user")));

        await HearAsync("two", "52");
        await LinesAsync(lease);
        Clock.Advance(Patience);
        var again = await LinesAsync(lease);
        await DeliverAsync(await ConnectAsync());
        await LinesAsync(lease);

        Assert.Empty(again);
        Assert.Equal(0, await CountAsync("waiting_line"));
    }

    [Fact]
    public async Task A_line_that_an_older_node_sent_ends_when_the_session_has_run()
    {
        var lease = await MeetAsync();
        await HearAsync("one", "51");
        await LinesAsync(lease);
        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync("UPDATE outbox SET state = 'sent' WHERE lane = 3"), Ct);

        await DeliverAsync(await ConnectAsync());
        await LinesAsync(lease);

        Assert.Equal(0, await CountAsync("waiting_line"));
    }

    [Fact]
    public async Task The_places_of_ones_own_messages_are_counted_among_all_that_waits()
    {
        await MeetAsync();
        await AcceptAsync("bob's");
        await HearAsync("one", "51");
        await AcceptAsync("bob's");
        await HearAsync("two", "52");

        Assert.Equal([2, 4], await Chats.PlacesAsync(Api, Phone, 10, Ct));
        Assert.Equal([1, 3], await Chats.PlacesAsync(Api, Bob, 10, Ct));
        Assert.Equal([2], await Chats.PlacesAsync(Api, Phone, 1, Ct));
    }

    // One look, and what it puts out.
    private async Task<List<OutboxItem>> LinesAsync(Lease lease, SendResult? result = null)
    {
        await Shown.ShowAsync(lease, "team", null, Ct);
        return await SendAsync(lease, Lanes.Lines, result);
    }
}
