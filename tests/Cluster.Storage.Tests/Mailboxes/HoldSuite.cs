using Cluster.Core.Events;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Mailboxes;

public sealed class SqliteHoldTests() : HoldSuite(new SqliteDatabase());

public sealed class PostgresHoldTests() : HoldSuite(new PostgresDatabase());

public abstract class HoldSuite(TestDatabase database) : HeldStoreSuite(database)
{
    protected override MailboxLimits Limits => new() { Waiting = 8 };

    [Fact]
    public async Task Events_of_one_fold_are_one_message_once_none_has_come_for_a_while()
    {
        var client = await ConnectAsync();
        var first = await AcceptAsync(Folded("one"));
        Clock.Advance(TimeSpan.FromSeconds(20));
        var second = await AcceptAsync(Folded("two"));
        Clock.Advance(TimeSpan.FromSeconds(29));
        await LetGoAsync();
        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));

        Clock.Advance(TimeSpan.FromSeconds(1));
        await LetGoAsync();
        var batch = await ReadyAsync(client);
        await ConfirmAsync(client, batch.Id);

        var told = Assert.Single(batch.Deliveries);
        Assert.Equal((Ci, Ci.Value, EventKind.Webhook, Trust.System), (told.Sender, told.ChatId, told.Kind, told.Trust));
        Assert.Equal([first, second], Ids(told));
        Assert.Equal(($"folded(into {told.EventId})", $"folded(into {told.EventId})"), (await StateAsync(first), await StateAsync(second)));
        var life = (await Lives.FindAsync(first, Alice, Ct))!;
        Assert.Equal([$"folded into {told.EventId}"], life.History.Select(note => note.Note));
        Assert.Equal([$"made of 2 events, {first} to {second}"], (await Lives.FindAsync(told.EventId, Alice, Ct))!.History.Select(note => note.Note));
        Assert.Equal("one", (await Conversations.FindAsync(Api, told.EventId, Ct))!.Info.Route);
    }

    [Fact]
    public async Task A_fold_into_which_more_and_more_comes_is_closed_in_the_end()
    {
        var client = await ConnectAsync();
        var ids = new List<long>();
        for (var i = 0; i < 6; i++)
        {
            ids.Add(await AcceptAsync(Folded($"{i}", atMost: 100)));
            Clock.Advance(TimeSpan.FromSeconds(20));
            await LetGoAsync();
        }

        var told = Assert.Single((await ReadyAsync(client)).Deliveries);

        Assert.Equal(ids[..5], Ids(told));
        Assert.Equal("held", await StateAsync(ids[5]));
    }

    [Fact]
    public async Task One_event_alone_is_told_as_it_is_and_others_folds_do_not_matter()
    {
        var client = await ConnectAsync();
        var alone = await AcceptAsync(Folded("alone", stranger: true));
        var other = await AcceptAsync(Folded("other", fold: "another"));
        var at = await AcceptAsync(Webhook("at once"));
        Clock.Advance(TimeSpan.FromSeconds(30));

        await LetGoAsync();
        var batch = await ReadyAsync(client);

        Assert.Equal([alone, other, at], Ids(batch));
        Assert.Equal(Trust.Stranger, batch.Deliveries[0].Trust);
        Assert.Contains("\"name\":\"alone\"", batch.Deliveries[0].Body);
    }

    [Fact]
    public async Task Nodes_that_look_at_the_same_time_make_one_message()
    {
        var ids = new List<long>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add(await AcceptAsync(Folded($"{i}")));
        }

        Clock.Advance(TimeSpan.FromSeconds(30));
        var before = await CountAsync("event");

        var done = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Holds.LetGoAsync(Api, Ct)));

        Assert.Single(done, one => one);
        Assert.Equal(before + 1, await CountAsync("event"));
        Assert.Equal(ids, Ids(Assert.Single((await ReadyAsync(await ConnectAsync())).Deliveries)));
    }

    [Fact]
    public async Task What_a_node_that_died_kept_back_is_let_go_by_another()
    {
        var id = await AcceptAsync(Folded("one"));
        Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal([Api], await Holds.DueAsync(Ct));

        await ReopenAsync();

        Assert.Equal([Api], await Holds.DueAsync(Ct));
        await LetGoAsync();
        Assert.Equal("queued", await StateAsync(id));
        Assert.Empty(await Holds.DueAsync(Ct));
    }

    [Fact]
    public async Task A_message_that_nobody_has_seen_is_told_with_what_comes_later_and_one_on_its_way_is_not()
    {
        var first = await FoldAsync("one", "two");
        var second = await FoldAsync("three");
        Assert.Equal($"folded(into {second.Message})", await StateAsync(first.Message));
        Assert.Equal($"folded(into {second.Message})", await StateAsync(first.Members[0]));
        var client = await ConnectAsync();
        var told = Assert.Single((await ReadyAsync(client)).Deliveries);
        Assert.Equal([.. first.Members, .. second.Members], Ids(told));

        var third = await FoldAsync("four", "five");

        Assert.Equal("sent", await StateAsync(told.EventId));
        Assert.Equal($"folded(into {told.EventId})", await StateAsync(first.Members[0]));
        Assert.Equal("queued", await StateAsync(third.Message));
    }

    [Fact]
    public async Task A_single_event_that_nobody_has_seen_is_told_with_what_comes_later()
    {
        var alone = await AcceptAsync(Folded("alone"));
        Clock.Advance(TimeSpan.FromSeconds(30));
        await LetGoAsync();
        Assert.Equal("queued", await StateAsync(alone));

        var later = await FoldAsync("later");

        Assert.Equal([alone, .. later.Members], Ids(Assert.Single((await ReadyAsync(await ConnectAsync())).Deliveries)));
    }

    [Fact]
    public async Task What_is_kept_back_counts_for_the_mailboxs_limit()
    {
        for (var i = 0; i < 8; i++)
        {
            await AcceptAsync(Folded($"{i}"));
        }

        Assert.IsType<AppendOutcome.MailboxFull>(await AppendAsync(await CurrentAsync(Folded("more"))));
        Assert.IsType<AppendOutcome.MailboxFull>(await AppendAsync(await MessageAsync()));
        Assert.Equal(8, (await Sessions.FindAsync(Api, Alice, Ct))!.Waiting);
        Clock.Advance(TimeSpan.FromMinutes(1));
        await LetGoAsync();
        Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(await MessageAsync()));
    }

    [Fact]
    public async Task A_repeat_of_what_is_kept_back_is_a_duplicate()
    {
        var first = await AcceptAsync(Folded("one") with { DedupeKeys = ["key"] });

        var again = await AppendAsync(await CurrentAsync(Folded("one") with { DedupeKeys = ["key"] }));

        Assert.Equal(first, Assert.IsType<AppendOutcome.Duplicate>(again).EventId);
    }

    [Fact]
    public async Task Quiet_hours_end_by_themselves()
    {
        var client = await ConnectAsync();
        var until = Clock.GetUtcNow().AddHours(8);
        var id = await AcceptAsync(Webhook("quiet") with { Hold = new Hold { Until = until, Limit = until } });
        Clock.Advance(TimeSpan.FromHours(7.9));
        await LetGoAsync();
        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));
        Assert.Equal(until, (await Lives.FindAsync(id, Alice, Ct))!.Deliveries[0].HeldUntil);

        Clock.Advance(TimeSpan.FromHours(0.1));
        await LetGoAsync();

        Assert.Equal([id], Ids(await ReadyAsync(client)));
        Assert.Equal(["let go"], (await Lives.FindAsync(id, Alice, Ct))!.History.Select(note => note.Note));
    }

    [Fact]
    public async Task What_has_waited_too_long_when_it_is_let_go_has_expired()
    {
        var until = Clock.GetUtcNow().AddHours(2);
        var alone = await AcceptAsync(Webhook("alone") with { Hold = new Hold { Until = until, Limit = until }, KeepWaiting = TimeSpan.FromHours(1) });
        var folded = await AcceptAsync(Folded("folded") with { KeepWaiting = TimeSpan.FromSeconds(10) });
        var kept = await AcceptAsync(Folded("kept"));
        Clock.Advance(TimeSpan.FromHours(2));

        await LetGoAsync();

        Assert.Equal(("expired", "expired", "queued"), (await StateAsync(alone), await StateAsync(folded), await StateAsync(kept)));
    }

    [Fact]
    public async Task What_waits_for_a_while_only_expires_and_says_so()
    {
        var id = await AcceptAsync(Webhook("one") with { KeepWaiting = TimeSpan.FromHours(4) });
        Clock.Advance(TimeSpan.FromHours(3.9));
        await Engine.TurnAsync(MailboxStore.SweepAsync, Ct);
        Assert.Equal("queued", await StateAsync(id));

        Clock.Advance(TimeSpan.FromHours(0.1));
        await Engine.TurnAsync(MailboxStore.SweepAsync, Ct);

        Assert.Equal("expired", await StateAsync(id));
        Assert.Equal(["expired: no client took it in time"], (await Lives.FindAsync(id, Alice, Ct))!.History.Select(note => note.Note));
    }

    [Fact]
    public async Task Nothing_of_a_source_that_is_gone_is_let_go()
    {
        var client = await ConnectAsync();
        var until = Clock.GetUtcNow().AddSeconds(30);
        long[] ids =
        [
            await AcceptAsync(Folded("one")), await AcceptAsync(Folded("two")), await AcceptAsync(Webhook("quiet") with { Hold = new Hold { Until = until, Limit = until } }),
            await AcceptAsync(Webhook("red") with { Subject = "s" }),
        ];
        var green = await AcceptAsync(Well("s"));

        Assert.True(await Sources.RemoveAsync("ci", AliceCalls, Ct));
        Clock.Advance(TimeSpan.FromMinutes(1));
        await LetGoAsync();

        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));
        foreach (var id in ids.Append(green))
        {
            Assert.Equal("dead(revoked)", await StateAsync(id));
        }
    }

    [Fact]
    public async Task What_is_kept_back_can_be_cancelled_and_a_verdict_cannot()
    {
        var (first, second) = (await AcceptAsync(Folded("one")), await AcceptAsync(Folded("two")));

        Assert.False(await Mailboxes.CancelAsync(Api, first, Bob, Ct));
        Assert.True(await Mailboxes.CancelAsync(Api, first, Alice, Ct));
        Clock.Advance(TimeSpan.FromMinutes(1));
        await LetGoAsync();

        Assert.Equal(("dead(cancelled)", "queued"), (await StateAsync(first), await StateAsync(second)));
        Assert.False(await Mailboxes.CancelAsync(Api, first, Alice, Ct));
    }

    [Fact]
    public async Task What_is_urgent_goes_first_in_the_order_in_which_it_came_and_can_be_cancelled_and_brought_back()
    {
        var replays = new ReplayStore(Engine, Limits);
        var plain = await AcceptAsync(Webhook("plain"));
        var bobs = await AcceptAsync("hello");
        var one = await AcceptAsync(Webhook("one") with { Urgent = true });
        var two = await AcceptAsync(Webhook("two") with { Urgent = true });
        var three = await AcceptAsync(Webhook("three") with { Urgent = true, KeepWaiting = TimeSpan.FromMinutes(1) });

        Assert.True(await Mailboxes.CancelAsync(Api, two, Alice, Ct));
        Assert.Equal([4], await new Storage.Chats.ChatStore(Engine).PlacesAsync(Api, Bob, 5, Ct));
        Clock.Advance(TimeSpan.FromMinutes(1));
        var batch = await ReadyAsync(await ConnectAsync());
        var redriven = (await replays.RedriveAsync(Api, "expired", DateTimeOffset.UnixEpoch, go: true, AliceCalls, Ct))!;

        Assert.Equal([one, plain, bobs], Ids(batch));
        Assert.Equal("expired", await StateAsync(three));
        Assert.Equal([$"{three}"], redriven.Replayed.Select(again => again.ReplayOf));
    }

    [Fact]
    public async Task An_urgent_event_makes_its_message_urgent_and_a_strangers_makes_it_a_strangers()
    {
        var before = await AcceptAsync(Webhook("plain"));
        await AcceptAsync(Folded("one") with { Urgent = true });
        await AcceptAsync(Folded("two", stranger: true));
        Clock.Advance(TimeSpan.FromMinutes(1));
        await LetGoAsync();

        var batch = await ReadyAsync(await ConnectAsync());

        Assert.Equal(2, batch.Deliveries.Count);
        Assert.Equal((Trust.Stranger, before), (batch.Deliveries[0].Trust, batch.Deliveries[1].EventId));
    }

    [Fact]
    public async Task A_session_may_ask_for_each_event_that_a_message_told_it_of()
    {
        var fold = await FoldAsync("one", "two");
        Assert.False((await Conversations.FindAsync(Api, fold.Members[0], Ct))!.Told);

        var client = await ConnectAsync();
        await DeliverAsync(client);

        Assert.True((await Conversations.FindAsync(Api, fold.Members[0], Ct))!.Told);
        Assert.True((await Conversations.FindAsync(Api, fold.Message, Ct))!.Told);
        Assert.False((await Conversations.FindAsync(Api, await AcceptAsync(Folded("held")), Ct))!.Told);
        var ack = await Tools.AckAsync(new ToolCall { McpSession = client.Id, Session = Api, RequestId = "1", ArgumentsHash = "a" }, fold.Members[0], Ct);
        Assert.Contains("goes with others in one message", ack.Text);
    }

    [Fact]
    public async Task A_message_that_is_brought_back_lets_its_session_ask_for_each_event_too()
    {
        var fold = await FoldAsync("one", "two");
        Clock.Advance(TimeSpan.FromDays(8));
        await Engine.TurnAsync(MailboxStore.SweepAsync, Ct);
        Assert.Equal("expired", await StateAsync(fold.Message));

        var again = (await new ReplayStore(Engine, Limits).RedriveAsync(Api, "expired", DateTimeOffset.UnixEpoch, go: true, AliceCalls, Ct))!;
        await DeliverAsync(await ConnectAsync());

        Assert.True((await Conversations.FindAsync(Api, fold.Members[0], Ct))!.Told);
        Assert.True((await Conversations.FindAsync(Api, long.Parse(Assert.Single(again.Replayed).EventId), Ct))!.Several);
        Assert.False((await Conversations.FindAsync(Api, fold.Members[0], Ct))!.Several);
    }

    [Fact]
    public async Task A_storm_is_told_by_messages_of_which_each_event_can_be_asked_for()
    {
        var ids = new List<long>();
        for (var i = 0; i < 50; i++)
        {
            for (var n = 0; n < 5; n++)
            {
                ids.Add(await AcceptAsync(Folded($"check {i}.{n}")));
            }

            Clock.Advance(TimeSpan.FromMinutes(1));
            await LetGoAsync();
        }

        var told = (await ReadyAsync(await ConnectAsync())).Deliveries;

        Assert.Equal([100, 100, 50], told.Select(one => Json(one).GetProperty("folded").GetInt32()));
        Assert.Equal([ids[99], ids[199], ids[249]], told.Select(one => Ids(one)[^1]));
        Assert.All(told, one => Assert.InRange(one.Body.Length, 300, 1_199 + "Look into it.".Length));
        Assert.Single((await Lives.FindAsync(ids[0], Alice, Ct))!.History);
        Assert.Equal("sent", (await Lives.FindAsync(ids[0], Alice, Ct))!.Deliveries[0].FoldedState);
    }

    [Fact]
    public async Task An_event_that_cannot_be_read_keeps_none_of_its_fold_back()
    {
        var (whole, damaged) = (await AcceptAsync(Folded("whole")), await AcceptAsync(Folded("damaged")));
        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync("UPDATE event SET body = @body WHERE id = @event", ("@body", new byte[] { 1 }), ("@event", damaged)), Ct);
        Clock.Advance(TimeSpan.FromMinutes(1));

        await LetGoAsync();

        Assert.Equal([whole, damaged], Ids(Assert.Single((await ReadyAsync(await ConnectAsync())).Deliveries)));
    }
}
