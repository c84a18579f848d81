using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Mailboxes;

public sealed class SqliteMailboxTests() : MailboxSuite(new SqliteDatabase());

public sealed class PostgresMailboxTests() : MailboxSuite(new PostgresDatabase());

public abstract class MailboxSuite(TestDatabase database) : StoreSuite(database)
{
    [Fact]
    public async Task Verdicts_go_first_and_the_rest_by_id()
    {
        var client = await ConnectAsync();
        var first = await AcceptAsync("first");
        var second = await AcceptAsync("second");
        var (_, request) = await DecideAsync(client);

        var batch = await ReadyAsync(client);

        Assert.Equal(EventKind.Verdict, batch.Deliveries[0].Kind);
        Assert.Equal($$"""{"request_id":"{{request!.RequestId}}","behavior":"allow"}""", batch.Deliveries[0].Body);
        Assert.Equal([first, second], Ids(batch).Skip(1));
    }

    [Fact]
    public async Task A_batch_holds_a_hundred_at_the_most_and_the_next_comes_after_its_confirmation()
    {
        var message = await MessageAsync();
        await AppendAsync([.. Enumerable.Repeat(message, 250)], Ct);
        var client = await ConnectAsync();

        var sizes = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            var batch = await ReadyAsync(client);
            sizes.Add(batch.Deliveries.Count);
            Assert.IsType<NextBatch.Unconfirmed>(await TakeAsync(client));
            Assert.True(await ConfirmAsync(client, batch.Id));
        }

