using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Mailboxes;

public sealed class SqliteAppendTests() : AppendSuite(new SqliteDatabase());

public sealed class PostgresAppendTests() : AppendSuite(new PostgresDatabase());

public abstract class AppendSuite(TestDatabase database) : StoreSuite(database)
{
    protected override MailboxLimits Limits => new() { Waiting = 1_000 };

    [Fact]
    public async Task Events_enter_in_the_order_of_their_arrival()
    {
        var client = await ConnectAsync();
        var submissions = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => MessageAsync($"message {i}")));

        var outcomes = await AppendAsync(submissions, Ct);

        var ids = outcomes.Select(outcome => Assert.IsType<AppendOutcome.Accepted>(outcome).EventId).ToList();
        Assert.Equal(ids.Order(), ids);
        Assert.Equal(submissions.Select(s => s.Body), (await ReadyAsync(client)).Deliveries.Select(d => d.Body));
    }

    [Fact]
    public async Task An_accepted_event_is_there_again_as_it_was_after_a_restart()
    {
        var payload = Utf8(new string('p', 20_000) + "Ω");
        var submission = await MessageAsync(new string('b', 3_000) + "é\0\t\n") with { Name = "github.check_run", Payload = payload };
        var id = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(submission)).EventId;

        await ReopenAsync();

        var stored = (await Conversations.FindAsync(Api, id, Ct))!;
        Assert.Equal(submission.Body, stored.Body);
        Assert.Equal(payload, stored.Payload);
        Assert.Equal("queued", stored.Info.State);
        Assert.Equal("github.check_run", stored.Info.Name);
        Assert.Equal(Bob.Value, stored.Info.Sender);
    }

    [Theory]
    [InlineData("delivery:ci:1", "body:ci:aa", "delivery:ci:1", "body:ci:bb")]
    [InlineData("delivery:ci:1", "body:ci:aa", "delivery:ci:2", "body:ci:aa")]
    [InlineData("delivery:ci:1", "body:ci:aa", "delivery:ci:1", "body:ci:aa")]
    public async Task A_repeat_by_any_key_enters_once_and_shows_in_the_history(string first, string firstBody, string second, string secondBody)
    {
        var accepted = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(await MessageAsync("one", null, first, firstBody)));

        var repeat = await AppendAsync(await MessageAsync("one", null, second, secondBody));

        Assert.Equal(new AppendOutcome.Duplicate(accepted.EventId), repeat);
        Assert.Equal(1, await CountAsync("event"));
        var history = (await Conversations.FindAsync(Api, accepted.EventId, Ct))!.Info.History;
        Assert.EndsWith("duplicate dropped", Assert.Single(history));
    }

    [Fact]
    public async Task A_repeat_within_one_batch_enters_once()
    {
        var outcomes = await AppendAsync(
            [
                await MessageAsync("one", null, "delivery:ci:1", "body:ci:aa"),
                await MessageAsync("two", null, "delivery:ci:2", "body:ci:bb"),
                await MessageAsync("one", null, "delivery:ci:3", "body:ci:aa"),
                await MessageAsync("two", null, "delivery:ci:2", "body:ci:cc"),
            ],
            Ct);

        var one = Assert.IsType<AppendOutcome.Accepted>(outcomes[0]).EventId;
        var two = Assert.IsType<AppendOutcome.Accepted>(outcomes[1]).EventId;
        Assert.Equal([new AppendOutcome.Duplicate(one), new AppendOutcome.Duplicate(two)], outcomes.Skip(2));
        Assert.Equal(2, await CountAsync("event"));
    }

    [Fact]
    public async Task A_repeat_is_known_for_eight_days_and_no_longer()
    {
        var first = await AcceptWithKeyAsync();

        Clock.Advance(TimeSpan.FromDays(8) - TimeSpan.FromSeconds(1));
        Assert.Equal(new AppendOutcome.Duplicate(first), await AppendAsync(await MessageAsync("one", null, "delivery:ci:1")));
        Clock.Advance(TimeSpan.FromSeconds(1));
        var second = await AcceptWithKeyAsync();

        Assert.NotEqual(first, second);
        Assert.Equal(new AppendOutcome.Duplicate(second), await AppendAsync(await MessageAsync("one", null, "delivery:ci:1")));
    }

    [Fact]
    public async Task A_repeat_is_known_after_a_restart_and_after_the_first_was_answered()
    {
        var first = await AcceptWithKeyAsync();
        var client = await ConnectAsync();
        await DeliverAsync(client);
        await ReopenAsync();

        Assert.Equal(new AppendOutcome.Duplicate(first), await AppendAsync(await MessageAsync("one", null, "delivery:ci:1")));
    }

    [Fact]
    public async Task One_message_id_of_two_senders_is_two_messages()
    {
        var first = await AppendAsync(await MessageAsync("alice's", Alice, DedupeKeys.Message(Alice, "1")));

        Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(await MessageAsync("bob's", Bob, DedupeKeys.Message(Bob, "1"))));

        var repeat = await AppendAsync(await MessageAsync("alice's", Alice, DedupeKeys.Message(Alice, "1")));
        Assert.Equal(new AppendOutcome.Duplicate(Assert.IsType<AppendOutcome.Accepted>(first).EventId), repeat);
    }

    [Fact]
    public async Task What_was_decided_on_an_older_allowlist_is_not_written()
    {
        var submission = await MessageAsync("too late", null, "delivery:ci:1");
        await Access.AllowAsync(Api, Carol, Role.Watch, Alice, Ct);

        Assert.IsType<AppendOutcome.Stale>(await AppendAsync(submission));

        Assert.Equal(0, await CountAsync("event"));
        Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(submission with { AccessVersion = await VersionAsync() }));
    }

    [Fact]
    public async Task An_event_for_a_session_that_is_not_there_is_not_written()
    {
        var submission = await MessageAsync() with { Session = new SessionId("alice", "nowhere") };

        Assert.IsType<AppendOutcome.Stale>(await AppendAsync(submission));
        Assert.Equal(0, await CountAsync("event"));
    }

    [Fact]
    public async Task One_stale_submission_does_not_hold_up_the_others_of_its_batch()
    {
        var good = await MessageAsync("good");

        var outcomes = await AppendAsync([good, good with { AccessVersion = 0 }, good with { Body = "also good" }], Ct);

        Assert.Collection(
            outcomes,
            o => Assert.IsType<AppendOutcome.Accepted>(o),
            o => Assert.IsType<AppendOutcome.Stale>(o),
            o => Assert.IsType<AppendOutcome.Accepted>(o));
    }

    [Fact]
    public async Task A_full_mailbox_refuses_and_drops_nothing()
    {
        var message = await MessageAsync("waits");
        await AppendAsync([.. Enumerable.Repeat(message, 999)], Ct);
        var keyed = await MessageAsync("the last that fits", null, "delivery:ci:1");
        var last = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(keyed)).EventId;

        var refused = await AppendAsync([message with { DedupeKeys = ["delivery:ci:2"] }, keyed, message with { FilterReason = "ping" }], Ct);

        Assert.Equal(new AppendOutcome.MailboxFull(1_000), refused[0]);
        Assert.Equal(new AppendOutcome.Duplicate(last), refused[1]);
        Assert.IsType<AppendOutcome.Accepted>(refused[2]);
        var client = await ConnectAsync();
        Assert.Equal("waits", (await ReadyAsync(client)).Deliveries[0].Body);
        Assert.Equal(1_001, await CountAsync("event"));
    }

    [Fact]
    public async Task A_refused_event_can_enter_once_there_is_room()
    {
        var message = await MessageAsync("waits");
        await AppendAsync([.. Enumerable.Repeat(message, 1_000)], Ct);
        var late = message with { Body = "late", DedupeKeys = ["delivery:ci:2"] };
        Assert.IsType<AppendOutcome.MailboxFull>(await AppendAsync(late));
        var client = await ConnectAsync();
        var batch = await ReadyAsync(client);
        await ConfirmAsync(client, batch.Id);
        var soon = await AppendAsync(late);
        Clock.Advance(TimeSpan.FromMilliseconds(25));

        Assert.IsType<AppendOutcome.MailboxFull>(soon); // a large one that is full is not counted at each refusal, since all appends wait for that
        Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(late));
    }

    [Fact]
    public async Task What_was_sent_but_not_confirmed_still_fills_the_mailbox()
    {
        var message = await MessageAsync("waits");
        await AppendAsync([.. Enumerable.Repeat(message, 1_000)], Ct);
        await ReadyAsync(await ConnectAsync());

        Assert.IsType<AppendOutcome.MailboxFull>(await AppendAsync(message));
    }

    [Fact]
    public async Task One_full_mailbox_does_not_fill_another()
    {
        var web = new SessionId("alice", "web");
        await Sessions.EnsureAsync(web, "test", Ct);
        var message = await MessageAsync("waits");
        await AppendAsync([.. Enumerable.Repeat(message, 1_000)], Ct);

        var outcome = await AppendAsync(message with { Session = web, Sender = Alice, AccessVersion = await VersionAsync(web) });

        Assert.IsType<AppendOutcome.Accepted>(outcome);
    }

    [Fact]
    public async Task A_filtered_event_is_recorded_and_never_sent()
    {
        var ping = await MessageAsync("ping", null, "delivery:ci:1") with { Kind = EventKind.Webhook, FilterReason = "ping" };

        var id = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(ping)).EventId;

        Assert.Equal("filtered(ping)", await StateAsync(id));
        Assert.IsType<NextBatch.Empty>(await TakeAsync(await ConnectAsync()));
        Assert.IsType<AppendOutcome.Duplicate>(await AppendAsync(ping));
    }

    [Fact]
    public async Task An_append_wakes_the_sessions_listeners_after_its_commit()
    {
        using var watcher = Engine.Wakeups.Watch(Api.ToString());

        await AcceptAsync();

        // It returns at once: the clock does not move, so only a wake-up can end it.
        await watcher.WaitAsync(TimeSpan.FromHours(1), Clock, Ct);
        Assert.Equal(1, await CountAsync("event"));
    }

    [Fact]
    public async Task Sixty_four_callers_at_once_keep_each_ones_order()
    {
        await using var appender = new Appender(Appends);
        var message = await MessageAsync();

        await Task.WhenAll(Enumerable.Range(0, 64).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++)
            {
                Assert.IsType<AppendOutcome.Accepted>(await appender.AppendAsync(message with { Body = $"{caller}:{i}" }, Ct));
            }
        })));

        var client = await ConnectAsync();
        var bodies = new List<string>();
        while (await TakeAsync(client) is NextBatch.Ready batch)
        {
            Assert.True(batch.Deliveries.Count <= 100);
            bodies.AddRange(batch.Deliveries.Select(d => d.Body));
            await ConfirmAsync(client, batch.Id);
        }

        Assert.Equal(640, bodies.Count);
        foreach (var caller in bodies.GroupBy(body => body.Split(':')[0]))
        {
            Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{caller.Key}:{i}"), caller);
        }
    }

    [Fact]
    public async Task A_sender_revoked_while_many_append_gets_nothing_in_after_the_revoking_turn()
    {
        await using var appender = new Appender(Appends);
        var warm = (await Access.FindAsync(Api, Ct))!; // a node's cache, which nobody refreshes
        Assert.True(warm.May(Bob, Act.Talk));
        var message = await MessageAsync() with { AccessVersion = warm.Version };
        using var stop = new CancellationTokenSource();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var revoked = 0;
        var after = 0;
        var callers = Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 40; i++)
            {
                var submittedAfter = Volatile.Read(ref revoked) == 1;
                var outcome = await appender.AppendAsync(message, Ct);
                started.TrySetResult();
                if (submittedAfter && outcome is not AppendOutcome.Stale)
                {
                    Interlocked.Increment(ref after);
                }
            }
        })).ToList();
        await started.Task;

        await Access.RevokeAsync(Api, Bob, Role.Talk, Alice, Ct);
        Volatile.Write(ref revoked, 1);
        var writtenAtRevoke = await CountAsync("event");
        await Task.WhenAll(callers);

        Assert.Equal(0, after);
        Assert.Equal(writtenAtRevoke, await CountAsync("event"));
        Assert.IsType<AppendOutcome.Stale>(await AppendAsync(message));
        Assert.IsType<NextBatch.Empty>(await TakeAsync(await ConnectAsync()));
    }

    private async Task<long> AcceptWithKeyAsync() =>
        Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(await MessageAsync("one", null, "delivery:ci:1"))).EventId;
}
