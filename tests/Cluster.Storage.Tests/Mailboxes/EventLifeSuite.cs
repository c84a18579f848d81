using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Mailboxes;

public sealed class SqliteEventLifeTests() : EventLifeSuite(new SqliteDatabase());

public sealed class PostgresEventLifeTests() : EventLifeSuite(new PostgresDatabase());

public abstract class EventLifeSuite(TestDatabase database) : StoreSuite(database)
{
    private EventLives Lives => new(Engine);

    [Fact]
    public async Task The_life_of_a_message_tells_each_step_and_by_what_it_was_answered()
    {
        var message = await MessageAsync("hello", Bob, "key");
        var id = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(message)).EventId;
        await AppendAsync(message);
        var client = await ConnectAsync();
        Clock.Advance(TimeSpan.FromSeconds(1));
        var batch = await ReadyAsync(client);
        Clock.Advance(TimeSpan.FromSeconds(1));
        await ConfirmAsync(client, batch.Id);
        await Tools.ReplyAsync(Call(client, "1"), Bob.Value, "hi", id, Ct);

        var life = (await Lives.FindAsync(id, Alice, Ct))!;

        Assert.Equal(("chat", "console:bob", "console:bob", "member", 1), (life.Kind, life.Sender, life.ChatId, life.Trust, life.Duplicates));
        var delivery = Assert.Single(life.Deliveries);
        Assert.Equal(("alice/api", "answered", 1, batch.Id.ToString()), (delivery.Session, delivery.State, delivery.Attempts, delivery.Batch));
        Assert.True(delivery.QueuedAt < delivery.SentAt && delivery.SentAt < delivery.ReceivedAt && delivery.ReceivedAt <= delivery.AnsweredAt);
        var answer = Assert.Single(delivery.Answers);
        Assert.Equal(answer.Id, delivery.AnsweredBy);
        Assert.Equal(["duplicate dropped"], life.History.Select(note => note.Note));
        Assert.Null(life.Verified);
    }

    [Fact]
    public async Task An_ack_and_an_answer_without_a_name_are_told_apart_and_the_first_stays()
    {
        var (acked, unnamed) = (await AcceptAsync("first"), await AcceptAsync("second"));
        var client = await ConnectAsync();
        await DeliverAsync(client);
        await Tools.AckAsync(Call(client, "1"), acked, Ct);
        await Tools.ReplyAsync(Call(client, "2"), Bob.Value, "to all", null, Ct);
        await Tools.ReplyAsync(Call(client, "3"), Bob.Value, "once more", acked, Ct);

        var first = (await Lives.FindAsync(acked, Alice, Ct))!.Deliveries[0];
        var second = (await Lives.FindAsync(unnamed, Alice, Ct))!.Deliveries[0];

        Assert.Equal("ack", first.AnsweredBy);
        Assert.Single(first.Answers);
        Assert.Equal("to all", (await Conversations.LinesAsync(Api, null, 10, Ct)).Single(line => line.Id == second.AnsweredBy).Text);
        Assert.Empty(second.Answers);
    }

    [Fact]
    public async Task How_a_webhook_was_proved_is_told_to_the_owner_only()
    {
        await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct);
        await Access.AllowAsync(Api, Carol, Role.Watch, Alice, Ct);
        var id = await WebhookAsync("HMAC of the body");

        var owner = await Lives.FindAsync(id, Alice, Ct);
        var watcher = await Lives.FindAsync(id, Carol, Ct);

        Assert.Equal("HMAC of the body", owner!.Verified);
        Assert.Null(watcher!.Verified);
    }

    [Fact]
    public async Task An_event_is_known_only_to_who_may_see_it()
    {
        var bobs = await AcceptAsync("mine", Bob);
        var alices = await AcceptAsync("hers", Alice);
        await Sessions.EnsureAsync(new SessionId("bob", "home"), "test", Ct);

        Assert.NotNull(await Lives.FindAsync(bobs, Bob, Ct));
        Assert.Null(await Lives.FindAsync(alices, Bob, Ct));
        Assert.Null(await Lives.FindAsync(bobs, Carol, Ct));
        Assert.Null(await Lives.FindAsync(long.MaxValue, Alice, Ct));
        await Access.RevokeAsync(Api, Bob, Role.None, Alice, Ct);
        Assert.Null(await Lives.FindAsync(bobs, Bob, Ct));
    }

    [Fact]
    public async Task Events_are_listed_by_state()
    {
        var (dead, waiting) = (await AcceptAsync("dead"), await AcceptAsync("waits"));
        await Mailboxes.CancelAsync(Api, dead, Alice, Ct);

        Assert.Equal([dead.ToString()], (await Conversations.EventsAsync(Api, null, "dead", 10, Ct)).Select(one => one.Id));
        Assert.Equal([waiting.ToString()], (await Conversations.EventsAsync(Api, null, "queued", 10, Ct)).Select(one => one.Id));
    }

    private async Task<long> WebhookAsync(string verified)
    {
        var submission = await MessageAsync("{}", Identity.Source("ci"));
        return Assert.IsType<AppendOutcome.Accepted>(
            await AppendAsync(submission with { Kind = EventKind.Webhook, Trust = Trust.System, Verified = verified })).EventId;
    }

    private static ToolCall Call(Client client, string request) =>
        new() { McpSession = client.Id, Session = client.Session, RequestId = request, ArgumentsHash = request };
}
