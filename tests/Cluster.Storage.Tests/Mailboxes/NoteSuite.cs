using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Mailboxes;

public sealed class SqliteNoteTests() : NoteSuite(new SqliteDatabase());

public sealed class PostgresNoteTests() : NoteSuite(new PostgresDatabase());

/// <summary>Notes between alice's sessions <c>api</c> and <c>web</c>.</summary>
public abstract class NoteSuite(TestDatabase database) : StoreSuite(database)
{
    private static readonly SessionId Web = new("alice", "web");

    private int _calls;

    protected override MailboxLimits Limits => new() { Waiting = 5 };

    [Fact]
    public async Task A_note_of_a_session_that_may_talk_is_delivered_under_its_name()
    {
        var (api, web) = await BothAsync();
        await LetAsync(Web, Api);

        var told = await TellAsync(web, Api, "the build is red");
        var batch = await ReadyAsync(api);

        var note = Assert.Single(batch.Deliveries);
        Assert.Equal($"Sent to alice/api as event {note.EventId}. If it answers, a block of kind note brings it.", told.Text);
        Assert.Equal(
            (EventKind.Note, "session:alice/web", "session:alice/web", Trust.Agent, "the build is red"),
            (note.Kind, note.Sender.Value, note.ChatId, note.Trust, note.Body));
        Assert.Equal("sent", await StateAsync(note.EventId));
    }

    [Fact]
    public async Task Both_sides_see_a_note_in_their_conversations_under_one_id()
    {
        var (_, web) = await BothAsync();
        await LetAsync(Web, Api);
        await TellAsync(web, Api, "the build is red");

        var there = Assert.Single(await Conversations.LinesAsync(Api, null, 10, Ct));
        var here = Assert.Single(await Conversations.LinesAsync(Web, null, 10, Ct));

        Assert.Equal(("in", "note", "session:alice/web", "queued"), (there.Direction, there.Kind, there.User, there.State));
        Assert.Equal(("out", "session:alice/api", "the build is red"), (here.Direction, here.ChatId, here.Text));
        Assert.Equal(there.Id, here.Id);
    }

    [Fact]
    public async Task Unknown_and_not_allowed_get_one_answer_and_nothing_is_written()
    {
        var (_, web) = await BothAsync();
        await Access.AllowAsync(Api, Identity.Session(Web), Role.Watch, Alice, Ct);
        await Sessions.EnsureAsync(new SessionId("bob", "home"), "test", Ct);

        var answers = new List<string>();
        foreach (var target in new[] { Api, new SessionId("alice", "nowhere"), new SessionId("bob", "home"), new SessionId("nobody", "home") })
        {
            var outcome = await TellAsync(web, target);
            Assert.True(outcome.Refused);
            answers.Add(outcome.Text.Replace(target.ToString(), "TARGET"));
        }

        Assert.StartsWith("There is no such session: TARGET.", Assert.Single(answers.Distinct()));
        Assert.Equal((0, 0, 0), (await CountAsync("event"), await CountAsync("delivery"), await CountAsync("reply")));
        Assert.Equal(4, (await AuditedAsync("refused.tell")).Count(row => row.Actor == "session:alice/web"));
    }

    [Fact]
    public async Task An_owner_in_common_is_no_right()
    {
        var (api, web) = await BothAsync();
        await LetAsync(Web, Api);

        Assert.False((await TellAsync(web, Api)).Refused);
        Assert.True((await TellAsync(api, Web)).Refused);
    }

