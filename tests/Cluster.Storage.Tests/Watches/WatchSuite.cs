using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Chats;
using Cluster.Storage.Leases;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Routes;
using Cluster.Storage.Tests.Chats;
using Cluster.Storage.Tests.Engines;
using Cluster.Storage.Watches;

namespace Cluster.Storage.Tests.Watches;

public sealed class SqliteWatchTests() : WatchSuite(new SqliteDatabase());

public sealed class PostgresWatchTests() : WatchSuite(new PostgresDatabase());

public abstract class WatchSuite(TestDatabase database) : ChatSuite(database)
{
    private static readonly SessionId Web = new("alice", "web");
    private static readonly SessionId Triage = new("alice", "triage");
    private static readonly Identity BobsPhone = Identity.Chat("telegram", "22");
    private static readonly ConversationId BobsDirect = ConversationId.Parse("telegram:22@team");

    private RouteStore Rules => new(Engine);

    private WatchStore Watches => new(Engine, Limits);

    [Fact]
    public async Task The_accounts_of_a_route_are_told_once_without_a_word_of_a_stranger()
    {
        var lease = await SetUpAsync();
        await ApplyAsync(Rule() with { Notify = [Phone.Value] });
        var id = await WebhookAsync();

        Assert.Equal([(Web, id)], await Watches.DueAsync(10, Ct));
        Assert.True(await Watches.LookAfterAsync(Web, id, Ct));
        Assert.False(await Watches.LookAfterAsync(Web, id, Ct));

        var item = Assert.Single(await SendAsync(lease, Lanes.Told));
        Assert.Equal((Direct, OutboxKind.Notice, Web), (item.Conversation, item.Kind, item.Session!.Value));
        Assert.Equal(
            $"`github.check_run`, repository `acme/api`, conclusion `failure`\nhttps://github.com/acme/api/runs/1\nEvent {id} is with `alice/web`: it waits.", item.Body);
        Assert.Equal(["telegram:184 is told"], await HistoryAsync(id));
        Assert.Empty(await Watches.DueAsync(10, Ct));
    }

