using Cluster.Storage.Leases;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Nodes;
using Cluster.Storage.Sessions;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Nodes;

public sealed class SqliteNodeTests() : NodeSuite(new SqliteDatabase());

public sealed class PostgresNodeTests() : NodeSuite(new PostgresDatabase());

public abstract class NodeSuite(TestDatabase database) : StoreSuite(database)
{
    [Fact]
    public async Task A_node_is_listed_with_its_streams_and_leases()
    {
        await Nodes.BeatAsync("one", "1.2.3", Ct);
        await ConnectAsync();
        await new LeaseStore(Engine).TakeAsync("housekeeping", Ct);

        var node = Assert.Single(await Nodes.ListAsync(Ct));

        Assert.Equal(("one", "1.2.3", 1, true), (node.Name, node.Version, node.Attachments, node.Here));
        Assert.Equal(["housekeeping"], node.Leases);
        Assert.InRange(node.HeartbeatAgeSeconds, 0, 10);
    }

    [Fact]
    public async Task A_node_that_has_fallen_silent_is_forgotten_and_its_streams_are_closed()
    {
        await Nodes.BeatAsync("one", "1.2.3", Ct);
        var older = await ConnectAsync();
        var newer = await ConnectAsync();
        await FallSilentAsync(newer);

        await Engine.TurnAsync(Nodes.SweepAsync, Ct);

        Assert.Equal(["one"], (await Nodes.ListAsync(Ct)).Select(node => node.Name));
        Assert.Equal(AttachOutcome.Superseded, (await AskAsync(older)).Outcome); // the newer one may still come back
        Clock.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(AttachOutcome.Attached, (await AskAsync(older)).Outcome);
    }

    [Fact]
    public async Task A_node_that_lives_keeps_its_streams()
    {
        await Nodes.BeatAsync("one", "1.2.3", Ct);
        await ConnectAsync();

        await Engine.TurnAsync(Nodes.SweepAsync, Ct);

        Assert.Equal(1, Assert.Single(await Nodes.ListAsync(Ct)).Attachments);
    }

    [Fact]
    public async Task A_node_that_was_taken_for_dead_is_known_again_and_its_stream_attaches_again()
    {
        await Nodes.BeatAsync("one", "1.2.3", Ct);
        var client = await ConnectAsync();
        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync("UPDATE node SET seen_at = seen_at - 60000"), Ct);
        await Engine.TurnAsync(Nodes.SweepAsync, Ct);

        var lost = await LookAsync(client);
        await Nodes.BeatAsync("one", "1.2.3", Ct);
        var again = await AskAsync(client);

        Assert.True(lost is { Alive: true, Attached: false, Replaced: false });
        Assert.True((await LookAsync(again)).Attached);
        Assert.Equal((AttachOutcome.Attached, client.Epoch + 1), (again.Outcome, again.Epoch));
        Assert.Equal(1, Assert.Single(await Nodes.ListAsync(Ct)).Attachments);
    }

    [Fact]
    public async Task Two_streams_of_one_client_that_a_node_has_lost_do_not_take_it_from_each_other()
    {
        await Nodes.BeatAsync("one", "1.2.3", Ct);
        var first = await ConnectAsync();
        var second = await ListenAsync(first);
        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync("UPDATE node SET seen_at = seen_at - 60000"), Ct);
        await Engine.TurnAsync(Nodes.SweepAsync, Ct);

        var epochs = new HashSet<long>();
        for (var round = 0; round < 5; round++)
        {
            (first, second) = (await LookAndAskAsync(first), await LookAndAskAsync(second));
            epochs.Add(Math.Max(first.Epoch, second.Epoch));
        }

        Assert.Single(epochs);
        Assert.Single(new[] { first, second }, stream => stream.Outcome == AttachOutcome.Attached);
    }

    [Fact]
    public async Task A_stream_whose_node_is_not_known_is_closed_when_its_node_had_time_to_say_that_it_lives()
    {
        await ConnectAsync();

        await Engine.TurnAsync(Nodes.SweepAsync, Ct);
        Assert.True((await Sessions.FindAsync(Api, Alice, Ct))!.Attached);
        Clock.Advance(NodeStore.DeadAfter + TimeSpan.FromMilliseconds(1));
        await Engine.TurnAsync(Nodes.SweepAsync, Ct);

        Assert.False((await Sessions.FindAsync(Api, Alice, Ct))!.Attached);
    }

    [Fact]
    public async Task A_node_that_leaves_is_listed_no_more()
    {
        await Nodes.BeatAsync("one", "1.2.3", Ct);

        await Nodes.LeaveAsync(Ct);

        Assert.Empty(await Nodes.ListAsync(Ct));
    }

    // What a stream does at every poll: it asks only when it is not attached and no other stream of its client is.
    private async Task<Client> LookAndAskAsync(Client client)
    {
        var outlook = await LookAsync(client);
        return outlook.Attached ? client
            : outlook.Replaced ? client with { Outcome = AttachOutcome.Superseded, Epoch = 0 }
            : await AskAsync(client);
    }

    private Task<StreamOutlook> LookAsync(Client client) => Mailboxes.LookAsync(client.Session, client.Id, client.Stream, client.Epoch, Ct);

    // This client's stream is another node's, which died a minute ago.
    private Task<int> FallSilentAsync(Client client) =>
        Engine.TurnAsync(
            async turn =>
                await turn.Db.ExecuteAsync(
                    $"""
                    INSERT INTO node (id, name, version, started_at, seen_at, onlookers)
                    VALUES ('gone', 'two', '1.2.3', 0, {Engine.NowSql} - 60000, 0)
                    """)
                + await turn.Db.ExecuteAsync("UPDATE mcp_session SET node = 'gone' WHERE id = @id", ("@id", client.Id)),
            Ct);
}
