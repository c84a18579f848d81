using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Storage.Chats;
using Cluster.Storage.Leases;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Chats;

public sealed class SqliteChatActsTests() : ChatActsSuite(new SqliteDatabase());

public sealed class PostgresChatActsTests() : ChatActsSuite(new PostgresDatabase());

public abstract class ChatActsSuite(TestDatabase database) : StoreSuite(database)
{
    private static readonly Identity Phone = Identity.Chat("telegram", "184");
    private static readonly ConversationId Direct = ConversationId.Parse("telegram:184@team");

    private LeaseStore Leases => new(Engine);

    private OutboxStore Outbox => new(Engine, Leases);

    private ChatStore Chats => new(Engine);

    private ChatActs Acts => new(Engine);

    private CallOutcomes Outcomes => new(Engine);

    [Fact]
    public async Task What_became_of_an_answer_is_told_with_the_platforms_ids()
    {
        var (client, lease, eventId) = await AskedAsync();
        var id = (await ReplyAsync(client, "yes", eventId)).CallId!.Value;

        var waits = await Outcomes.FindAsync(id, Ct);
        await SendAsync(lease, "1203");
        var sent = await Outcomes.FindAsync(id, Ct);

        Assert.Equal((1, 0), (waits.Waiting, waits.Sent));
        Assert.Equal((0, 1), (sent.Waiting, sent.Sent));
        Assert.Equal([(Direct, "1203")], sent.Messages);
    }

    [Fact]
    public async Task A_repeated_call_sends_nothing_more_and_names_the_same_message()
    {
        var (client, lease, eventId) = await AskedAsync();

        var first = await ReplyAsync(client, "yes", eventId);
        await SendAsync(lease, "1203");
        var again = await ReplyAsync(client, "yes", eventId);

        Assert.Equal(first, again);
        Assert.Empty(await TakeAsync(lease));
    }

    [Fact]
    public async Task Why_an_answer_was_refused_is_told_and_whoever_waits_for_it_is_woken()
    {
        var (client, lease, eventId) = await AskedAsync();
        var id = (await ReplyAsync(client, "yes", eventId)).CallId!.Value;
        using var watcher = Engine.Wakeups.Watch(CallOutcomes.TopicOf(id));

        await Outbox.MarkAsync(lease, [(Assert.Single(await TakeAsync(lease)), new SendResult.Refused("bot was blocked by the user"))], Ct);

        Assert.True(await watcher.WaitAsync(TimeSpan.Zero, TimeProvider.System, Ct));
        Assert.Equal(["bot was blocked by the user"], (await Outcomes.FindAsync(id, Ct)).Refusals);
    }

    [Fact]
    public async Task The_text_of_an_answer_that_waits_is_replaced()
    {
        var (client, lease, eventId) = await AskedAsync();
        var id = (await ReplyAsync(client, "yes", eventId)).CallId!.Value;

        var edited = await EditAsync(client, $"{id}", "no");

        Assert.False(edited.Refused, edited.Text);
        Assert.Null(edited.CallId);
        Assert.Equal((OutboxKind.Answer, "no"), Shape(Assert.Single(await TakeAsync(lease))));
        Assert.Equal("no", (await Conversations.LinesAsync(Api, Direct.ToString(), 10, Ct))[^1].Text);
    }

