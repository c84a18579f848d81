using Cluster.Core.Access;
using Cluster.Core.Sessions;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Mailboxes;

public sealed class SqliteToolCallTests() : ToolCallSuite(new SqliteDatabase());

public sealed class PostgresToolCallTests() : ToolCallSuite(new PostgresDatabase());

public abstract class ToolCallSuite(TestDatabase database) : StoreSuite(database)
{
    [Fact]
    public async Task A_repeated_call_gets_the_first_answer_and_writes_nothing()
    {
        var client = await ReceivedAsync();
        var first = await ReplyAsync(client, "7");

        await ReopenAsync();
        Clock.Advance(TimeSpan.FromMinutes(9));
        await Engine.TurnAsync(MailboxStore.SweepAsync, Ct);
        var repeat = await ReplyAsync(client, "7");

        Assert.False(first.Refused);
        Assert.Equal(first, repeat);
        Assert.Equal(1, await CountAsync("reply"));
    }

    [Fact]
    public async Task A_call_cut_and_repeated_at_once_is_done_once()
    {
        var client = await ReceivedAsync();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => ReplyAsync(client, "7"))));

        Assert.Single(outcomes.Distinct());
        Assert.Equal(1, await CountAsync("reply"));
    }

    [Fact]
    public async Task The_same_id_with_other_arguments_is_refused()
    {
        var client = await ReceivedAsync();
        await ReplyAsync(client, "7");

        var other = await ReplyAsync(client, "7", text: "something else", hash: "other");

        Assert.True(other.Refused);
        Assert.Contains("nothing was done", other.Text);
        Assert.Equal(1, await CountAsync("reply"));
    }

    [Fact]
    public async Task Ids_are_told_apart_by_client_and_by_form()
    {
        var client = await ReceivedAsync();
        var other = await ConnectAsync();

        await ReplyAsync(client, "7");
        await ReplyAsync(client, "\"7\"");
        await ReplyAsync(other, "7");

        Assert.Equal(3, await CountAsync("reply"));
    }

    [Fact]
    public async Task A_call_is_forgotten_after_ten_minutes()
    {
        var client = await ReceivedAsync();
        await ReplyAsync(client, "7");

        Clock.Advance(TimeSpan.FromMinutes(10));
        await Engine.TurnAsync(MailboxStore.SweepAsync, Ct);

        Assert.False((await ReplyAsync(client, "7", hash: "other")).Refused);
        Assert.Equal(2, await CountAsync("reply"));
    }

    [Fact]
    public async Task A_refused_call_can_be_made_again()
    {
        var client = await ConnectAsync();
        Assert.True((await ReplyAsync(client, "7")).Refused);
        await AcceptAsync();

        Assert.False((await ReplyAsync(client, "7")).Refused);
    }

    [Fact]
    public async Task A_reply_that_names_an_event_answers_that_one_only()
    {
        var first = await AcceptAsync("first");
        var second = await AcceptAsync("second");
        var client = await ConnectAsync();
        await DeliverAsync(client);

        var outcome = await ReplyAsync(client, "7", replyTo: second);

        Assert.EndsWith("1 marked answered.", outcome.Text);
        Assert.Equal("received", await StateAsync(first));
        Assert.Equal("answered", await StateAsync(second));
    }

    [Fact]
    public async Task A_reply_that_names_none_answers_all_that_was_received_in_its_conversation()
    {
        var bobs = new[] { await AcceptAsync("one"), await AcceptAsync("two") };
        var alices = await AcceptAsync("alice's", Alice);
        var client = await ConnectAsync();
        await DeliverAsync(client);
        var sent = await AcceptAsync("sent");
        await ReadyAsync(client);
        var queued = await AcceptAsync("queued");

        var outcome = await ReplyAsync(client, "7");

        Assert.EndsWith("2 marked answered.", outcome.Text);
        Assert.Equal(["answered", "answered"], await Task.WhenAll(bobs.Select(id => StateAsync(id))));
        Assert.Equal("received", await StateAsync(alices));
        Assert.Equal("sent", await StateAsync(sent));
        Assert.Equal("queued", await StateAsync(queued));
    }

    [Fact]
    public async Task An_event_that_a_reply_names_was_read_whether_confirmed_or_not()
    {
        var id = await AcceptAsync();
        var client = await ConnectAsync();
        await ReadyAsync(client);

        await ReplyAsync(client, "7", replyTo: id);

        Assert.Equal("answered", await StateAsync(id));
        Assert.NotNull((await Conversations.FindAsync(Api, id, Ct))!.Info.ReceivedAt);
    }

    [Fact]
    public async Task A_reply_to_a_person_who_may_no_longer_talk_is_refused_and_audited()
    {
        var client = await ReceivedAsync();
        await Access.RevokeAsync(Api, Bob, Role.Talk, Alice, Ct);

        var outcome = await ReplyAsync(client, "7");

        Assert.True(outcome.Refused);
        Assert.Contains("console:bob may no longer talk", outcome.Text);
        Assert.Equal(0, await CountAsync("reply"));
        Assert.Equal("session:alice/api", Assert.Single(await AuditedAsync("refused.reply")).Actor);
    }

    [Fact]
    public async Task A_conversation_that_this_session_never_had_is_refused()
    {
        var client = await ReceivedAsync();
        await Access.AllowAsync(Api, Carol, Role.Talk, Alice, Ct);

        Assert.True((await ReplyAsync(client, "7", chat: Carol.Value)).Refused);
        Assert.True((await ReplyAsync(client, "8", chat: "console:nobody")).Refused);
        Assert.True((await ReplyAsync(client, "9", chat: "")).Refused);
        Assert.Equal(0, await CountAsync("reply"));
    }

    [Fact]
    public async Task A_conversation_of_another_session_is_refused()
    {
        await AcceptAsync();
        var web = new SessionId("alice", "web");
        var client = await ConnectAsync(session: web);
        await Access.AllowAsync(web, Bob, Role.Talk, Alice, Ct);

        Assert.True((await ReplyAsync(client, "7")).Refused);
    }

    [Fact]
    public async Task An_event_of_another_conversation_or_one_not_yet_sent_is_refused()
    {
        var alices = await AcceptAsync("alice's", Alice);
        var client = await ReceivedAsync();
        var waiting = await AcceptAsync("waits");

        Assert.True((await ReplyAsync(client, "7", replyTo: alices)).Refused);
        Assert.True((await ReplyAsync(client, "8", replyTo: waiting)).Refused);
        Assert.True((await ReplyAsync(client, "9", replyTo: 999_999)).Refused);
        Assert.Equal("received", await StateAsync(alices));
        Assert.Equal(0, await CountAsync("reply"));
    }

    [Fact]
    public async Task An_ack_marks_its_event_and_repeats_harmlessly()
    {
        var id = await AcceptAsync();
        var client = await ConnectAsync();
        await DeliverAsync(client);

        var first = await AckAsync(client, "7", id);
        var repeat = await AckAsync(client, "7", id);
        var again = await AckAsync(client, "8", id);

        Assert.Equal(first, repeat);
        Assert.False(again.Refused);
        Assert.Equal("answered", await StateAsync(id));
    }

    [Fact]
    public async Task An_ack_of_what_is_not_there_or_was_not_sent_is_refused()
    {
        var client = await ConnectAsync();
        var waiting = await AcceptAsync();

        Assert.True((await AckAsync(client, "7", waiting)).Refused);
        Assert.True((await AckAsync(client, "8", 999_999)).Refused);
        Assert.Equal("queued", await StateAsync(waiting));
    }

    [Fact]
    public async Task An_ack_of_another_sessions_event_is_refused()
    {
        var id = await AcceptAsync();
        await DeliverAsync(await ConnectAsync());
        var stranger = await ConnectAsync(session: new SessionId("alice", "web"));

        Assert.True((await AckAsync(stranger, "7", id)).Refused);
        Assert.Equal("received", await StateAsync(id));
    }

    [Fact]
    public async Task A_client_whose_access_has_ended_writes_nothing()
    {
        var client = await ReceivedAsync();
        await Principals.RevokeTokenAsync(AliceCalls.TokenId, AliceCalls, Ct);

        var outcome = await ReplyAsync(client, "7");

        Assert.True(outcome.Refused);
        Assert.Contains("access has ended", outcome.Text);
        Assert.Equal(0, await CountAsync("reply"));
    }

    [Fact]
    public async Task The_first_call_proves_that_the_session_answers()
    {
        var client = await ReceivedAsync();
        Assert.Null((await Sessions.FindAsync(Api, Alice, Ct))!.LastCallAt);

        await ReplyAsync(client, "7");

        Assert.Equal(Clock.GetUtcNow(), (await Sessions.FindAsync(Api, Alice, Ct))!.LastCallAt);
    }

    private async Task<Client> ReceivedAsync()
    {
        await AcceptAsync();
        var client = await ConnectAsync();
        await DeliverAsync(client);
        return client;
    }

    private Task<ToolOutcome> ReplyAsync(Client client, string requestId, string? chat = null, string text = "the answer", long? replyTo = null, string hash = "a") =>
        Tools.ReplyAsync(Call(client, requestId, hash), chat ?? Bob.Value, text, replyTo, Ct);

    private Task<ToolOutcome> AckAsync(Client client, string requestId, long eventId) =>
        Tools.AckAsync(Call(client, requestId, $"ack {eventId}"), eventId, Ct);

    private static ToolCall Call(Client client, string requestId, string hash) =>
        new() { McpSession = client.Id, Session = client.Session, RequestId = requestId, ArgumentsHash = hash };
}