    [Fact]
    public async Task Of_many_who_look_at_the_same_moment_one_tells()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Notify = [Phone.Value] });
        var id = await WebhookAsync();

        var looked = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Watches.LookAfterAsync(Web, id, Ct))));

        Assert.Single(looked, did => did);
        Assert.Equal(1, await CountAsync("outbox"));
    }

    [Fact]
    public async Task Who_may_not_watch_any_more_is_not_told_and_what_was_on_its_way_is_not_sent()
    {
        var lease = await SetUpAsync();
        await BobPairsAsync();
        await Access.AllowAsync(Web, BobsPhone, Role.Watch, Alice, Ct);
        await ApplyAsync(Rule() with { Notify = [BobsPhone.Value] });
        await Watches.LookAfterAsync(Web, await WebhookAsync(), Ct);
        Assert.Equal(1, await CountAsync("outbox"));

        await Access.RevokeAsync(Web, BobsPhone, Role.Watch, Alice, Ct);
        var later = await WebhookAsync();
        await Watches.LookAfterAsync(Web, later, Ct);

        Assert.Empty(await SendAsync(lease));
        Assert.Equal(1, await CountAsync("outbox WHERE state = 'refused'"));
        Assert.Equal(1, await CountAsync("outbox"));
        Assert.Equal(["telegram:22 was not told: it is not paired, or may not watch alice/web"], await HistoryAsync(later));
    }

    [Fact]
    public async Task An_account_that_was_unpaired_is_not_told_whatever_the_list_says()
    {
        var lease = await SetUpAsync();
        await BobPairsAsync();
        await Access.AllowAsync(Web, BobsPhone, Role.Watch, Alice, Ct);
        await ApplyAsync(Rule() with { Notify = [BobsPhone.Value] });
        await Watches.LookAfterAsync(Web, await WebhookAsync(), Ct);

        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync("DELETE FROM identity WHERE id = @who", ("@who", BobsPhone.Value)), Ct);

        Assert.Empty(await SendAsync(lease));
        Assert.Contains("not paired with anybody any more", Assert.Single((await Rules.ApplyAsync([Rule() with { Notify = [BobsPhone.Value], Playbook = "x" }], false, AliceCalls, Ct)).Faults).Text);
    }

    [Fact]
    public async Task Who_never_spoke_with_a_bot_cannot_be_told_and_the_history_says_so()
    {
        await SetUpAsync();
        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync("DELETE FROM conversation"), Ct);
        await ApplyAsync(Rule() with { Notify = [Phone.Value] });
        var id = await WebhookAsync();

        await Watches.LookAfterAsync(Web, id, Ct);

        Assert.Equal(["telegram:184 was not told: no bot has a direct chat with it; write to the bot once"], await HistoryAsync(id));
    }

    [Fact]
    public async Task A_storm_does_not_fill_the_outbox()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Notify = [Phone.Value] });
        var last = 0L;
        for (var i = 0; i < 51; i++)
        {
            await Watches.LookAfterAsync(Web, last = await WebhookAsync(), Ct);
        }

        Assert.Equal(50, await CountAsync("outbox"));
        Assert.Equal(["telegram:184 was not told: 50 notices wait for it already"], await HistoryAsync(last));
    }

    [Fact]
    public async Task A_route_or_a_key_that_is_gone_does_nothing_more()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Notify = [Phone.Value], Escalate = Later() });
        var (one, two) = (await WebhookAsync(), await WebhookAsync());
        await Watches.LookAfterAsync(Web, one, Ct);
        await ApplyAsync(Rule());
        Clock.Advance(TimeSpan.FromMinutes(11));

        await LookAtAllAsync();

        Assert.Equal(1, await CountAsync("outbox"));
        Assert.Equal(["queued", "queued"], [await StateAsync(one, Web), await StateAsync(two, Web)]);
        Assert.Empty(await Watches.DueAsync(10, Ct));
    }

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
        Assert.Equal(["not received in 10m; passed on to alice/triage", "telegram:184 is told"], await HistoryAsync(id));
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
    [InlineData("UPDATE source SET owner = 'bob' WHERE name = 'ci'", "its source is gone")]
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
        await Engine.TurnAsync(
            turn => turn.Db.ExecuteAsync("UPDATE delivery SET state = 'queued', watch_at = @now WHERE event_id = @held", ("@now", turn.NowMs), ("@held", held)), Ct);
        await LookAtAllAsync();

        Assert.Equal(["telegram:184 is told"], await HistoryAsync(held));
        Assert.Empty(await HistoryAsync(filtered));
    }

    private async Task LookAtAllAsync()
    {
        foreach (var (session, eventId) in await Watches.DueAsync(100, Ct))
        {
            Assert.True(await Watches.LookAfterAsync(session, eventId, Ct));
        }
    }

    private async Task<Lease> SetUpAsync()
    {
        await Sessions.EnsureAsync(Web, "test", Ct);
        await Sessions.EnsureAsync(Triage, "test", Ct);
        await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct);
        await Engine.TurnAsync(
            turn => turn.Db.ExecuteAsync(
                """
                INSERT INTO bot (name, platform, base_url, token, account_id, account_name, created_at)
                VALUES ('team', 'telegram', 'https://example.com', @token, '1', 'team', 0)
                """,
                ("@token", new byte[] { 1 })),
            Ct);
        return await MeetAsync();
    }

    private async Task BobPairsAsync()
    {
        await Pairings.TryAsync(BobsPhone, "", await Pairings.NewAsync(await CallerAsync("bob"), Ct), Ct);
        await Chats.MeetAsync(BobsDirect, true, BobsPhone, "Bob", Ct);
    }

    private async Task ApplyAsync(params Route[] routes) => Assert.Empty((await Rules.ApplyAsync(routes, dryRun: false, AliceCalls, Ct)).Faults);

    private async Task<long> WebhookAsync(Func<Submission, Submission>? change = null)
    {
        var summary = new WebhookSummary
        {
            Name = "github.check_run",
            Trusted = [Field("repository", "acme/api"), Field("conclusion", "failure"), Field("url", "https://github.com/acme/api/runs/1")],
            Untrusted = [Field("title", "a stranger's words"), Field("severity", "a stranger's words")],
        };
        var webhook = await MessageAsync(Framing.Webhook(summary, "Look."), Identity.Source("ci")) with
        {
            Session = Web,
            AccessVersion = await VersionAsync(Web),
            Kind = EventKind.Webhook,
            Name = summary.Name,
            Trust = Trust.System,
            Route = "one",
            WatchFrom = Clock.GetUtcNow(),
        };
        return Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(change is null ? webhook : change(webhook))).EventId;
    }

    private async Task<IReadOnlyList<string>> HistoryAsync(long eventId) =>
        [.. (await new EventLives(Engine).FindAsync(eventId, Alice, Ct))!.History.Select(note => note.Note).Order()];

    private static WebhookField Field(string name, string text) => new() { Name = name, Text = text };

    private static RouteEscalation Later() => new() { After = TimeSpan.FromMinutes(10), To = Triage.ToString() };

    private static Route Rule() => new()
    {
        Name = "one",
        When = [new RouteCondition { Field = "source", Values = ["ci"] }],
        To = Web.ToString(),
    };
}
