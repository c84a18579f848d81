using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Watches;

namespace Cluster.Storage.Tests.Watches;

public abstract partial class WatchSuite
{
    [Fact]
    public async Task What_is_not_received_in_time_goes_on_to_the_next_session_once()
    {
        var lease = await SetUpAsync();
        await ApplyAsync(Rule() with { Escalate = Later() with { Notify = [Phone.Value] } });
        var id = await WebhookAsync();
        await Watches.LookAfterAsync(Web, id, Ct);
        Clock.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromMilliseconds(1));
        Assert.Empty(await Watches.DueAsync(10, Ct));
        Clock.Advance(TimeSpan.FromMilliseconds(1));

        var looked = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Watches.LookAfterAsync(Web, id, Ct))));

        Assert.Single(looked, did => did);
        Assert.Equal(["dead(escalated)", "queued"], [await StateAsync(id, Web), await StateAsync(id, Triage)]);
        Assert.Equal(["a notice for telegram:184 is on its way", "not received in 10m; passed on to alice/triage"], await HistoryAsync(id));
        Assert.EndsWith($"\nNobody has received this for 10m. Event {id} is with `alice/triage`: it waits.", Assert.Single(await SendAsync(lease, Lanes.Told)).Body);
        Assert.Equal(id, Assert.Single((await ReadyAsync(await ConnectAsync(session: Triage))).Deliveries).EventId);
        Assert.Empty(await Watches.DueAsync(10, Ct));
        Assert.Single(await AuditedAsync("event.escalate"));
        Assert.Equal(0, (await new ReplayStore(Engine, Limits).RedriveAsync(Web, "dead", DateTimeOffset.UnixEpoch, go: true, AliceCalls, Ct))!.Found);
    }

    [Fact]
    public async Task What_was_received_in_time_stays()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Escalate = Later() with { Notify = [Phone.Value] } });
        var id = await WebhookAsync();
        await LookAtAllAsync();
        await DeliverAsync(await ConnectAsync(session: Web));
        Clock.Advance(TimeSpan.FromMinutes(11));

        await LookAtAllAsync();

        Assert.Equal("received", await StateAsync(id, Web));
        Assert.Equal((0, 0, 0), (await CountAsync("outbox"), await CountAsync("event_note"), await CountAsync($"delivery WHERE session_id = '{Triage}'")));
    }

    [Fact]
    public async Task What_was_sent_and_never_confirmed_goes_on_and_stays()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Escalate = Later() });
        var id = await WebhookAsync();
        var client = await ConnectAsync(session: Web);
        await LookAtAllAsync();
        var batch = await ReadyAsync(client);
        Clock.Advance(TimeSpan.FromMinutes(11));

        await LookAtAllAsync();

        Assert.Equal(["sent", "queued"], [await StateAsync(id, Web), await StateAsync(id, Triage)]);
        Assert.True(await ConfirmAsync(client, batch.Id));
    }

    [Theory]
    [InlineData("DELETE FROM route_reach WHERE session_id = 'alice/triage'", "source ci has no way there any more; apply the routes again")]
    [InlineData("UPDATE route_reach SET version = 0 WHERE session_id = 'alice/triage'", "source ci has no way there any more; apply the routes again")]
    public async Task The_next_session_gets_nothing_that_its_list_does_not_let_in(string change, string why)
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Escalate = Later() });
        var id = await WebhookAsync();
        await LookAtAllAsync();
        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync(change), Ct);
        Clock.Advance(TimeSpan.FromMinutes(11));

        await LookAtAllAsync();

        Assert.Equal("queued", await StateAsync(id, Web));
        Assert.Equal([$"not received in 10m; not passed on to alice/triage: {why}"], await HistoryAsync(id));
        Assert.Equal(0, await CountAsync($"delivery WHERE session_id = '{Triage}'"));
    }

    [Fact]
    public async Task A_full_mailbox_gets_nothing_more()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Escalate = Later() });
        await AppendAsync(await MessageAsync("first", Alice) with { Session = Triage, AccessVersion = await VersionAsync(Triage) });
        var id = await WebhookAsync();
        await LookAtAllAsync();
        Clock.Advance(TimeSpan.FromMinutes(11));

        await new WatchStore(Engine, new MailboxLimits { Waiting = 1 }).LookAfterAsync(Web, id, Ct);

        Assert.Equal("queued", await StateAsync(id, Web));
        Assert.Contains("its mailbox is full: 1 messages wait there", Assert.Single(await HistoryAsync(id)));
    }

    [Fact]
    public async Task What_is_kept_back_is_looked_after_when_it_is_let_go_and_what_is_only_recorded_never()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Notify = [Phone.Value] });
        var until = Clock.GetUtcNow() + TimeSpan.FromMinutes(5);
        var held = await WebhookAsync(webhook => webhook with { Hold = new Hold { Until = until, Limit = until } });
        var filtered = await WebhookAsync(webhook => webhook with { FilterReason = "not a failure" });

        await LookAtAllAsync();
        Assert.Equal(0, await CountAsync("outbox"));
        Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Empty(await Watches.DueAsync(10, Ct));
        Assert.True(await new HoldStore(Engine).LetGoAsync(Web, Ct));
        Assert.Equal(Clock.GetUtcNow().ToUnixTimeMilliseconds(), await WatchAtAsync(held));
        await LookAtAllAsync();

        Assert.Equal(["a notice for telegram:184 is on its way", "let go"], await HistoryAsync(held));
        Assert.Empty(await HistoryAsync(filtered));
    }

    [Fact]
    public async Task A_message_of_several_goes_on_at_its_time_though_more_and_more_comes_to_it_and_its_people_are_told_once()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Notify = [Phone.Value], Escalate = Later() });
        await FoldedAsync(2);
        await LookAtAllAsync();

        for (var minutes = 0; minutes < 9; minutes += 3)
        {
            Clock.Advance(TimeSpan.FromMinutes(3) - TimeSpan.FromSeconds(30));
            await FoldedAsync(1);
            await LookAtAllAsync();
        }

        Assert.Equal(1, await CountAsync("outbox"));
        Assert.Equal(0, await CountAsync($"delivery WHERE session_id = '{Triage}'"));
        Clock.Advance(TimeSpan.FromMinutes(1));
        await LookAtAllAsync();
        Assert.Equal(1, await CountAsync($"delivery WHERE session_id = '{Triage}' AND state = 'queued'"));
        Assert.Equal(1, await CountAsync("delivery WHERE state = 'dead' AND reason = 'escalated'"));
        Assert.Equal(0, await CountAsync("delivery WHERE watch_at IS NOT NULL"));
    }

    [Fact]
    public async Task A_message_made_anew_after_a_recovery_goes_on_at_its_time_and_so_does_the_last_of_it()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Notify = [Phone.Value], Escalate = Later() });
        var members = await FoldedAsync(3);
        await LookAtAllAsync();

        await RecoverAsync("s0");
        await LookAtAllAsync();
        await RecoverAsync("s1");
        await LookAtAllAsync();
        Assert.Equal(["healed", "healed", "queued"], (await StatesAsync(members)).Select(state => state.Split('(')[0]));
        Assert.Equal(1, await CountAsync("outbox"));
        Clock.Advance(TimeSpan.FromMinutes(10));
        await LookAtAllAsync();

        Assert.Equal("queued", await StateAsync(members[2], Triage));
        Assert.Equal("dead(escalated)", await StateAsync(members[2], Web));
    }

    [Fact]
    public async Task What_was_passed_on_is_healed_there_too()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Escalate = Later() });
        var id = await WebhookAsync(webhook => webhook with { Subject = "s0", SubjectStep = 4 });
        await LookAtAllAsync();
        Clock.Advance(TimeSpan.FromMinutes(10));
        await LookAtAllAsync();
        Assert.Equal("queued", await StateAsync(id, Triage));

        await RecoverAsync("s0", 4);

        Assert.StartsWith("healed(", await StateAsync(id, Triage));
    }

    [Fact]
    public async Task What_a_message_that_was_passed_on_tells_of_can_be_asked_for_there_once_it_is_told()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Escalate = Later() });
        var members = await FoldedAsync(2);
        await LookAtAllAsync();
        Clock.Advance(TimeSpan.FromMinutes(10));
        await LookAtAllAsync();
        Assert.Null(await Conversations.FindAsync(Triage, members[0], Ct));

        var told = Assert.Single((await ReadyAsync(await ConnectAsync(session: Triage))).Deliveries);

        var member = (await Conversations.FindAsync(Triage, members[0], Ct))!;
        Assert.Equal((true, Triage.ToString(), "folded", $"into {told.EventId}"), (member.Told, member.Info.Session, member.Info.State, member.Info.Reason));
        Assert.Null(await Conversations.FindAsync(Api, members[0], Ct));
    }

    [Fact]
    public async Task A_storm_in_one_session_keeps_no_other_one_waiting_and_what_goes_on_comes_first()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Notify = [Phone.Value], Escalate = Later() });
        var late = await WebhookAsync();
        await LookAtAllAsync();
        Clock.Advance(TimeSpan.FromMinutes(9));
        for (var i = 0; i < 10; i++)
        {
            await WebhookAsync();
        }

        Clock.Advance(TimeSpan.FromMinutes(1));
        var version = await VersionAsync(Triage);
        var other = await WebhookAsync(webhook => webhook with { Session = Triage, AccessVersion = version });

        Assert.Equal([(Web, late), (Triage, other)], (await Watches.DueAsync(3, Ct)).Take(2));
    }

    [Fact]
    public async Task What_cannot_be_looked_after_is_put_off()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Notify = [Phone.Value] });
        var id = await WebhookAsync();
        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync("UPDATE route_table SET routes = '[{', version = version + 1"), Ct);
        await Assert.ThrowsAnyAsync<Exception>(() => Watches.LookAfterAsync(Web, id, Ct));

        await Watches.PutOffAsync(Web, id, Ct);

        Assert.Empty(await Watches.DueAsync(10, Ct));
        Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([(Web, id)], await Watches.DueAsync(10, Ct));
    }

    [Fact]
    public async Task Who_comes_next_is_told_by_the_right_to_watch_either_session_also_when_passing_on_fails()
    {
        var lease = await SetUpAsync();
        await BobPairsAsync();
        await Access.AllowAsync(Triage, BobsPhone, Role.Watch, Alice, Ct);
        await ApplyAsync(Rule() with { Escalate = Later() with { Notify = [BobsPhone.Value] } });
        var id = await WebhookAsync();
        await LookAtAllAsync();
        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync("DELETE FROM route_reach WHERE session_id = 'alice/triage'"), Ct);
        Clock.Advance(TimeSpan.FromMinutes(10));

        await LookAtAllAsync();

        Assert.EndsWith($"Event {id} is with `alice/web`: it waits.", Assert.Single(await SendAsync(lease, Lanes.Told)).Body);
    }
}