    [Fact]
    public async Task A_repeated_call_tells_once()
    {
        var (_, web) = await BothAsync();
        await LetAsync(Web, Api);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Tools.TellAsync(Call(web, "once"), Api, "hello", Ct))));

        Assert.Single(outcomes.Distinct());
        Assert.Equal((1, 1), (await CountAsync("event"), await CountAsync("reply")));
    }

    [Fact]
    public async Task After_a_revocation_no_note_enters_and_one_that_waited_is_not_sent()
    {
        var (api, web) = await BothAsync();
        await LetAsync(Web, Api);
        await TellAsync(web, Api, "waits");

        await Access.RevokeAsync(Api, Identity.Session(Web), Role.None, Alice, Ct);
        var after = await TellAsync(web, Api, "too late");

        Assert.True(after.Refused);
        Assert.IsType<NextBatch.Empty>(await TakeAsync(api));
        Assert.Equal("dead(revoked)", await StateAsync(Assert.Single(await EventsAsync(Api))));
    }

    [Fact]
    public async Task A_note_wakes_the_session_it_is_for()
    {
        var (_, web) = await BothAsync();
        await LetAsync(Web, Api);
        using var watcher = Engine.Wakeups.Watch(Api.ToString());

        await TellAsync(web, Api);

        Assert.True(await watcher.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Ct));
    }

    [Fact]
    public async Task A_full_mailbox_takes_no_note()
    {
        var (_, web) = await BothAsync();
        await LetAsync(Web, Api);
        for (var i = 0; i < Limits.Waiting; i++)
        {
            Assert.False((await TellAsync(web, Api)).Refused);
        }

        var outcome = await TellAsync(web, Api);

        Assert.True(outcome.Refused);
        Assert.Contains("the mailbox of alice/api is full: 5 messages wait", outcome.Text);
        Assert.Equal(Limits.Waiting, await CountAsync("event"));
    }

    [Fact]
    public async Task A_chain_of_notes_ends_after_three_steps_and_may_begin_anew_after_ten_minutes()
    {
        var (api, web) = await TalkingAsync();
        await StepAsync(web, api);
        await StepAsync(api, web);
        await StepAsync(web, api);

        var fourth = await TellAsync(api, Web);
        Clock.Advance(NoteRules.CountedFor);
        var later = await TellAsync(api, Web);

        Assert.True(fourth.Refused);
        Assert.Contains("notes go 3 steps from session to session", fourth.Text);
        Assert.False(later.Refused);
    }

    [Fact]
    public async Task A_reply_is_a_step_as_well()
    {
        var (api, web) = await TalkingAsync();
        await StepAsync(web, api);
        Assert.False((await ReplyAsync(api, Web)).Refused);
        await DeliverAsync(web);
        Assert.False((await ReplyAsync(web, Api)).Refused);
        await DeliverAsync(api);

        var fourth = await ReplyAsync(api, Web);

        Assert.True(fourth.Refused);
        Assert.Contains("notes go 3 steps", fourth.Text);
    }

    [Fact]
    public async Task A_note_that_was_not_sent_yet_does_not_count()
    {
        var (api, web) = await TalkingAsync();
        await StepAsync(web, api);
        await StepAsync(api, web);
        await TellAsync(web, Api, "third step, still waiting");

        Assert.False((await TellAsync(api, Web, "of its own accord")).Refused);
    }

    [Fact]
    public async Task A_note_counts_once_it_was_sent_whatever_becomes_of_it()
    {
        var (api, web) = await TalkingAsync();
        await StepAsync(web, api);
        await StepAsync(api, web);
        await TellAsync(web, Api, "third step");
        await ReadyAsync(api);
        await Access.RevokeAsync(Api, Identity.Session(Web), Role.Talk, Alice, Ct);
        api = await ListenAsync(api);
        await TakeAsync(api);

        var fourth = await TellAsync(api, Web);

        Assert.Contains("dead(revoked)", await Task.WhenAll((await EventsAsync(Api)).Select(id => StateAsync(id))));
        Assert.True(fourth.Refused);
    }

    [Fact]
    public async Task Another_client_or_terminal_of_the_session_does_not_begin_anew()
    {
        var (api, web) = await TalkingAsync();
        await StepAsync(web, api);
        await StepAsync(api, web);
        await StepAsync(web, api);
        await McpSessions.InitializeAsync("terminal-1", AliceCalls.TokenId, Api, new Instance("instance-1", false), "2025-11-25", "test", Ct);
        var given = (await McpSessions.InitializeAsync("terminal-2", AliceCalls.TokenId, Api, new Instance("instance-2", false), "2025-11-25", "test", Ct))?.Session;
        var second = new Client("terminal-2", "", given!.Value, 0, AttachOutcome.Gone);
        await LetAsync(second.Session, Web);

        Assert.True((await TellAsync(await ConnectAsync(), Web)).Refused);
        var fromSecond = await TellAsync(second, Web);

        Assert.Equal("alice/api.2", second.Session.ToString());
        Assert.Contains("notes go 3 steps", fromSecond.Text);
    }

    [Fact]
    public async Task A_reply_to_a_session_goes_back_as_a_note_and_marks_what_it_answers()
    {
        var (api, web) = await TalkingAsync();
        await StepAsync(web, api);
        var asked = Assert.Single(await EventsAsync(Api));

        var outcome = await ReplyAsync(api, Web, asked);
        var back = Assert.Single((await ReadyAsync(web)).Deliveries);

        Assert.Equal($"Sent as message {back.EventId}; 1 marked answered.", outcome.Text);
        Assert.Equal((EventKind.Note, "session:alice/api", "the answer"), (back.Kind, back.ChatId, back.Body));
        Assert.Equal("answered", await StateAsync(asked));
    }

    [Fact]
    public async Task A_reply_to_a_session_that_does_not_let_this_one_in_is_refused_with_what_would_help()
    {
        var (api, web) = await BothAsync();
        await LetAsync(Web, Api);
        await StepAsync(web, api);

        var outcome = await ReplyAsync(api, Web);

        Assert.True(outcome.Refused);
        Assert.Equal(
            "Nothing was sent: this session may not talk to alice/web; its owner lets this session in with `cluster allow session:alice/api --session alice/web --role talk`.",
            outcome.Text);
        Assert.Equal("received", await StateAsync(Assert.Single(await EventsAsync(Api))));
        Assert.Empty(await EventsAsync(Web));
    }

    [Fact]
    public async Task A_session_whose_identity_fits_no_attribute_is_refused()
    {
        var name = new string('n', 63);
        var (code, _) = await Principals.InviteAsync(name, AliceCalls, Ct);
        var token = (await Principals.RedeemAsync(code, "laptop", Ct))!;
        var caller = (await Principals.AuthenticateAsync(token.Token, page: false, Ct))!;
        var client = await ConnectAsync(caller.TokenId, new SessionId(name, name));
        await LetAsync(client.Session, Api);

        var outcome = await TellAsync(client, Api);

        Assert.True(outcome.Refused);
        Assert.Contains("more than 128 characters", outcome.Text);
    }

    private async Task<(Client Api, Client Web)> BothAsync() => (await ConnectAsync(), await ConnectAsync(session: Web));

    private async Task<(Client Api, Client Web)> TalkingAsync()
    {
        var both = await BothAsync();
        await LetAsync(Web, Api);
        await LetAsync(Api, Web);
        return both;
    }

    private async Task LetAsync(SessionId from, SessionId to) =>
        Assert.IsType<AccessChange.Done>(await Access.AllowAsync(to, Identity.Session(from), Role.Talk, Alice, Ct));

    /// <summary>One note, sent and read.</summary>
    private async Task StepAsync(Client from, Client to)
    {
        Assert.False((await TellAsync(from, to.Session)).Refused);
        await DeliverAsync(to);
    }

    private Task<ToolOutcome> TellAsync(Client from, SessionId to, string text = "hello") => Tools.TellAsync(Call(from, $"{++_calls}"), to, text, Ct);

    private Task<ToolOutcome> ReplyAsync(Client from, SessionId to, long? replyTo = null) =>
        Tools.ReplyAsync(Call(from, $"{++_calls}"), Identity.Session(to).Value, "the answer", replyTo, Ct);

    private async Task<List<long>> EventsAsync(SessionId session) =>
        (await Conversations.EventsAsync(session, null, null, 10, Ct)).ConvertAll(one => long.Parse(one.Id));

    private static ToolCall Call(Client client, string requestId) =>
        new() { McpSession = client.Id, Session = client.Session, RequestId = requestId, ArgumentsHash = "a" };
}
