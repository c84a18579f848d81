using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Storage.Chats;
using Cluster.Storage.Leases;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Chats;

public sealed class SqliteOutboxTests() : OutboxSuite(new SqliteDatabase());

public sealed class PostgresOutboxTests() : OutboxSuite(new PostgresDatabase());

public abstract class OutboxSuite(TestDatabase database) : ChatSuite(database)
{
    private static readonly ConversationId Group = ConversationId.Parse("telegram:-100/7@team");

    [Fact]
    public async Task An_answer_goes_to_the_conversation_that_asked_under_the_message_that_it_answers()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync());
        var eventId = await HearAsync("is main green?", "51");
        await DeliverAsync(client);

        var outcome = await ReplyAsync(client, "yes", eventId);

        Assert.False(outcome.Refused, outcome.Text);
        var item = Assert.Single(await Outbox.TakeAsync(lease, "team", 10, Ct));
        Assert.Equal((OutboxKind.Answer, "yes", "51", true), (item.Kind, item.Body, item.Target, item.Private));
        Assert.Equal(Direct, item.Conversation);
    }

    [Fact]
    public async Task Of_each_conversation_only_the_first_goes_and_others_do_not_wait_for_it()
    {
        var lease = await MeetAsync();
        await Outbox.NoticeAsync(Direct, Phone, "one", null, Ct);
        await Outbox.NoticeAsync(Direct, Phone, "two", null, Ct);
        await Outbox.NoticeAsync(Group, Phone, "three", null, Ct);

        var first = await Outbox.TakeAsync(lease, "team", 10, Ct);
        await Outbox.MarkAsync(lease, [(first[0], new SendResult.Later(TimeSpan.FromMinutes(1), Failed: false))], Ct);
        var second = await Outbox.TakeAsync(lease, "team", 10, Ct);
        await Outbox.MarkAsync(lease, [(first[1], new SendResult.Sent("9", Last: true))], Ct);
        Clock.Advance(TimeSpan.FromMinutes(1));
        var third = await Outbox.TakeAsync((await Leases.TakeAsync("bot:team", Ct)) ?? lease, "team", 10, Ct);

        Assert.Equal(["one", "three"], first.Select(item => item.Body));
        Assert.Equal(["three"], second.Select(item => item.Body));
        Assert.Equal(["one"], third.Select(item => item.Body));
    }

    [Fact]
    public async Task An_answer_that_waits_is_not_sent_to_somebody_who_was_revoked_meanwhile()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync(asBob: true));
        var eventId = await HearAsync("hello", "51");
        await DeliverAsync(client);
        await ReplyAsync(client, "a secret", eventId);

        await Access.RevokeAsync(Api, Phone, Role.None, Alice, Ct);

        Assert.Empty(await Outbox.TakeAsync(lease, "team", 10, Ct));
        Assert.True((await ReplyAsync(client, "another", eventId)).Refused);
    }

    [Fact]
    public async Task A_thawed_holder_of_the_past_neither_takes_nor_marks()
    {
        var lease = await MeetAsync();
        await Outbox.NoticeAsync(Direct, Phone, "one", null, Ct);
        var item = Assert.Single(await Outbox.TakeAsync(lease, "team", 10, Ct));
        await Leases.ReleaseAsync(lease, Ct);
        var next = (await Leases.TakeAsync("bot:team", Ct))!;

        await Assert.ThrowsAsync<LeaseLostException>(() => Outbox.MarkAsync(lease, [(item, new SendResult.Sent("9", Last: true))], Ct));
        await Assert.ThrowsAsync<LeaseLostException>(() => Outbox.TakeAsync(lease, "team", 10, Ct));
        Assert.Single(await Outbox.TakeAsync(next, "team", 10, Ct));
    }

    [Fact]
    public async Task The_state_of_a_message_is_shown_as_it_changes_and_the_newest_wins()
    {
        var lease = await MeetAsync();
        var eventId = await HearAsync("hello", "51");

        await Shown.ShowAsync(lease, "team", null, Ct);
        var waits = await Outbox.TakeAsync(lease, "team", 10, Ct);
        var client = await ConnectAsync();
        await DeliverAsync(client);
        await Shown.ShowAsync(lease, "team", [Api.ToString()], Ct);
        var reached = await Outbox.TakeAsync(lease, "team", 10, Ct);
        await Tools.AckAsync(Call(client, "1"), eventId, Ct);
        await Shown.ShowAsync(lease, "team", null, Ct);
        var answered = await Outbox.TakeAsync(lease, "team", 10, Ct);
        await Shown.ShowAsync(lease, "team", null, Ct);

        Assert.Equal(["😴"], waits.Select(item => item.Body));
        Assert.Equal(["👀"], reached.Select(item => item.Body));
        Assert.Equal(["👌"], answered.Select(item => item.Body));
        Assert.Equal("51", answered[0].Target);
        Assert.Equal(answered[0].Id, Assert.Single(await Outbox.TakeAsync(lease, "team", 10, Ct)).Id);
    }

    [Fact]
    public async Task A_prompt_goes_to_approvers_only_and_every_copy_shows_its_end()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync(asBob: true));
        await OpenAsync(client, "abcde");
        var toTalker = await Outbox.TakeAsync(lease, "team", 10, Ct);
        await Access.AllowAsync(Api, Phone, Role.Approve, Alice, Ct);
        await OpenAsync(client, "bcdef");
        var prompt = Assert.Single(await Outbox.TakeAsync(lease, "team", 10, Ct));
        await Outbox.MarkAsync(lease, [(prompt, new SendResult.Sent("77", Last: true))], Ct);

        var (outcome, _) = await Permissions.DecideAsync(prompt.RequestId!.Value, "allow", Phone, Ct);
        await Shown.ShowAsync(lease, "team", null, Ct);
        var edit = Assert.Single(await Outbox.TakeAsync(lease, "team", 10, Ct));

        Assert.Empty(toTalker);
        Assert.Equal(Core.Permissions.VerdictOutcome.Accepted, outcome);
        Assert.Equal((OutboxKind.Edit, "77"), (edit.Kind, edit.Target));
        Assert.Contains("allowed", edit.Body);
    }

    [Fact]
    public async Task A_prompt_that_waits_is_not_sent_once_there_is_nothing_to_decide()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync());
        await OpenAsync(client, "abcde");
        await Permissions.DecideAsync((await Permissions.ListAsync(Api, 1, Ct))[0] is var open ? long.Parse(open.Id) : 0, "deny", Alice, Ct);

        Assert.Empty(await Outbox.TakeAsync(lease, "team", 10, Ct));
    }

    [Fact]
    public async Task Nothing_that_a_model_wrote_ends_the_block_that_it_is_shown_in()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync());

        await Permissions.OpenAsync(
            (await McpSessions.FindAsync(client.Id, AliceCalls.TokenId, Ct))!, "abcde", "Ba\u200bsh", "",
            "a\u2028``\u200b`\u2028[ls](https://host/;curl)", TimeSpan.FromMinutes(10), Ct);
        var prompt = Assert.Single(await Outbox.TakeAsync(lease, "team", 10, Ct));

        Assert.Contains("`Ba[U+200B]sh`", prompt.Body);
        Assert.Contains("a[U+2028]``[U+200B]`[U+2028][ls](https://host/;curl)", prompt.Body);
        Assert.DoesNotContain("\u200b", prompt.Body);
    }

    [Fact]
    public async Task Of_several_open_requests_with_one_id_words_decide_none()
    {
        var (first, second) = (await ConnectAsync(), await ConnectAsync());
        await OpenAsync(first, "abcde");
        var only = await Permissions.FindOpenAsync("abcde", Alice, Ct);
        await OpenAsync(second, "abcde");

        Assert.Equal((await Permissions.ListAsync(Api, 10, Ct)).Min(request => long.Parse(request.Id)), only);
        Assert.Equal(Storage.Permissions.PermissionStore.Ambiguous, await Permissions.FindOpenAsync("abcde", Alice, Ct));
    }

    [Fact]
    public async Task Who_was_revoked_is_told_nothing_more_than_that_a_request_is_over()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync(asBob: true));
        await Access.AllowAsync(Api, Phone, Role.Approve, Alice, Ct);
        await OpenAsync(client, "abcde");
        var prompt = Assert.Single(await Outbox.TakeAsync(lease, "team", 10, Ct));
        await Outbox.MarkAsync(lease, [(prompt, new SendResult.Sent("77", Last: true))], Ct);
        await Outbox.NoticeAsync(Direct, Phone, "a list of sessions", null, Ct);
        await Access.RevokeAsync(Api, Phone, Role.None, Alice, Ct);

        await Permissions.DecideAsync(prompt.RequestId!.Value, "allow", Alice, Ct);
        await Shown.ShowAsync(lease, "team", null, Ct);

        Assert.Equal("This request is over.", Assert.Single(await Outbox.TakeAsync(lease, "team", 10, Ct)).Body);
    }

    [Fact]
    public async Task With_a_bot_its_conversations_go()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync());
        var bots = new BotStore(Engine, Leases, Box);
        await bots.AddAsync("team", "telegram", new Uri("https://api.example"), "1:token", ("1", "bot", null), webhook: false, AliceCalls, Ct);
        var eventId = await HearAsync("hello", "51");
        await DeliverAsync(client);

        Assert.True(await bots.RemoveAsync("team", AliceCalls, Ct));

        Assert.True((await ReplyAsync(client, "too late", eventId)).Refused);
        await OpenAsync(client, "abcde");
        Assert.Empty(await Outbox.TakeAsync(lease, "team", 10, Ct));
        Assert.Equal(0, await CountAsync("chat_message"));
    }

    [Fact]
    public async Task Who_names_five_ids_that_are_none_is_not_listened_to_for_ten_minutes()
    {
        var client = await ConnectAsync();
        await OpenAsync(client, "abcde");
        for (var i = 0; i < 5; i++)
        {
            Assert.Null(await Permissions.FindOpenAsync("zzzzz", Alice, Ct));
        }

        Assert.Equal(Storage.Permissions.PermissionStore.LockedOut, await Permissions.FindOpenAsync("abcde", Alice, Ct));
        Assert.Null(await Permissions.FindOpenAsync("abcde", Bob, Ct));
        Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.NotNull(await Permissions.FindOpenAsync("abcde", Alice, Ct));
    }

    [Fact]
    public async Task Only_a_sessions_owner_binds_a_place_to_it_or_frees_it()
    {
        await Chats.MeetAsync(Group, false, Alice, "Alice", Ct);

        Assert.False(await Chats.BindAsync(Group, Api, false, Bob, Ct));
        Assert.True(await Chats.BindAsync(Group, Api, false, Alice, Ct));
        Assert.Equal(Api, (await Chats.LookAsync(Bob, Group, null, Ct)).Bound);
        Assert.False(await Chats.BindAsync(Group, null, false, Bob, Ct));
        Assert.True(await Chats.BindAsync(Group, null, false, Alice, Ct));
        Assert.Null((await Chats.LookAsync(Bob, Group, null, Ct)).Bound);
    }

    [Fact]
    public async Task Everything_goes_to_a_bound_session_only_while_that_very_binding_says_so()
    {
        await Chats.MeetAsync(Group, false, Alice, "Alice", Ct);

        await Chats.BindAsync(Group, Api, true, Alice, Ct);
        var all = await Chats.LookAsync(Bob, Group, null, Ct);
        await Chats.BindAsync(Group, Api, false, Alice, Ct);
        var plain = await Chats.LookAsync(Bob, Group, null, Ct);
        await Chats.BindAsync(Group, Api, true, Alice, Ct);
        await Chats.BindAsync(Group, null, false, Alice, Ct);
        var free = await Chats.LookAsync(Bob, Group, null, Ct);

        Assert.Equal((Api, true), (all.Bound, all.BoundAll));
        Assert.Equal((Api, false), (plain.Bound, plain.BoundAll));
        Assert.Equal((null, false), (free.Bound, free.BoundAll));
    }

    [Fact]
    public async Task The_last_message_that_waits_is_found_for_who_wrote_it()
    {
        await MeetAsync();
        await HearAsync("first", "1");
        var last = await HearAsync("last", "2");

        var found = await Chats.FindWaitingAsync(Phone, Direct, Ct);
        var ofOthers = await Chats.FindWaitingAsync(Bob, Direct, Ct);
        var elsewhere = await Chats.FindWaitingAsync(Phone, Group, Ct);
        var cancelled = await Mailboxes.CancelAsync(Api, last, Phone, Ct);
        var next = await Chats.FindWaitingAsync(Phone, Direct, Ct);

        Assert.Equal((Api, last), found);
        Assert.Null(ofOthers);
        Assert.Null(elsewhere);
        Assert.True(cancelled);
        Assert.NotNull(next);
        Assert.NotEqual(last, next.Value.EventId);
    }

    [Fact]
    public async Task Who_is_linked_to_nobody_and_stands_on_no_list_is_unknown()
    {
        Assert.False((await Chats.LookAsync(Phone, Direct, null, Ct)).Known);
        await Access.AllowAsync(Api, Phone, Role.Talk, Alice, Ct);
        Assert.True((await Chats.LookAsync(Phone, Direct, null, Ct)).Known);
    }
}