    [Fact]
    public async Task A_text_that_is_changed_while_it_is_on_its_way_is_changed_at_the_platform_too()
    {
        var (client, lease, eventId) = await AskedAsync();
        var id = (await ReplyAsync(client, "yes", eventId)).CallId!.Value;
        var onItsWay = Assert.Single(await TakeAsync(lease));

        await EditAsync(client, $"{id}", "no");
        await Outbox.MarkAsync(lease, [(onItsWay, new SendResult.Sent("1203", Last: true))], Ct);
        var edit = Assert.Single(await TakeAsync(lease));

        Assert.Equal((OutboxKind.Edit, "no"), Shape(edit));
        Assert.Equal("1203", edit.Target);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_that_was_sent_is_edited_by_our_id_or_by_the_platforms(bool ours)
    {
        var (client, lease, eventId) = await AskedAsync();
        var id = (await ReplyAsync(client, "yes", eventId)).CallId!.Value;
        await SendAsync(lease, "1203");

        var edited = await EditAsync(client, ours ? $"{id}" : "1203", "no");
        var edit = Assert.Single(await TakeAsync(lease));

        Assert.NotNull(edited.CallId);
        Assert.Equal((OutboxKind.Edit, "no"), Shape(edit));
        Assert.Equal(("1203", edited.CallId), (edit.Target, edit.CallId));
    }

    [Fact]
    public async Task An_edit_that_waits_is_not_sent_to_somebody_who_was_revoked_meanwhile()
    {
        var (client, lease, eventId) = await AskedAsync(asBob: true);
        var id = (await ReplyAsync(client, "yes", eventId)).CallId!.Value;
        await SendAsync(lease, "1203");
        var edit = (await EditAsync(client, $"{id}", "a secret")).CallId!.Value;

        await Access.RevokeAsync(Api, Phone, Role.None, Alice, Ct);

        Assert.Empty(await TakeAsync(lease));
        Assert.Equal([OutboxStore.Revoked], (await Outcomes.FindAsync(edit, Ct)).Refusals);
        Assert.True((await EditAsync(client, $"{id}", "another")).Refused);
    }

    [Fact]
    public async Task Only_messages_of_one_part_are_edited()
    {
        var (client, lease, eventId) = await AskedAsync();
        var id = (await ReplyAsync(client, "long", eventId)).CallId!.Value;

        var waiting = await EditAsync(client, $"{id}", "short", fits: text => text != "long");
        var tooLong = await EditAsync(client, $"{id}", "longer", fits: _ => false);
        var first = Assert.Single(await TakeAsync(lease));
        await Outbox.MarkAsync(lease, [(first, new SendResult.Sent("1203", Last: false))], Ct);
        var begun = await EditAsync(client, $"{id}", "shorter");
        await SendAsync(lease, "1204");
        var sent = await EditAsync(client, "1203", "shortest");

        Assert.All([waiting, begun, sent], outcome => Assert.Contains("several messages", outcome.Text));
        Assert.Contains("too long for one message", tooLong.Text);
        Assert.Empty(await TakeAsync(lease));
    }

    [Fact]
    public async Task Nobody_edits_an_event_a_prompt_or_what_another_session_said()
    {
        var (client, lease, eventId) = await AskedAsync();
        var id = (await ReplyAsync(client, "yes", eventId)).CallId!.Value;
        await SendAsync(lease, "1203");
        await Permissions.OpenAsync(
            (await McpSessions.FindAsync(client.Id, AliceCalls.TokenId, Ct))!, "abcde", "Bash", "", "ls", TimeSpan.FromMinutes(10), Ct);
        await SendAsync(lease, "1204");
        var web = new Core.Sessions.SessionId("alice", "web");
        await Sessions.EnsureAsync(web, "test", Ct);
        var other = await ConnectAsync(session: web);

        ToolOutcome[] refused =
        [
            await EditAsync(client, "51", "x"),
            await EditAsync(client, $"{eventId}", "x"),
            await EditAsync(client, "1204", "x"),
            await EditAsync(other, $"{id}", "x"),
            await EditAsync(other, "1203", "x"),
            await Acts.ReactAsync(Call(other), Direct.ToString(), $"{eventId}", "👍", Ct),
            await Acts.ReactAsync(Call(client), Direct.ToString(), "1204", "👍", Ct),
        ];

        Assert.All(refused, outcome => Assert.True(outcome.Refused, outcome.Text));
        Assert.Empty(await TakeAsync(lease));
    }

    [Fact]
    public async Task What_was_said_on_the_page_is_changed_there()
    {
        var client = await ConnectAsync();
        var eventId = await AcceptAsync();
        await DeliverAsync(client);
        await Tools.ReplyAsync(Call(client), Bob.Value, "yes", eventId, Ct);
        var id = (await Conversations.LinesAsync(Api, Bob.Value, 10, Ct))[^1].Id;

        var edited = await Acts.EditAsync(Call(client), Said("no", Bob.Value), id, _ => true, Ct);
        var unknown = await Acts.EditAsync(Call(client), Said("no", Bob.Value), $"{eventId}", _ => true, Ct);

        Assert.False(edited.Refused, edited.Text);
        Assert.True(unknown.Refused);
        Assert.Equal("no", (await Conversations.LinesAsync(Api, Bob.Value, 10, Ct))[^1].Text);
    }

    [Fact]
    public async Task A_reaction_takes_the_place_of_the_state_that_was_shown_and_of_those_to_come()
    {
        var (client, lease, eventId) = await AskedAsync();
        var shown = new ShownStates(Engine, Leases);
        await shown.ShowAsync(lease, "team", null, Ct);

        var reacted = await Acts.ReactAsync(Call(client), Direct.ToString(), $"{eventId}", "🔥", Ct);
        await Tools.AckAsync(Call(client), eventId, Ct);
        await shown.ShowAsync(lease, "team", null, Ct);
        var react = Assert.Single(await TakeAsync(lease));

        Assert.False(reacted.Refused, reacted.Text);
        Assert.Equal((OutboxKind.React, "🔥"), Shape(react));
        Assert.Equal("51", react.Target);
    }

    [Fact]
    public async Task A_reaction_that_waits_is_not_shown_to_somebody_who_was_revoked_meanwhile()
    {
        var (client, lease, eventId) = await AskedAsync(asBob: true);
        await Acts.ReactAsync(Call(client), Direct.ToString(), $"{eventId}", "🔥", Ct);

        await Access.RevokeAsync(Api, Phone, Role.None, Alice, Ct);

        Assert.Empty(await TakeAsync(lease));
        Assert.True((await Acts.ReactAsync(Call(client), Direct.ToString(), $"{eventId}", "🔥", Ct)).Refused);
    }

    [Fact]
    public async Task A_message_that_was_not_delivered_gets_no_reaction()
    {
        var client = await ConnectAsync();
        await MeetAsync(asBob: false);
        var eventId = await HearAsync("waits");

        Assert.True((await Acts.ReactAsync(Call(client), Direct.ToString(), $"{eventId}", "🔥", Ct)).Refused);
    }

    [Fact]
    public async Task The_owner_is_told_in_their_direct_chats_and_on_the_page_and_nobody_else_is()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync(asBob: false));
        var stranger = ConversationId.Parse("telegram:22@team");
        await Access.AllowAsync(Api, Identity.Chat("telegram", "22"), Role.Talk, Alice, Ct);
        await Chats.MeetAsync(stranger, true, Identity.Chat("telegram", "22"), "Bob", Ct);
        await Chats.MeetAsync(ConversationId.Parse("telegram:-100@team"), false, Phone, "Alice", Ct);

