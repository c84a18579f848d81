using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Chats;
using Cluster.Storage.Leases;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Routes;
using Cluster.Storage.Sources;
using Cluster.Storage.Tests.Chats;
using Cluster.Storage.Tests.Engines;
using Cluster.Storage.Watches;

namespace Cluster.Storage.Tests.Watches;

public sealed class SqliteWatchTests() : WatchSuite(new SqliteDatabase());

public sealed class PostgresWatchTests() : WatchSuite(new PostgresDatabase());

public abstract partial class WatchSuite(TestDatabase database) : ChatSuite(database)
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
        Assert.Equal(["a notice for telegram:184 is on its way", "the notice for telegram:184 was sent"], await HistoryAsync(id));
        Assert.Empty(await Watches.DueAsync(10, Ct));
    }

    [Fact]
    public async Task What_became_of_a_notice_stands_in_the_history()
    {
        var lease = await SetUpAsync();
        await ApplyAsync(Rule() with { Notify = [Phone.Value] });
        var (blocked, removed) = (await WebhookAsync(), await WebhookAsync());
        await Watches.LookAfterAsync(Web, blocked, Ct);

        await SendAsync(lease, Lanes.Told, new SendResult.Refused("Forbidden: bot was blocked by the user"));
        await Watches.LookAfterAsync(Web, removed, Ct);
        Assert.Equal(["a notice for telegram:184 is on its way"], await HistoryAsync(removed));
        await Engine.TurnAsync(
            async turn =>
            {
                await BotStore.ForgetAsync(turn, ["team"]);
                return true;
            },
            Ct);

        Assert.Contains("the notice for telegram:184 was not sent: Forbidden: bot was blocked by the user", await HistoryAsync(blocked));
        Assert.Contains("the notice for telegram:184 was not sent: the bot was removed", await HistoryAsync(removed));
    }

    [Fact]
    public async Task A_bot_that_works_tells_rather_than_one_that_does_not()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Notify = [Phone.Value] });
        await Engine.TurnAsync(
            async turn =>
            {
                await turn.Db.ExecuteAsync("INSERT INTO bot (name, platform, base_url, token, account_id, account_name, created_at) SELECT 'other', platform, base_url, token, '2', 'other', 0 FROM bot");
                return await turn.Db.ExecuteAsync("UPDATE bot SET problem = 'its token was revoked' WHERE name = 'team'");
            },
            Ct);
        Clock.Advance(TimeSpan.FromMinutes(1));
        await Chats.MeetAsync(ConversationId.Parse("telegram:184@other"), true, Phone, "Alice", Ct);

        await Watches.LookAfterAsync(Web, await WebhookAsync(), Ct);

        Assert.Equal((1, 0), (await CountAsync("outbox WHERE bot = 'other'"), await CountAsync("outbox WHERE bot = 'team'")));
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
        var first = await WebhookAsync();
        await Watches.LookAfterAsync(Web, first, Ct);
        Assert.Equal(1, await CountAsync("outbox"));

        await Access.RevokeAsync(Web, BobsPhone, Role.Watch, Alice, Ct);
        var later = await WebhookAsync();
        await Watches.LookAfterAsync(Web, later, Ct);

        Assert.Empty(await SendAsync(lease));
        Assert.Equal(1, await CountAsync("outbox WHERE state = 'refused'"));
        Assert.Equal(1, await CountAsync("outbox"));
        Assert.Equal(["telegram:22 was not told: it is not paired, or may not watch alice/web"], await HistoryAsync(later));
        Assert.Equal(["a notice for telegram:22 is on its way", $"the notice for telegram:22 was not sent: {OutboxStore.Revoked}"], await HistoryAsync(first));
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
    public async Task The_routes_of_a_sources_owner_count_in_others_sessions_and_no_others()
    {
        await SetUpAsync();
        var bob = await CallerAsync("bob");
        var his = new SessionId("bob", "his");
        await Sessions.EnsureAsync(his, "test", Ct);
        var owners = new SourceOwners(Engine);
        await owners.AddAsync("ci", "bob", AliceCalls, Ct);
        Assert.True(await owners.AcceptAsync("ci", bob, Ct));
        await Sources.AddAsync(Wish("bobs", his), bob, Ct);
        var rule = Rule() with { To = his.ToString(), Escalate = Later() };
        Assert.Empty((await Rules.ApplyAsync([rule], dryRun: false, AliceCalls, Ct)).Faults);
        var bobs = new Route { Name = "one", When = [new RouteCondition { Field = "source", Values = ["bobs"] }], To = his.ToString(), Notify = [Bob.Value] };
        Assert.Empty((await Rules.ApplyAsync([bobs], dryRun: false, bob, Ct)).Faults);
        var version = (await Access.FindAsync(his, Ct))!.Version;
        var id = await WebhookAsync(webhook => webhook with { Session = his, AccessVersion = version });
        await LookAtAllAsync();
        Assert.Empty(await HistoryAsync(id, Bob));
        Clock.Advance(TimeSpan.FromMinutes(10));

        await LookAtAllAsync();

        Assert.Equal("queued", await StateAsync(id, Triage));
    }

    [Fact]
    public async Task A_source_of_the_same_name_that_came_later_has_nothing_to_say_of_what_was_before_it()
    {
        await SetUpAsync();
        await ApplyAsync(Rule() with { Notify = [Phone.Value], Escalate = Later() });
        var id = await WebhookAsync();
        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync("UPDATE source SET created_at = @now", ("@now", turn.NowMs + 1)), Ct);

        await LookAtAllAsync();

        Assert.Empty(await HistoryAsync(id));
        Assert.Empty(await Watches.DueAsync(10, Ct));
    }

    private async Task<IReadOnlyList<long>> FoldedAsync(int count)
    {
        var members = new List<long>();
        for (var i = 0; i < count; i++)
        {
            var hold = new Hold { Until = Clock.GetUtcNow().AddSeconds(30), Limit = Clock.GetUtcNow().AddMinutes(5), Fold = "fold" };
            members.Add(await WebhookAsync(webhook => webhook with { Hold = hold, Subject = $"s{i}", WatchFrom = hold.Limit }));
        }

        Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.True(await new HoldStore(Engine).LetGoAsync(Web, Ct));
        return members;
    }

    private async Task RecoverAsync(string subject, long step = 0)
    {
        var now = Clock.GetUtcNow();
        await WebhookAsync(webhook => webhook with
        {
            Hold = new Hold { Until = now, Limit = now, Recovers = true },
            FilterReason = "not a failure",
            Subject = subject,
            SubjectStep = step,
            WatchFrom = null,
        });
        Assert.True(await new HoldStore(Engine).LetGoAsync(Web, Ct));
    }

    private async Task<IReadOnlyList<string>> StatesAsync(IReadOnlyList<long> ids)
    {
        var states = new List<string>();
        foreach (var id in ids)
        {
            states.Add(await StateAsync(id, Web));
        }

        return states;
    }

    private Task<long?> WatchAtAsync(long id) =>
        Engine.ReadAsync(db => db.NumberAsync("SELECT watch_at FROM delivery WHERE event_id = @event", ("@event", id)), Ct);

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

    private async Task<IReadOnlyList<string>> HistoryAsync(long eventId, Identity? who = null) =>
        [.. (await new EventLives(Engine).FindAsync(eventId, who ?? Alice, Ct))!.History.Select(note => note.Note).Order()];

    private static WebhookField Field(string name, string text) => new() { Name = name, Text = text };

    private static RouteEscalation Later() => new() { After = TimeSpan.FromMinutes(10), To = Triage.ToString() };

    private static Route Rule() => new()
    {
        Name = "one",
        When = [new RouteCondition { Field = "source", Values = ["ci"] }],
        To = Web.ToString(),
    };
}