        Assert.Equal([100, 100, 50], sizes);
        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));
    }

    [Fact]
    public async Task A_batch_of_large_messages_is_cut_and_keeps_the_order()
    {
        var message = await MessageAsync(new string('x', 200_000));
        await AppendAsync([.. Enumerable.Range(0, 10).Select(i => message with { Body = message.Body + i })], Ct);
        var client = await ConnectAsync();

        var order = new List<char>();
        while (await TakeAsync(client) is NextBatch.Ready batch)
        {
            Assert.InRange(batch.Deliveries.Sum(d => d.Body.Length), 1, 1_000_000);
            order.AddRange(batch.Deliveries.Select(d => d.Body[^1]));
            await ConfirmAsync(client, batch.Id);
        }

        Assert.Equal("0123456789", string.Concat(order));
    }

    [Fact]
    public async Task A_stream_of_a_passed_epoch_gets_nothing()
    {
        var old = await ConnectAsync();
        await AcceptAsync();
        var current = await ConnectAsync();

        Assert.IsType<NextBatch.Stale>(await TakeAsync(old));
        Assert.False((await ReadyAsync(current)).Deliveries[0].Redelivery);
    }

    [Fact]
    public async Task What_was_not_confirmed_comes_again_in_its_old_place_and_says_so()
    {
        var first = await AcceptAsync("first");
        var client = await ConnectAsync();
        await ReadyAsync(client);
        var second = await AcceptAsync("second");

        client = await ListenAsync(client);
        var again = await ReadyAsync(client);

        Assert.Equal([first, second], Ids(again));
        Assert.Equal([true, false], again.Deliveries.Select(d => d.Redelivery));
    }

    [Fact]
    public async Task What_was_confirmed_never_comes_again()
    {
        await AcceptAsync();
        var client = await ConnectAsync();
        await DeliverAsync(client);

        await ReopenAsync();

        Assert.IsType<NextBatch.Empty>(await TakeAsync(await ListenAsync(client)));
        Assert.IsType<NextBatch.Empty>(await TakeAsync(await ConnectAsync()));
    }

    [Fact]
    public async Task What_was_sent_when_the_node_died_comes_again_after_its_restart()
    {
        var id = await AcceptAsync();
        var client = await ConnectAsync();
        await ReadyAsync(client);

        await ReopenAsync();
        var again = await ReadyAsync(await ListenAsync(client));

        Assert.Equal([id], Ids(again));
        Assert.True(again.Deliveries[0].Redelivery);
    }

    [Fact]
    public async Task What_a_revoked_sender_has_waiting_dies_when_it_would_be_sent()
    {
        var bobs = await AcceptAsync("bob's");
        var alices = await AcceptAsync("alice's", Alice);
        await Access.RevokeAsync(Api, Bob, Role.None, Alice, Ct);
        var client = await ConnectAsync();

        Assert.Equal([alices], Ids(await ReadyAsync(client)));

        Assert.Equal("dead(revoked)", await StateAsync(bobs));
        await Access.AllowAsync(Api, Bob, Role.Talk, Alice, Ct);
        Assert.Equal("dead(revoked)", await StateAsync(bobs));
    }

    [Fact]
    public async Task What_was_sent_to_a_revoked_senders_lost_client_is_not_sent_again()
    {
        var bobs = await AcceptAsync();
        var client = await ConnectAsync();
        await ReadyAsync(client);
        await Access.RevokeAsync(Api, Bob, Role.Talk, Alice, Ct);

        Assert.IsType<NextBatch.Empty>(await TakeAsync(await ListenAsync(client)));
        Assert.Equal("dead(revoked)", await StateAsync(bobs));
    }

    [Fact]
    public async Task Many_dead_deliveries_do_not_hide_the_living_behind_them()
    {
        var message = await MessageAsync();
        await AppendAsync([.. Enumerable.Repeat(message, 150)], Ct);
        var alices = await AcceptAsync("alice's", Alice);
        await Access.RevokeAsync(Api, Bob, Role.Talk, Alice, Ct);
        var client = await ConnectAsync();

        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));
        Assert.True((await LookAsync(client)).Waiting);

        Assert.Equal([alices], Ids(await ReadyAsync(client)));
    }

    [Fact]
    public async Task What_waited_too_long_expires_when_it_would_be_sent()
    {
        var old = await AcceptAsync("old");
        Clock.Advance(DeliveryRules.KeepWaiting - TimeSpan.FromHours(1));
        var young = await AcceptAsync("young");
        Clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal([young], Ids(await ReadyAsync(await ConnectAsync())));
        Assert.Equal("expired", await StateAsync(old));
    }

    [Fact]
    public async Task What_waited_too_long_expires_though_nobody_comes()
    {
        var id = await AcceptAsync();
        Assert.Equal(0, await Engine.TurnAsync(MailboxStore.SweepAsync, Ct));
        Clock.Advance(DeliveryRules.KeepWaiting);

        Assert.Equal(1, await Engine.TurnAsync(MailboxStore.SweepAsync, Ct));

        Assert.Equal("expired", await StateAsync(id));
    }

    [Fact]
    public async Task A_verdict_goes_only_to_the_client_that_asked_for_it()
    {
        var asker = await ConnectAsync();
        var (_, request) = await DecideAsync(asker);
        var newer = await ConnectAsync();

        Assert.IsType<NextBatch.Empty>(await TakeAsync(newer));

        var after = Assert.Single(await Permissions.ListAsync(Api, 10, Ct));
        Assert.Equal("closed", after.State);
        Assert.Equal(request!.Id, after.Id);
    }

    [Theory]
    [InlineData("session")]
    [InlineData("client")]
    [InlineData("epoch")]
    [InlineData("older epoch")]
    [InlineData("batch")]
    [InlineData("later batch")]
    public async Task Only_the_very_batch_that_was_sent_is_confirmed(string wrong)
    {
        var web = new SessionId("alice", "web");
        await Sessions.EnsureAsync(web, "test", Ct);
        var other = await ConnectAsync();
        var client = await ConnectAsync();
        var id = await AcceptAsync();
        var batch = await ReadyAsync(client);
        var (session, from, claimed) = wrong switch
        {
            "session" => (web, client, batch.Id),
            "client" => (Api, other, batch.Id),
            "epoch" => (Api, client, batch.Id with { Epoch = batch.Id.Epoch + 1 }),
            "older epoch" => (Api, client, batch.Id with { Epoch = batch.Id.Epoch - 1 }),
            "batch" => (Api, client, batch.Id with { Batch = batch.Id.Batch - 1 }),
            _ => (Api, client, batch.Id with { Batch = batch.Id.Batch + 1 }),
        };

        Assert.False(await ConfirmAsync(from, claimed, session));

        Assert.Equal("sent", await StateAsync(id));
        Assert.True(await ConfirmAsync(client, batch.Id));
        Assert.Equal("received", await StateAsync(id));
        Assert.False(await ConfirmAsync(client, batch.Id));
    }

    [Fact]
    public async Task A_confirmation_never_counts_for_what_was_sent_before()
    {
        var client = await ConnectAsync();
        var first = await AcceptAsync("first");
        await ReadyAsync(client);
        client = await ListenAsync(client);
        var again = await ReadyAsync(client);
        await ConfirmAsync(client, again.Id);
        var second = await AcceptAsync("second");
        var later = await ReadyAsync(client);
        client = await ListenAsync(client);

        Assert.True(await ConfirmAsync(client, later.Id));

        Assert.Equal("received", await StateAsync(first));
        Assert.Equal("received", await StateAsync(second));
        Assert.False(await ConfirmAsync(client, new BatchId(later.Id.Epoch, later.Id.Batch + 1)));
    }

    [Fact]
    public async Task A_late_confirmation_of_an_older_epoch_changes_nothing_once_it_was_sent_again()
    {
        var id = await AcceptAsync();
        var client = await ConnectAsync();
        var lost = await ReadyAsync(client);
        client = await ListenAsync(client);
        var again = await ReadyAsync(client);

        Assert.False(await ConfirmAsync(client, lost.Id));
        Assert.Equal("sent", await StateAsync(id));

        Assert.True(await ConfirmAsync(client, again.Id));
        Assert.Equal("received", await StateAsync(id));
    }

    [Fact]
    public async Task A_late_confirmation_counts_while_nothing_was_sent_again()
    {
        var id = await AcceptAsync();
        var client = await ConnectAsync();
        var batch = await ReadyAsync(client);
        client = await ListenAsync(client);

        Assert.True(await ConfirmAsync(client, batch.Id));

        Assert.Equal("received", await StateAsync(id));
        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));
    }

    [Fact]
    public async Task Confirmations_of_one_commit_are_told_apart()
    {
        var id = await AcceptAsync();
        var client = await ConnectAsync();
        var batch = await ReadyAsync(client);

        var changed = await Mailboxes.ConfirmAsync(
            [new Confirmation(Api, client.Id, new BatchId(99, 99)), new Confirmation(Api, client.Id, batch.Id), new Confirmation(Api, client.Id, batch.Id)],
            Ct);

        Assert.Equal([false, true, false], changed);
        Assert.Equal("received", await StateAsync(id));
    }

    [Fact]
    public async Task A_sender_takes_back_what_still_waits()
    {
        var id = await AcceptAsync();

        Assert.False(await Mailboxes.CancelAsync(Api, id, Carol, Ct));
        Assert.False(await Mailboxes.CancelAsync(new SessionId("alice", "web"), id, Bob, Ct));
        Assert.True(await Mailboxes.CancelAsync(Api, id, Bob, Ct));
        Assert.False(await Mailboxes.CancelAsync(Api, id, Bob, Ct));

        Assert.Equal("dead(cancelled)", await StateAsync(id));
        Assert.IsType<NextBatch.Empty>(await TakeAsync(await ConnectAsync()));
        Assert.Equal(Bob.Value, Assert.Single(await AuditedAsync("delivery.cancel")).Actor);
    }

    [Fact]
    public async Task The_owner_takes_back_anybodys()
    {
        var id = await AcceptAsync();

        Assert.True(await Mailboxes.CancelAsync(Api, id, Alice, Ct));
    }

    [Fact]
    public async Task What_was_sent_cannot_be_taken_back()
    {
        var id = await AcceptAsync();
        await ReadyAsync(await ConnectAsync());

        Assert.False(await Mailboxes.CancelAsync(Api, id, Bob, Ct));
        Assert.Equal("sent", await StateAsync(id));
    }

    [Fact]
    public async Task A_verdict_that_is_taken_back_closes_its_request()
    {
        var client = await ConnectAsync();
        await DecideAsync(client);
        var verdict = (await Conversations.EventsAsync(Api, null, null, 10, Ct)).Single(e => e.Kind == "verdict");

        var cancelled = await Mailboxes.CancelAsync(Api, long.Parse(verdict.Id), Alice, Ct);

        var request = Assert.Single(await Permissions.ListAsync(Api, 10, Ct));
        Assert.Equal(cancelled ? "closed" : "decided", request.State);
    }

    [Fact]
    public async Task A_look_tells_a_stream_how_things_stand()
    {
        var client = await ConnectAsync();
        var idle = await LookAsync(client);
        Assert.True(idle is { Alive: true, Attached: true, Replaced: false, Waiting: false });

        await AcceptAsync();
        Assert.True((await LookAsync(client)).Waiting);

        await ReadyAsync(client);
        Assert.False((await LookAsync(client)).Waiting);

        var newer = await ListenAsync(client);
        Assert.True(await LookAsync(client) is { Replaced: true, Attached: false });
        Assert.True(await LookAsync(newer) is { Replaced: false, Attached: true, Waiting: true });

        await McpSessions.EndAsync(client.Id, Ct);
        Assert.False((await LookAsync(newer)).Alive);
    }

    [Fact]
    public async Task A_conversation_shows_each_line_and_what_became_of_it()
    {
        var first = await AcceptAsync("first");
        var client = await ConnectAsync();
        await DeliverAsync(client);
        await Tools.ReplyAsync(
            new ToolCall { McpSession = client.Id, Session = Api, RequestId = "1", ArgumentsHash = "a" }, Bob.Value, "the answer", first, Ct);
        await AcceptAsync("second");
        await AcceptAsync("alice's", Alice);

        var bobs = await Conversations.LinesAsync(Api, Bob.Value, 10, Ct);
        var newest = await Conversations.LinesAsync(Api, null, 2, Ct);

        Assert.Equal(["in first answered", "out the answer ", "in second queued"], bobs.Select(line => $"{line.Direction} {line.Text} {line.State}"));
        Assert.Equal(["second", "alice's"], newest.Select(line => line.Text));
        Assert.Equal("session:alice/api", bobs[1].User);
        Assert.Equal(first.ToString(), bobs[1].ReplyTo);
    }

    [Fact]
    public async Task An_event_is_found_through_its_own_session_only()
    {
        var id = await AcceptAsync();

        Assert.NotNull(await Conversations.FindAsync(Api, id, Ct));
        Assert.Null(await Conversations.FindAsync(new SessionId("alice", "web"), id, Ct));
        Assert.Null(await Conversations.FindAsync(Api, id + 1, Ct));
    }

    private async Task<(Core.Permissions.VerdictOutcome Outcome, Core.Api.PermissionInfo? Request)> DecideAsync(Client asker)
    {
        var mcp = (await McpSessions.FindAsync(asker.Id, AliceCalls.TokenId, Ct))!;
        await Permissions.OpenAsync(mcp, "abcde", "Bash", "runs ls", "ls", TimeSpan.FromMinutes(10), Ct);
        var open = (await Permissions.ListAsync(Api, 1, Ct))[0];
        return await Permissions.DecideAsync(long.Parse(open.Id), "allow", Alice, Ct);
    }

    private Task<StreamOutlook> LookAsync(Client client) => Mailboxes.LookAsync(client.Session, client.Id, client.Stream, client.Epoch, Ct);
}
