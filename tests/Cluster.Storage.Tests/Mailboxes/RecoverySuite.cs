using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Routes;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Mailboxes;

public sealed class SqliteRecoveryTests() : RecoverySuite(new SqliteDatabase());

public sealed class PostgresRecoveryTests() : RecoverySuite(new PostgresDatabase());

public abstract class RecoverySuite(TestDatabase database) : HeldStoreSuite(database)
{
    [Fact]
    public async Task A_recovery_heals_what_was_not_told_and_is_not_told_then_either()
    {
        var held = await AcceptAsync(Folded("held") with { Subject = "s" });
        var queued = await AcceptAsync(Webhook("queued") with { Subject = "s" });
        var other = await AcceptAsync(Webhook("other") with { Subject = "t" });
        var green = await AcceptAsync(Well("s"));

        await LetGoAsync();
        Clock.Advance(TimeSpan.FromMinutes(1));
        await LetGoAsync();

        Assert.Equal(($"healed(by {green})", $"healed(by {green})"), (await StateAsync(held), await StateAsync(queued)));
        Assert.Equal($"filtered({HoldRules.NotTold})", await StateAsync(green));
        Assert.Equal([other], Ids(await ReadyAsync(await ConnectAsync())));
        Assert.Equal([$"healed by {green}"], (await Lives.FindAsync(queued, Alice, Ct))!.History.Select(note => note.Note));
        Assert.Contains((await Lives.FindAsync(green, Alice, Ct))!.History, note => note.Note.StartsWith("heals ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_told_is_not_healed_and_its_recovery_is_told()
    {
        var client = await ConnectAsync();
        var told = await AcceptAsync(Webhook("told") with { Subject = "s" });
        await DeliverAsync(client);
        var untold = await AcceptAsync(Webhook("untold") with { Subject = "s" });
        var green = await AcceptAsync(Well("s"));

        await LetGoAsync();

        Assert.Equal(("received", $"healed(by {green})"), (await StateAsync(told), await StateAsync(untold)));
        Assert.Equal([green], Ids(await ReadyAsync(client)));
    }

    [Fact]
    public async Task What_a_route_sent_to_another_session_alone_is_healed_there_too()
    {
        var web = new SessionId("alice", "web");
        await Sessions.EnsureAsync(web, "test", Ct);
        Assert.True((await new RouteStore(Engine).ApplyAsync([Route(web)], dryRun: false, AliceCalls, Ct)).Applied);
        var version = await VersionAsync(web);
        var red = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(Webhook("red") with { Session = web, AccessVersion = version, Subject = "s" })).EventId;
        var folded = new List<long>();
        foreach (var name in new[] { "s", "t" })
        {
            folded.Add(Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(Folded(name) with { Session = web, AccessVersion = version, Subject = name })).EventId);
        }

        Clock.Advance(TimeSpan.FromMinutes(1));
        await LetGoAsync();
        var green = await AcceptAsync(Well("s", "not a failure"));
        await LetGoAsync();

        Assert.Equal(($"healed(by {green})", $"healed(by {green})"), (await StateAsync(red, web), await StateAsync(folded[0], web)));
        Assert.Equal(("queued", "filtered(not a failure)"), (await StateAsync(folded[1], web), await StateAsync(green)));
    }

    [Fact]
    public async Task What_fails_again_while_its_recovery_is_not_decided_is_told_after_it()
    {
        var client = await ConnectAsync();
        await AcceptAsync(Webhook("red") with { Subject = "s" });
        await DeliverAsync(client);
        var green = await AcceptAsync(Well("s"));
        var (again, other) = (await AcceptAsync(Webhook("again") with { Subject = "s" }), await AcceptAsync(Webhook("other") with { Subject = "t" }));
        var (current, well) = (await CurrentAsync(Webhook("third") with { Subject = "u" }), await CurrentAsync(Well("u")));
        var together = (await AppendAsync([well, current], Ct)).Cast<AppendOutcome.Accepted>().Select(one => one.EventId).ToList();
        var batch = await ReadyAsync(client);
        await ConfirmAsync(client, batch.Id);
        Assert.Equal([other], Ids(batch));

        await LetGoAsync();

        Assert.Equal([green, again, .. together], Ids(await ReadyAsync(client)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_session_with_a_recovery_of_its_own_is_healed_by_that_and_not_woken(bool late)
    {
        var web = new SessionId("alice", "web");
        await Sessions.EnsureAsync(web, "test", Ct);
        Assert.True((await new RouteStore(Engine).ApplyAsync([Route(web)], dryRun: false, AliceCalls, Ct)).Applied);
        var version = await VersionAsync(web);
        var red = await AcceptAsync(Webhook("red") with { Subject = "s" });
        var copy = await AcceptThereAsync(Webhook("red") with { Subject = "s" });
        var green = await AcceptAsync(Well("s"));
        if (late)
        {
            await LetGoAsync();
            Assert.Equal($"healed(by {green})", await StateAsync(copy, web));
        }

        var own = await AcceptThereAsync(Well("s"));
        await LetGoAsync();

        Assert.Equal(($"healed(by {green})", $"filtered({HoldRules.NotTold})"), (await StateAsync(red), await StateAsync(green)));
        Assert.Equal(($"healed(by {own})", $"filtered({HoldRules.NotTold})"), (await StateAsync(copy, web), await StateAsync(own, web)));
        Assert.Equal($"healed by {own}", (await Lives.FindAsync(copy, Alice, Ct))!.History[^1].Note);

        async Task<long> AcceptThereAsync(Submission submission) =>
            Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(submission with { Session = web, AccessVersion = version })).EventId;
    }

    [Fact]
    public async Task More_recoveries_than_a_turn_decides_are_decided_before_what_they_heal_is_told()
    {
        var reds = new List<long>();
        for (var i = 0; i < 25; i++)
        {
            reds.Add(await AcceptAsync(Folded($"{i}", within: 0) with { Subject = $"{i}" }));
        }

        for (var i = 0; i < 25; i++)
        {
            await AcceptAsync(Well($"{i}"));
        }

        await LetGoAsync();
        Assert.Equal("held", await StateAsync(reds[24]));
        await LetGoAsync();

        Assert.StartsWith("healed(", await StateAsync(reds[24]));
        Assert.IsType<NextBatch.Empty>(await TakeAsync(await ConnectAsync()));
    }

    [Fact]
    public async Task What_is_on_its_way_is_not_healed()
    {
        var client = await ConnectAsync();
        var sent = await AcceptAsync(Webhook("sent") with { Subject = "s" });
        await ReadyAsync(client);
        await AcceptAsync(Well("s"));

        await LetGoAsync();

        Assert.Equal("sent", await StateAsync(sent));
    }

    [Fact]
    public async Task A_recovery_that_heals_nothing_ends_as_its_sender_says()
    {
        var (plain, filtered) = (await AcceptAsync(Well("s")), await AcceptAsync(Well("t", "not a failure")));

        await LetGoAsync();

        Assert.Equal(("queued", "filtered(not a failure)"), (await StateAsync(plain), await StateAsync(filtered)));
    }

    [Fact]
    public async Task A_recovery_that_its_sender_does_not_want_told_heals_all_the_same()
    {
        var red = await AcceptAsync(Webhook("red") with { Subject = "s" });
        var green = await AcceptAsync(Well("s", "not a failure"));
        Assert.Equal("held(not a failure)", await StateAsync(green));

        await LetGoAsync();

        Assert.Equal(($"healed(by {green})", "filtered(not a failure)"), (await StateAsync(red), await StateAsync(green)));
    }

    [Fact]
    public async Task What_fails_after_the_recovery_or_is_further_than_it_is_not_healed()
    {
        var newer = await AcceptAsync(Webhook("newer") with { Subject = "s", SubjectStep = 6 });
        var same = await AcceptAsync(Webhook("same") with { Subject = "s", SubjectStep = 5 });
        var green = await AcceptAsync(Well("s") with { SubjectStep = 5 });
        var after = await AcceptAsync(Webhook("after") with { Subject = "s", SubjectStep = 4 });

        await LetGoAsync();

        Assert.Equal(("queued", $"healed(by {green})", "queued"), (await StateAsync(newer), await StateAsync(same), await StateAsync(after)));
    }

    [Fact]
    public async Task A_subject_that_fails_again_after_it_was_well_is_judged_anew()
    {
        var client = await ConnectAsync();
        await AcceptAsync(Webhook("first") with { Subject = "s" });
        await DeliverAsync(client);
        await AcceptAsync(Well("s"));
        await LetGoAsync();
        await DeliverAsync(client);
        await AcceptAsync(Webhook("second") with { Subject = "s" });
        var again = await AcceptAsync(Well("s"));

        await LetGoAsync();

        Assert.Equal($"filtered({HoldRules.NotTold})", await StateAsync(again));
    }

    [Fact]
    public async Task A_recovery_in_quiet_hours_heals_at_once_and_is_told_when_they_end()
    {
        var client = await ConnectAsync();
        await AcceptAsync(Webhook("told") with { Subject = "s" });
        await DeliverAsync(client);
        var red = await AcceptAsync(Webhook("red") with { Subject = "s" });
        var green = await AcceptAsync(Well("s") with { Hold = new Hold { Until = Clock.GetUtcNow(), Limit = Clock.GetUtcNow().AddHours(1), Recovers = true } });

        await LetGoAsync();
        var at = (await StateAsync(red), await StateAsync(green));
        Assert.Empty(await Holds.DueAsync(Ct));
        Clock.Advance(TimeSpan.FromHours(1));
        await LetGoAsync();

        Assert.Equal(($"healed(by {green})", "held"), at);
        Assert.Equal([green], Ids(await ReadyAsync(client)));
    }

    [Fact]
    public async Task A_message_that_nobody_has_seen_is_made_anew_without_what_is_well_again_and_ends_with_the_last()
    {
        var ids = new List<long>();
        foreach (var name in new[] { "a", "b", "c" })
        {
            ids.Add(await AcceptAsync(Folded(name) with { Subject = name }));
        }

        Clock.Advance(TimeSpan.FromMinutes(1));
        await LetGoAsync();
        var first = await NewestAsync();

        var green = await AcceptAsync(Well("b", "not a failure"));
        await LetGoAsync();
        var second = await NewestAsync();
        Assert.Equal(($"folded(into {second})", $"folded(into {second})"), (await StateAsync(first), await StateAsync(ids[0])));
        Assert.Equal($"healed(by {green})", await StateAsync(ids[1]));
        Assert.DoesNotContain("\"b\"", (await Conversations.FindAsync(Api, second, Ct))!.Body);

        await AcceptAsync(Well("c", "not a failure"));
        await LetGoAsync();
        Assert.Equal(("queued", $"folded(into {ids[0]})"), (await StateAsync(ids[0]), await StateAsync(second)));

        var last = await AcceptAsync(Well("a", "not a failure"));
        await LetGoAsync();
        Assert.Equal($"healed(by {last})", await StateAsync(ids[0]));
        Assert.IsType<NextBatch.Empty>(await TakeAsync(await ConnectAsync()));
    }

    [Fact]
    public async Task A_message_of_which_all_are_well_again_at_once_is_healed_too()
    {
        foreach (var name in new[] { "a", "b" })
        {
            await AcceptAsync(Folded(name) with { Subject = name });
        }

        Clock.Advance(TimeSpan.FromMinutes(1));
        await LetGoAsync();
        var message = await NewestAsync();

        await AcceptAsync(Well("a", "not a failure"));
        var last = await AcceptAsync(Well("b", "not a failure"));
        await LetGoAsync();

        Assert.Equal($"healed(by {last})", await StateAsync(message));
    }

    [Fact]
    public async Task What_a_message_with_others_has_told_is_not_healed_and_its_recovery_is_told()
    {
        var client = await ConnectAsync();
        var ids = new List<long>();
        foreach (var name in new[] { "a", "b" })
        {
            ids.Add(await AcceptAsync(Folded(name) with { Subject = name }));
        }

        Clock.Advance(TimeSpan.FromMinutes(1));
        await LetGoAsync();
        await DeliverAsync(client);
        var untold = await AcceptAsync(Webhook("again") with { Subject = "a" });
        var green = await AcceptAsync(Well("a"));

        await LetGoAsync();

        Assert.StartsWith("folded(", await StateAsync(ids[0]));
        Assert.Equal($"healed(by {green})", await StateAsync(untold));
        Assert.Equal([green], Ids(await ReadyAsync(client)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_comes_nothing_is_lost(int seed)
    {
        var random = new Random(seed);
        var client = await ConnectAsync();
        var all = new List<long>();
        for (var i = 0; i < 150; i++)
        {
            var subject = $"{random.Next(4)}";
            all.Add(await AcceptAsync(random.Next(6) switch
            {
                0 => Webhook($"{i}") with { Subject = subject },
                1 => Well(subject, random.Next(2) == 0 ? "not a failure" : null),
                2 => Webhook($"{i}") with { KeepWaiting = TimeSpan.FromSeconds(random.Next(1, 120)) },
                _ => Folded($"{i}", fold: $"{random.Next(3)}", atMost: 90) with { Subject = random.Next(2) == 0 ? subject : null, Urgent = random.Next(5) == 0 },
            }));
            Clock.Advance(TimeSpan.FromSeconds(random.Next(20)));
            if (random.Next(2) == 0)
            {
                await LetGoAsync();
            }

            if (random.Next(12) == 0)
            {
                await DeliverAsync(client);
            }

            if (random.Next(20) == 0)
            {
                await Mailboxes.CancelAsync(Api, all[random.Next(all.Count)], Alice, Ct);
            }
        }

        Clock.Advance(TimeSpan.FromHours(2));
        await LetGoAsync();
        await LetGoAsync();
        await DeliverAsync(client);
        await Engine.TurnAsync(MailboxStore.SweepAsync, Ct);

        Assert.Empty(await Holds.DueAsync(Ct));
        foreach (var id in all)
        {
            var state = await StateAsync(id);
            for (var steps = 0; state.StartsWith("folded(into ", StringComparison.Ordinal); steps++)
            {
                Assert.True(steps < 3, $"{id} is folded and folded again.");
                state = await StateAsync(long.Parse(state["folded(into ".Length..^1]));
            }

            Assert.True(state is "received" or "expired" or "dead(cancelled)" || state.StartsWith("healed(", StringComparison.Ordinal) || state.StartsWith("filtered(", StringComparison.Ordinal), $"{id}: {state}");
        }
    }

    private static Route Route(SessionId to) => new() { Name = "red", When = [new RouteCondition { Field = "source", Values = ["ci"] }], To = $"{to}" };

    private async Task<long> NewestAsync() => long.Parse((await Conversations.EventsAsync(Api, null, null, 1, Ct)).Single().Id);
}
