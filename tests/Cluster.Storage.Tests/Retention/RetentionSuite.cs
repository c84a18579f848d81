using Cluster.Storage.Mailboxes;
using Cluster.Storage.Retention;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Retention;

public sealed class SqliteRetentionTests() : RetentionSuite(new SqliteDatabase());

public sealed class PostgresRetentionTests() : RetentionSuite(new PostgresDatabase());

public abstract class RetentionSuite(TestDatabase database) : StoreSuite(database)
{
    private readonly RetentionStore _retention =
        new(new RetentionTimes { Events = TimeSpan.FromDays(30), Audit = TimeSpan.FromDays(365) });

    [Fact]
    public async Task What_is_over_and_old_is_forgotten_whole()
    {
        var client = await ConnectAsync();
        var id = await AcceptAsync("old", Bob);
        await AppendAsync(await MessageAsync("old", Bob, "key"));
        await AppendAsync(await MessageAsync("old", Bob, "key"));
        await DeliverAsync(client);
        await Tools.ReplyAsync(new ToolCall { McpSession = client.Id, Session = Api, RequestId = "1", ArgumentsHash = "a" }, Bob.Value, "answer", id, Ct);
        Clock.Advance(TimeSpan.FromDays(30) + TimeSpan.FromSeconds(1));
        await AcceptAsync("young", Bob);

        await SweepAsync();

        Assert.Equal(1, await CountAsync("event"));
        Assert.Equal(1, await CountAsync("delivery"));
        Assert.Equal(0, await CountAsync("event_note"));
        Assert.Equal(0, await CountAsync("reply"));
        Assert.Equal(["young"], (await Conversations.LinesAsync(Api, null, 10, Ct)).Select(line => line.Text));
    }

    [Fact]
    public async Task What_is_young_is_kept()
    {
        var id = await AcceptAsync("waiting", Bob);
        Clock.Advance(TimeSpan.FromDays(6));

        await SweepAsync();

        Assert.Equal("queued", await StateAsync(id));
        Assert.NotEmpty(await Audit.LatestAsync(10, Ct));
    }

    // The sweep looks for the least event, and then deletes below it: in between, an event with a lower id may be committed.
    [Fact]
    public async Task What_is_young_is_kept_though_its_event_was_not_seen()
    {
        var unseen = await AcceptAsync("committed late", Bob);
        await AppendAsync(await MessageAsync("seen", Bob));
        await Engine.TurnAsync(
            async turn =>
                await turn.Db.ExecuteAsync("INSERT INTO event_note (event_id, at, note) VALUES (@id, @now, '')", ("@id", unseen), ("@now", turn.NowMs))
                + await turn.Db.ExecuteAsync("DELETE FROM event WHERE id = @id", ("@id", unseen)),
            Ct);

        await SweepAsync();

        Assert.Equal(2, await CountAsync("delivery"));
        Assert.Equal(1, await CountAsync("event_note"));
    }

    [Fact]
    public async Task More_than_one_turns_worth_is_forgotten_by_several_turns()
    {
        await AppendAsync(await Task.WhenAll(Enumerable.Range(0, 700).Select(i => MessageAsync($"message {i}"))), Ct);
        Clock.Advance(TimeSpan.FromDays(31));

        await SweepAsync();
        Assert.Equal(200, await CountAsync("event"));
        await SweepAsync();

        Assert.Equal(0, await CountAsync("event"));
    }

    [Fact]
    public async Task The_audit_is_kept_longer_than_events()
    {
        var before = await CountAsync("audit");
        Clock.Advance(TimeSpan.FromDays(364));
        await SweepAsync();
        Assert.Equal(before, await CountAsync("audit"));

        Clock.Advance(TimeSpan.FromDays(2));
        await SweepAsync();

        Assert.Equal(0, await CountAsync("audit"));
    }

    private Task<int> SweepAsync() => Engine.TurnAsync(_retention.SweepAsync, Ct);
}
