using Cluster.Core.Events;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Sessions;

public sealed class SqlitePauseTests() : PauseSuite(new SqliteDatabase());

public sealed class PostgresPauseTests() : PauseSuite(new PostgresDatabase());

public abstract class PauseSuite(TestDatabase database) : StoreSuite(database)
{
    private PauseStore Pauses => new(Engine);

    [Fact]
    public async Task A_paused_session_gets_nothing_but_verdicts_until_it_is_resumed()
    {
        var client = await ConnectAsync();
        var before = await AcceptAsync("before");
        var batch = await ReadyAsync(client);
        Assert.True(await Pauses.PauseAsync(Api, null, Alice, Ct));
        var during = await AcceptAsync("during");
        var urgent = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(await MessageAsync("urgent") with { Urgent = true })).EventId;

        Assert.True(await ConfirmAsync(client, batch.Id));
        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));
        await DecideAsync(client);
        var verdict = await ReadyAsync(client);
        await ConfirmAsync(client, verdict.Id);
        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));

        Assert.Equal(EventKind.Verdict, Assert.Single(verdict.Deliveries).Kind);
        Assert.Equal(["received", "queued", "queued"], [await StateAsync(before), await StateAsync(during), await StateAsync(urgent)]);
        Assert.True(await Pauses.ResumeAsync(Api, Alice, Ct));
        Assert.Equal([urgent, during], Ids(await ReadyAsync(client)));
        Assert.Single(await AuditedAsync("session.pause"));
        Assert.Single(await AuditedAsync("session.resume"));
    }

    [Fact]
    public async Task What_was_sent_and_not_confirmed_waits_too_and_comes_again_afterwards()
    {
        var client = await ConnectAsync();
        var id = await AcceptAsync();
        await ReadyAsync(client);
        await Pauses.PauseAsync(Api, null, Alice, Ct);

        var again = await ListenAsync(client);
        Assert.IsType<NextBatch.Empty>(await TakeAsync(again));

        Assert.Equal("sent", await StateAsync(id));
        await Pauses.ResumeAsync(Api, Alice, Ct);
        Assert.True(Assert.Single((await ReadyAsync(again)).Deliveries).Redelivery);
    }

    [Fact]
    public async Task A_pause_ends_with_its_time_whether_or_not_anybody_has_written_that_down()
    {
        var client = await ConnectAsync();
        await Pauses.PauseAsync(Api, TimeSpan.FromHours(2), Alice, Ct);
        await AcceptAsync();
        var info = (await Sessions.FindAsync(Api, Alice, Ct))!;
        Assert.Equal((true, Clock.GetUtcNow() + TimeSpan.FromHours(2)), (info.Paused, info.PausedUntil));
        Clock.Advance(TimeSpan.FromHours(2) - TimeSpan.FromMilliseconds(1));
        await Pauses.EndDueAsync(Ct);
        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));

        Clock.Advance(TimeSpan.FromMilliseconds(1));
        await ReadyAsync(client);
        using var watcher = Engine.Wakeups.Watch(Api.ToString());
        await Pauses.EndDueAsync(Ct);

        Assert.True(await watcher.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Ct));
        Assert.False((await Sessions.FindAsync(Api, Alice, Ct))!.Paused);
        Assert.Single(await AuditedAsync("session.resume"));
    }

    [Fact]
    public async Task Only_its_owner_pauses_and_resumes_a_session()
    {
        Assert.False(await Pauses.PauseAsync(Api, null, Bob, Ct));
        Assert.False((await Sessions.FindAsync(Api, Alice, Ct))!.Paused);

        await Pauses.PauseAsync(Api, null, Alice, Ct);

        Assert.False(await Pauses.ResumeAsync(Api, Bob, Ct));
        var info = (await Sessions.FindAsync(Api, Bob, Ct))!;
        Assert.Equal((true, null), (info.Paused, info.PausedUntil));
    }

    [Fact]
    public async Task Nothing_is_sent_once_a_pause_is_written()
    {
        for (var i = 0; i < 20; i++)
        {
            var client = await ConnectAsync();
            await AppendAsync([.. Enumerable.Repeat(await MessageAsync(), 5)], Ct);

            var taking = Task.Run(() => TakeAsync(client), Ct);
            await Pauses.PauseAsync(Api, null, Alice, Ct);
            var sent = await CountAsync("delivery WHERE state = 'sent'");
            if (await taking is NextBatch.Ready batch)
            {
                Assert.Equal(sent, await CountAsync("delivery WHERE state = 'sent'"));
                await ConfirmAsync(client, batch.Id);
            }

            Assert.IsType<NextBatch.Empty>(await TakeAsync(client));
            await Pauses.ResumeAsync(Api, Alice, Ct);
            await DeliverAsync(client);
        }
    }

    [Fact]
    public async Task Nothing_but_verdicts_wakes_the_stream_of_a_paused_session()
    {
        var client = await ConnectAsync();
        await Pauses.PauseAsync(Api, TimeSpan.FromHours(1), Alice, Ct);
        await AcceptAsync();
        await AppendAsync(await MessageAsync("urgent") with { Urgent = true });

        Assert.False(await WaitsAsync(client));
        await DecideAsync(client);
        Assert.True(await WaitsAsync(client));
        var verdict = await ReadyAsync(client);
        await ConfirmAsync(client, verdict.Id);
        Assert.False(await WaitsAsync(client));
        Clock.Advance(TimeSpan.FromHours(1));
        Assert.True(await WaitsAsync(client));
    }

    private async Task<bool> WaitsAsync(Client client) => (await Mailboxes.LookAsync(Api, client.Id, client.Stream, client.Epoch, Ct)).Waiting;

    private async Task DecideAsync(Client asker)
    {
        await Permissions.OpenAsync((await McpSessions.FindAsync(asker.Id, AliceCalls.TokenId, Ct))!, "abcde", "Bash", "runs ls", "ls", TimeSpan.FromMinutes(10), Ct);
        await Permissions.DecideAsync(long.Parse((await Permissions.ListAsync(Api, 1, Ct))[0].Id), "allow", Alice, Ct);
    }
}