        var told = await Acts.NotifyAsync(Call(client), "done", "done", Ct);
        var item = Assert.Single(await TakeAsync(lease));

        Assert.Equal((OutboxKind.Answer, "done"), Shape(item));
        Assert.Equal((Direct, told.CallId), (item.Conversation, item.CallId));
        Assert.Equal("done", Assert.Single(await Conversations.LinesAsync(Api, Alice.Value, 10, Ct)).Text);
    }

    [Fact]
    public async Task What_the_owner_was_told_in_one_chat_counts_as_delivered_though_another_refused_it()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync(asBob: false));
        await Chats.MeetAsync(ConversationId.Parse("telegram:184@other"), true, Phone, "Alice", Ct);
        var other = (await Leases.TakeAsync("bot:other", Ct))!;
        await Acts.NotifyAsync(Call(client), "done", "done", Ct);

        await SendAsync(lease, "1203");
        var item = Assert.Single(await Outbox.TakeAsync(other, "other", 10, Ct));
        await Outbox.MarkAsync(other, [(item, new SendResult.Refused("bot was blocked by the user"))], Ct);

        Assert.Null(Assert.Single(await Conversations.LinesAsync(Api, Alice.Value, 10, Ct)).Reason);
    }

    [Fact]
    public async Task A_session_does_not_rewrite_what_the_cluster_says_of_it()
    {
        var (client, lease, _) = await AskedAsync();
        await Engine.TurnAsync(
            turn => OutboxStore.PutAsync(
                turn, Direct.ToString(), OutboxKind.Notice, Lanes.Approvals, "`alice/api` is not running.", session: Api, judged: Phone), Ct);
        await SendAsync(lease, "1203");

        var refused = await EditAsync(client, "1203", "obey");

        Assert.True(refused.Refused);
        Assert.Empty(await TakeAsync(lease));
    }

    [Fact]
    public async Task What_is_on_its_way_leaves_other_conversations_and_lanes_free()
    {
        var (client, lease, eventId) = await AskedAsync();
        await ReplyAsync(client, "yes", eventId);
        var first = Assert.Single(await TakeAsync(lease));

        var busy = new HashSet<(ConversationId, int)> { (first.Conversation, first.Lane) };
        await ReplyAsync(client, "and no", eventId);
        var behind = await Outbox.TakeAsync(lease, "team", 10, busy, files: true, Ct);
        await Outbox.NoticeAsync(Direct, Phone, "a word", null, Ct);
        var beside = await Outbox.TakeAsync(lease, "team", 10, busy, files: true, Ct);

        Assert.Empty(behind);
        Assert.Equal("a word", Assert.Single(beside).Body);
    }

    [Fact]
    public async Task After_an_account_is_unlinked_what_its_owner_was_to_be_told_there_is_not_sent()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync(asBob: false));
        await Acts.NotifyAsync(Call(client), "a secret", "a secret", Ct);

        await new PairingStore(Engine).UnlinkAsync(Phone, AliceCalls, Ct);
        var later = await Acts.NotifyAsync(Call(client), "another", "another", Ct);

        Assert.Empty(await TakeAsync(lease));
        Assert.False(later.Refused);
        Assert.Contains("on the page only", later.Text);
    }

    private async Task<(Client Client, Lease Lease, long EventId)> AskedAsync(bool asBob = false)
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync(asBob));
        var eventId = await HearAsync("is main green?");
        await DeliverAsync(client);
        return (client, lease, eventId);
    }

    private async Task<Lease> MeetAsync(bool asBob)
    {
        if (asBob)
        {
            await Access.AllowAsync(Api, Phone, Role.Talk, Alice, Ct);
        }
        else
        {
            await new PairingStore(Engine).TryAsync(Phone, "", await new PairingStore(Engine).NewAsync(AliceCalls, Ct), Ct);
        }

        await Chats.MeetAsync(Direct, true, Phone, "Alice", Ct);
        return (await Leases.TakeAsync("bot:team", Ct))!;
    }

    private async Task<long> HearAsync(string text)
    {
        var eventId = Assert.IsType<AppendOutcome.Accepted>(
            await AppendAsync(await MessageAsync(text, Phone) with { ChatId = Direct.ToString() })).EventId;
        await Chats.NoteAsync(Direct, "51", Api, eventId, Ct);
        return eventId;
    }

    private Task<List<OutboxItem>> TakeAsync(Lease lease) => Outbox.TakeAsync(lease, "team", 10, Ct);

    private async Task SendAsync(Lease lease, string messageId) =>
        await Outbox.MarkAsync(lease, [(Assert.Single(await TakeAsync(lease)), new SendResult.Sent(messageId, Last: true))], Ct);

    private Task<ToolOutcome> ReplyAsync(Client client, string text, long replyTo) =>
        Tools.ReplyAsync(Call(client, text), Direct.ToString(), text, replyTo, Ct);

    private Task<ToolOutcome> EditAsync(Client client, string message, string text, Func<string, bool>? fits = null) =>
        Acts.EditAsync(Call(client), Said(text, Direct.ToString()), message, fits ?? (_ => true), Ct);

    private static ChatReply Said(string text, string chatId) => new() { ChatId = chatId, Text = text, Markdown = text };

    private static (OutboxKind, string) Shape(OutboxItem item) => (item.Kind, item.Body);

    private static ToolCall Call(Client client, string? id = null)
    {
        id ??= Guid.NewGuid().ToString("N");
        return new() { McpSession = client.Id, Session = client.Session, RequestId = id, ArgumentsHash = id };
    }
}
