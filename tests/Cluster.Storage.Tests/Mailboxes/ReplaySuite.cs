using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Retention;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Mailboxes;

public sealed class SqliteReplayTests() : ReplaySuite(new SqliteDatabase());

public sealed class PostgresReplayTests() : ReplaySuite(new PostgresDatabase());

public abstract class ReplaySuite(TestDatabase database) : StoreSuite(database)
{
    private static readonly SessionId Web = new("alice", "web");

    private ReplayStore Replays => new(Engine, Limits);

    protected override MailboxLimits Limits => new() { Waiting = 5 };

    [Fact]
    public async Task A_replay_is_a_new_event_that_no_dedupe_key_swallows_and_says_of_what_it_is_one()
    {
        var message = await MessageAsync("hello", Bob, "key");
        var first = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(message)).EventId;
        var client = await ConnectAsync();
        await DeliverAsync(client);

        var again = await DoneAsync(first);
        var delivered = Assert.Single((await ReadyAsync(client)).Deliveries);

        Assert.NotEqual(first, again);
        Assert.Equal(
            (again, "hello", Bob, Bob.Value, Trust.Member, false),
            (delivered.EventId, delivered.Body, delivered.Sender, delivered.ChatId, delivered.Trust, delivered.Redelivery));
        var (old, replay) = ((await LifeAsync(first))!, (await LifeAsync(again))!);
        Assert.Equal([$"replayed as {again} by console:alice"], old.History.Select(note => note.Note));
        Assert.Equal([$"replay of {first} by console:alice"], replay.History.Select(note => note.Note));
        Assert.Equal((again.ToString(), first.ToString()), (Assert.Single(old.Replays), replay.ReplayOf));
        var audited = Assert.Single(await AuditedAsync("event.replay"));
        Assert.Equal(("console:alice", "alice/api", $"{again} replay of {first} of alice/api"), (audited.Actor, audited.Subject, audited.Detail));
        Assert.Equal(first, Assert.IsType<AppendOutcome.Duplicate>(await AppendAsync(message)).EventId);
    }

    [Fact]
    public async Task A_webhook_goes_to_another_session_with_its_content_and_payload_as_stored()
    {
        var first = await WebhookAsync();
        await Sessions.EnsureAsync(Web, "test", Ct);
        var client = await ConnectAsync(session: Web);

        var again = await DoneAsync(first, Web);
        var delivered = Assert.Single((await ReadyAsync(client)).Deliveries);

        Assert.Equal(("a framed line", EventKind.Webhook, Alice, Alice.Value), (delivered.Body, delivered.Kind, delivered.Sender, delivered.ChatId));
        Assert.Equal(Utf8("payload"), (await Conversations.FindAsync(Web, again, Ct))!.Payload);
        Assert.Equal("queued", await StateAsync(first));
    }

    [Fact]
    public async Task Only_the_owner_of_both_sessions_replays()
    {
        var first = await WebhookAsync();
        await Access.AllowAsync(Api, Bob, Role.Watch, Alice, Ct);
        var bob = await CallerAsync("bob");
        var home = new SessionId("bob", "home");
        await Sessions.EnsureAsync(home, "test", Ct);
        var events = await CountAsync("event");

        Assert.IsType<ReplayOutcome.NoSuchEvent>(await Replays.ReplayAsync(first, null, bob, Ct));
        Assert.IsType<ReplayOutcome.NoSuchEvent>(await Replays.ReplayAsync(first, home, bob, Ct));
        Assert.IsType<ReplayOutcome.NoSuchSession>(await Replays.ReplayAsync(first, home, AliceCalls, Ct));
        Assert.IsType<ReplayOutcome.NoSuchSession>(await Replays.ReplayAsync(first, new SessionId("alice", "nowhere"), AliceCalls, Ct));
        Assert.IsType<ReplayOutcome.NoSuchEvent>(await Replays.ReplayAsync(long.MaxValue, null, AliceCalls, Ct));
        Assert.Null(await Replays.RedriveAsync(Api, "dead", DateTimeOffset.UnixEpoch, true, bob, Ct));
        Assert.Equal(events, await CountAsync("event"));
    }

    [Fact]
    public async Task Whoever_was_revoked_is_not_heard_again_and_a_full_mailbox_takes_nothing()
    {
        var client = await ConnectAsync();
        var bobs = await AcceptAsync("bob's", Bob);
        var alices = await AcceptAsync("alice's", Alice);
        await DeliverAsync(client);
        await Access.RevokeAsync(Api, Bob, Role.None, Alice, Ct);

        var refused = Assert.IsType<ReplayOutcome.Refused>(await Replays.ReplayAsync(bobs, null, AliceCalls, Ct));
        for (var i = 0; i < 5; i++)
        {
            await DoneAsync(alices);
        }

        var full = Assert.IsType<ReplayOutcome.Refused>(await Replays.ReplayAsync(alices, null, AliceCalls, Ct));

        Assert.Contains("console:bob may not talk", refused.Why);
        Assert.Contains("mailbox of alice/api is full", full.Why);
    }

    [Fact]
    public async Task A_replay_that_waited_is_judged_again_when_it_is_sent()
    {
        var client = await ConnectAsync();
        var first = await AcceptAsync("bob's", Bob);
        await DeliverAsync(client);
        var again = await DoneAsync(first);

        await Access.RevokeAsync(Api, Bob, Role.None, Alice, Ct);

        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));
        Assert.Equal("dead(revoked)", await StateAsync(again));
    }

    [Fact]
    public async Task A_verdict_is_never_replayed()
    {
        var client = await ConnectAsync();
        var asker = (await McpSessions.FindAsync(client.Id, AliceCalls.TokenId, Ct))!;
        await Permissions.OpenAsync(asker, "abcde", "Bash", "", "", TimeSpan.FromMinutes(10), Ct);
        await Permissions.DecideAsync(long.Parse((await Permissions.ListAsync(Api, 10, Ct))[0].Id), "allow", Alice, Ct);
        await DeliverAsync(client);
        var verdict = (await Conversations.EventsAsync(Api, null, null, 10, Ct)).Single(one => one.Kind == "verdict");

        var refused = Assert.IsType<ReplayOutcome.Refused>(await Replays.ReplayAsync(long.Parse(verdict.Id), null, AliceCalls, Ct));

        Assert.Contains("never replayed", refused.Why);
    }

    [Fact]
    public async Task What_expired_is_counted_first_then_replayed_in_order_and_only_once()
    {
        var (first, second, cancelled) = (await AcceptAsync("first"), await AcceptAsync("second"), await AcceptAsync("cancelled"));
        await Mailboxes.CancelAsync(Api, cancelled, Alice, Ct);
        Clock.Advance(DeliveryRules.KeepWaiting + TimeSpan.FromMinutes(1));
        await Engine.TurnAsync(MailboxStore.SweepAsync, Ct);

        var counted = (await RedriveAsync("expired", go: false))!;
        var before = await CountAsync("event");
        var both = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => RedriveAsync("expired", go: true))));
        var after = (await RedriveAsync("expired", go: true))!;
        var dead = (await RedriveAsync("dead", go: true))!;
        var batch = await ReadyAsync(await ConnectAsync());

        Assert.Equal((2, 0, 3), (counted.Found, counted.Replayed.Count, before));
        Assert.Equal([first.ToString(), second.ToString()], both.SelectMany(one => one!.Replayed).Select(one => one.ReplayOf).Order());
        Assert.Equal((0, 0), (after.Found, dead.Found));
        Assert.Equal(["first", "second"], batch.Deliveries.Select(one => one.Body));
    }

    [Fact]
    public async Task What_cannot_be_redriven_says_why_and_the_rest_goes()
    {
        await AcceptAsync("bob's", Bob);
        await AcceptAsync("alice's", Alice);
        Clock.Advance(DeliveryRules.KeepWaiting + TimeSpan.FromMinutes(1));
        await Engine.TurnAsync(MailboxStore.SweepAsync, Ct);
        await Access.RevokeAsync(Api, Bob, Role.None, Alice, Ct);

        var young = (await RedriveAsync("expired", go: true, since: TimeSpan.FromHours(24)))!;
        var all = (await RedriveAsync("expired", go: true))!;

        Assert.Equal(0, young.Found);
        Assert.Equal((2, 1), (all.Found, all.Replayed.Count));
        Assert.Contains("console:bob may not talk", Assert.Single(all.Refused).Why);
    }

    [Fact]
    public async Task What_is_known_of_a_replay_is_forgotten_with_it()
    {
        var client = await ConnectAsync();
        var first = await AcceptAsync();
        await DeliverAsync(client);
        await DoneAsync(first);
        Clock.Advance(TimeSpan.FromDays(31));
        await AcceptAsync("young");

        await Engine.TurnAsync(new RetentionStore(new RetentionTimes { Events = TimeSpan.FromDays(30), Audit = TimeSpan.FromDays(365) }).SweepAsync, Ct);

        Assert.Equal(0, await CountAsync("replay"));
    }

    private async Task<long> WebhookAsync()
    {
        await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct);
        var submission = await MessageAsync("a framed line", Identity.Source("ci"), "delivery");
        return Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(
            submission with { Kind = EventKind.Webhook, Name = "github.check_run", Trust = Trust.System, Payload = Utf8("payload") })).EventId;
    }

    private async Task<long> DoneAsync(long eventId, SessionId? to = null) =>
        Assert.IsType<ReplayOutcome.Done>(await Replays.ReplayAsync(eventId, to, AliceCalls, Ct)).EventId;

    private Task<Core.Api.EventLife?> LifeAsync(long eventId) => new EventLives(Engine).FindAsync(eventId, Alice, Ct);

    private Task<Core.Api.Redriven?> RedriveAsync(string state, bool go, TimeSpan? since = null) =>
        Replays.RedriveAsync(Api, state, since is { } time ? Clock.GetUtcNow() - time : DateTimeOffset.UnixEpoch, go, AliceCalls, Ct);
}
