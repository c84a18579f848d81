using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Permissions;
using Cluster.Storage.Chats;
using Cluster.Storage.Permissions;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Chats;

public sealed class SqliteTalkTests() : TalkSuite(new SqliteDatabase());

public sealed class PostgresTalkTests() : TalkSuite(new PostgresDatabase());

/// <summary>Quiet, who works on what, the whole of a request, alerts, and answers that do not arrive.</summary>
public abstract class TalkSuite(TestDatabase database) : ChatSuite(database)
{
    private static readonly Identity Guesser = Identity.Chat("telegram", "22");
    private static readonly ConversationId Guessers = ConversationId.Parse("telegram:22@team");

    [Fact]
    public async Task While_somebody_is_muted_what_comes_unprompted_makes_no_sound_and_comes_all_the_same()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync());
        await Chats.MuteAsync(Phone, Clock.GetUtcNow() + TimeSpan.FromMinutes(1), Ct);
        await OpenAsync(client, "abcde");
        var muted = Assert.Single(await SendAsync(lease));
        await Outbox.NoticeAsync(Direct, Phone, "an answer to a command", "51", Ct);
        var prompted = Assert.Single(await SendAsync(lease));
        var until = (await Chats.LookAsync(Phone, Direct, null, Ct)).MutedUntil;
        Clock.Advance(TimeSpan.FromMinutes(1));
        await OpenAsync(client, "bcdef");
        var loud = Assert.Single(await SendAsync((await Leases.TakeAsync("bot:team", Ct)) ?? lease));

        Assert.Equal((OutboxKind.Prompt, true), (muted.Kind, muted.Silent));
        Assert.False(prompted.Silent);
        Assert.Equal(Clock.GetUtcNow(), until);
        Assert.False(loud.Silent);
        Assert.Null((await Chats.LookAsync(Phone, Direct, null, Ct)).MutedUntil);
    }

    [Fact]
    public async Task Claude_works_on_a_message_from_when_it_was_received_until_it_is_answered_and_ten_minutes_at_the_most()
    {
        var client = await ConnectAsync();
        await MeetAsync();
        var first = await HearAsync("one", "51");
        var waits = await WorkedOnAsync();
        await DeliverAsync(client);
        var received = await WorkedOnAsync();
        await Tools.AckAsync(Call(client, "1"), first, Ct);
        var answered = await WorkedOnAsync();
        await HearAsync("two", "52");
        await DeliverAsync(client);
        var again = await WorkedOnAsync();
        Clock.Advance(WorkedOn.AtMost);

        Assert.Empty(waits);
        Assert.Equal([new WorkedOn(Direct, true)], received);
        Assert.Empty(answered);
        Assert.Single(again);
        Assert.Empty(await WorkedOnAsync());
        Assert.Empty(await Chats.WorkedOnAsync("other", 20, Ct));
    }

    [Fact]
    public async Task All_of_a_long_request_comes_once_to_an_approvers_own_chat_and_to_nobody_else()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync(asBob: true));
        await Access.AllowAsync(Api, Phone, Role.Approve, Alice, Ct);
        var preview = $"{new string('x', 2_000)}\u202e```the end";
        var id = await OpenAsync(client, "abcde", preview);
        var prompt = Assert.Single(await SendAsync(lease));
        await Chats.MeetAsync(Guessers, true, Guesser, "Mallory", Ct);
        await Access.AllowAsync(Api, Guesser, Role.Talk, Alice, Ct);

        var byTalker = await Permissions.ShowWholeAsync(id, Guesser, Guessers, "1", Ct);
        var elsewhere = await Permissions.ShowWholeAsync(id, Phone, Guessers, "1", Ct);
        var unknown = await Permissions.ShowWholeAsync(987_654, Phone, Direct, "1", Ct);
        var shown = await Permissions.ShowWholeAsync(id, Phone, Direct, "77", Ct) && await Permissions.ShowWholeAsync(id, Phone, Direct, "77", Ct);
        var whole = Assert.Single(await SendAsync(lease));
        await Permissions.ShowWholeAsync(id, Phone, Direct, "77", Ct);
        await Access.RevokeAsync(Api, Phone, Role.Approve, Alice, Ct);

        Assert.Equal([new OutboxButton("See more", $"m:{id}")], prompt.Buttons);
        Assert.DoesNotContain("the end", prompt.Body);
        Assert.False(byTalker || elsewhere || unknown);
        Assert.True(shown);
        Assert.Equal((OutboxKind.Notice, "77", id), (whole.Kind, whole.Target, whole.RequestId));
        Assert.Contains($"````\n{new string('x', 2_000)}[U+202E]```the end\n````", whole.Body);
        Assert.Empty(await SendAsync(lease));
    }

    [Fact]
    public async Task A_long_request_is_allowed_from_a_chat_only_by_whom_all_of_it_was_sent_to()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync());
        await Chats.MeetAsync(Guessers, true, Guesser, "Bob", Ct);
        await Access.AllowAsync(Api, Guesser, Role.Approve, Alice, Ct);
        var (id, other) = (await OpenAsync(client, "abcde", new string('x', 2_000)), await OpenAsync(client, "bcdef", new string('x', 2_000)));
        while ((await SendAsync(lease)).Count > 0)
        {
            // one at a time in each chat
        }

        var before = await Permissions.DecideAsync(id, "allow", Phone, Ct);
        await Permissions.ShowWholeAsync(id, Phone, Direct, "77", Ct);
        var queued = await Permissions.DecideAsync(id, "allow", Phone, Ct);
        var whole = Assert.Single(await SendAsync(lease));
        var byAnother = await Permissions.DecideAsync(id, "allow", Guesser, Ct);
        var ofAnother = await Permissions.DecideAsync(other, "allow", Phone, Ct);
        var shown = await Permissions.DecideAsync(id, "allow", Phone, Ct);
        var denied = await Permissions.DecideAsync(other, "deny", Guesser, Ct);

        Assert.All([before, queued, byAnother, ofAnother], refused => Assert.Equal(VerdictOutcome.NotShown, refused.Outcome));
        Assert.Equal([new OutboxButton("Allow", $"v:{id}:allow"), new OutboxButton("Deny", $"v:{id}:deny")], whole.Buttons);
        Assert.Equal((VerdictOutcome.Accepted, VerdictOutcome.Accepted), (shown.Outcome, denied.Outcome));
    }

    [Fact]
    public async Task A_short_request_has_no_more_to_see()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync());
        await OpenAsync(client, "abcde");

        Assert.Empty(Assert.Single(await SendAsync(lease)).Buttons);
    }

    [Fact]
    public async Task Approvers_are_told_once_who_guesses_ids()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync());
        await OpenAsync(client, "abcde");
        await SendAsync(lease);
        await Access.AllowAsync(Api, Guesser, Role.Talk, Alice, Ct);
        await Chats.MeetAsync(Guessers, true, Guesser, "Mal`lory\u202e", Ct);

        for (var i = 0; i < 4; i++)
        {
            await Permissions.FindOpenAsync("zzzzz", Guesser, Ct);
        }

        var before = await SendAsync(lease);
        await Permissions.FindOpenAsync("zzzzz", Guesser, Ct);
        var told = Assert.Single(await SendAsync(lease));
        await Permissions.FindOpenAsync("zzzzz", Guesser, Ct);
        var locked = await Permissions.FindOpenAsync("abcde", Guesser, Ct);

        Assert.Empty(before);
        Assert.Equal(Direct, told.Conversation);
        Assert.StartsWith("`telegram:22` (calls themselves `Mal'lory`) has named 5 wrong ids", told.Body);
        Assert.Equal(PermissionStore.LockedOut, locked);
        Assert.Empty(await SendAsync(lease));
        Assert.Equal("telegram:22", Assert.Single(await AuditedAsync("permission.lock")).Subject);
    }

    [Fact]
    public async Task Whose_pairing_code_is_guessed_until_it_is_burnt_is_told_once()
    {
        var lease = await MeetAsync();
        var code = await Pairings.NewAsync(AliceCalls, Ct);

        for (var i = 0; i < PairingCode.MaxFailed + 1; i++)
        {
            await Pairings.TryAsync(Identity.Chat("telegram", $"{600 + (i % 3)}"), "", code with { Secret = PairingCode.New().Secret }, Ct);
        }

        var told = Assert.Single(await SendAsync(lease));
        Assert.Equal(Direct, told.Conversation);
        Assert.Contains($"`{code.Handle}-…`", told.Body);
        Assert.DoesNotContain(code.Secret, told.Body);
        Assert.Empty(await SendAsync(lease));
    }

    [Fact]
    public async Task An_answer_that_does_not_arrive_says_so_and_why_in_its_sessions_conversation()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync());
        var eventId = await HearAsync("hello", "51");
        await DeliverAsync(client);
        await ReplyAsync(client, "first", eventId);
        await SendAsync(lease);
        await ReplyAsync(client, "second", eventId);
        await SendAsync(lease, result: new SendResult.Refused("Forbidden: bot was blocked by the user"));
        await ReplyAsync(client, "third", eventId);
        await Pairings.UnlinkAsync(Phone, AliceCalls, Ct);
        await SendAsync(lease);

        var answers = (await Conversations.LinesAsync(Api, Direct.ToString(), 10, Ct)).Where(line => line.Direction == "out").ToList();

        Assert.Equal(["first", "second", "third"], answers.Select(line => line.Text));
        Assert.Equal([null, "refused", "refused"], answers.Select(line => line.State));
        Assert.Equal("Forbidden: bot was blocked by the user", answers[1].Reason);
        Assert.Contains("may not see it any more", answers[2].Reason);
    }

    [Fact]
    public async Task The_message_that_brings_a_request_is_known_by_it()
    {
        var (client, lease) = (await ConnectAsync(), await MeetAsync());
        var id = await OpenAsync(client, "abcde");
        var prompt = Assert.Single(await SendAsync(lease));

        Assert.Equal(id, (await Chats.LookAsync(Phone, Direct, $"{900 + prompt.Id}", Ct)).RepliedToRequest);
        Assert.Null((await Chats.LookAsync(Phone, Direct, "1", Ct)).RepliedToRequest);
    }

    private Task<List<WorkedOn>> WorkedOnAsync() => Chats.WorkedOnAsync("team", 20, Ct);
}
