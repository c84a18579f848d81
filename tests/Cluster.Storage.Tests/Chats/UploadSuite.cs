using System.Text;
using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Chats;
using Cluster.Storage.Leases;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Chats;

public sealed class SqliteUploadTests() : UploadSuite(new SqliteDatabase());

public sealed class PostgresUploadTests() : UploadSuite(new PostgresDatabase());

public abstract class UploadSuite(TestDatabase database) : StoreSuite(database)
{
    private static readonly Identity Phone = Identity.Chat("telegram", "184");
    private static readonly ConversationId Direct = ConversationId.Parse("telegram:184@team");

    private LeaseStore Leases => new(Engine);

    private OutboxStore Outbox => new(Engine, Leases);

    private UploadStore Uploads => new(Engine);

    [Fact]
    public async Task A_file_is_read_as_it_was_written_piece_by_piece_and_again()
    {
        var id = await UploadAsync("one ", "two ", "three");

        var upload = Assert.Single(await Uploads.FindAsync([id], Ct));

        Assert.Equal(("plan.txt", 13L), (upload.Name, upload.Size));
        Assert.Equal(["one two three", "one two three"], [await ReadAsync(upload), await ReadAsync(upload)]);
    }

    [Fact]
    public async Task Files_go_out_behind_the_text_and_are_forgotten_once_they_are_sent()
    {
        var (client, lease, eventId) = await AskedAsync();
        var id = await UploadAsync("one");

        var outcome = await ReplyAsync(client, "see", eventId, id);
        var text = await SendAsync(lease, "1203");
        var files = await SendAsync(lease, "1204");

        Assert.False(outcome.Refused, outcome.Text);
        Assert.Equal(("see", "51", 0), (text.Body, text.Target, text.Uploads.Count));
        Assert.Equal([id], files.Uploads);
        Assert.Null(files.Target);
        Assert.Equal((0L, 0L), (await CountAsync("upload"), await CountAsync("upload_chunk")));
        Assert.Equal("see\n[file: plan.txt, 3 bytes]", (await Conversations.LinesAsync(Api, Direct.ToString(), 10, Ct))[^1].Text);
        Assert.Equal(["1203", "1204"], (await new CallOutcomes(Engine).FindAsync(outcome.CallId!.Value, Ct)).Messages.Select(one => one.Id));
    }

    [Fact]
    public async Task Files_without_a_text_answer_the_message_themselves()
    {
        var (client, lease, eventId) = await AskedAsync();
        var id = await UploadAsync("one");

        await ReplyAsync(client, "", eventId, id);
        var files = await SendAsync(lease, "1204");

        Assert.Equal(("51", 1), (files.Target, files.Uploads.Count));
        Assert.Empty(await Outbox.TakeAsync(lease, "team", 10, Ct));
    }

    [Fact]
    public async Task Files_of_an_album_all_stand_for_the_answer_and_none_of_them_can_be_edited()
    {
        var (client, lease, eventId) = await AskedAsync();
        await ReplyAsync(client, "", eventId, await UploadAsync("one"), await UploadAsync("two"));

        var item = Assert.Single(await Outbox.TakeAsync(lease, "team", 10, Ct));
        await Outbox.MarkAsync(lease, [(item, new SendResult.Sent("1204", Last: true) { Others = ["1205"] })], Ct);
        var known = await new ChatStore(Engine).LookAsync(Phone, Direct, "1205", Ct);
        var edited = await new ChatActs(Engine).EditAsync(
            Call(client, "edit"), new ChatReply { ChatId = Direct.ToString(), Text = "x", Markdown = "x" }, "1205", _ => true, Ct);

        Assert.Equal(Api, known.RepliedTo);
        Assert.Contains("is a file", edited.Text);
    }

    [Fact]
    public async Task Files_that_wait_are_not_sent_to_somebody_who_was_revoked_meanwhile_and_are_forgotten()
    {
        var (client, lease, eventId) = await AskedAsync(asBob: true);
        await ReplyAsync(client, "", eventId, await UploadAsync("a secret"));

        await Access.RevokeAsync(Api, Phone, Role.None, Alice, Ct);

        Assert.Empty(await Outbox.TakeAsync(lease, "team", 10, Ct));
        Assert.Equal(0, await CountAsync("upload_chunk"));
    }

    [Fact]
    public async Task Only_whole_unused_files_of_the_same_session_are_sent_and_else_nothing_is()
    {
        var (client, lease, eventId) = await AskedAsync();
        var web = new SessionId("alice", "web");
        await Sessions.EnsureAsync(web, "test", Ct);
        var used = await UploadAsync("used");
        await ReplyAsync(client, "", eventId, used);
        await SendAsync(lease, "1204");
        var good = await UploadAsync("good");
        var half = await Uploads.BeginAsync(Api, "half", MediaTypes.Unknown, Ct);
        await Uploads.AddAsync(Api, half, 0, Utf8("half"), Ct);
        var others = await Uploads.BeginAsync(web, "others", MediaTypes.Unknown, Ct);
        await Uploads.AddAsync(web, others, 0, Utf8("others"), Ct);
        await Uploads.CompleteAsync(others, Ct);

        foreach (var bad in new[] { used, half, others, "up_unknown", good })
        {
            Assert.True((await ReplyAsync(client, $"with {bad}", eventId, good, bad)).Refused);
        }

        Assert.Empty(await Outbox.TakeAsync(lease, "team", 10, Ct));
        Assert.False((await ReplyAsync(client, "", eventId, good)).Refused);
    }

    [Fact]
    public async Task Files_do_not_go_to_the_page()
    {
        var client = await ConnectAsync();
        var eventId = await AcceptAsync();
        await DeliverAsync(client);

        var outcome = await Tools.ReplyAsync(
            Call(client, "1"), new ChatReply { ChatId = Bob.Value, Text = "see", Markdown = "see", ReplyTo = eventId, Files = [await UploadAsync("one")] }, Ct);

        Assert.Contains("files go to chats only", outcome.Text);
    }

    [Fact]
    public async Task A_session_has_so_much_here_unused_and_no_more()
    {
        var id = await UploadAsync("one");
        await Engine.TurnAsync(
            turn => turn.Db.ExecuteAsync("UPDATE upload SET size = @size WHERE id = @id", ("@size", UploadStore.MaxUnused), ("@id", id)), Ct);

        var refused = await Uploads.BeginAsync(Api, "more", MediaTypes.Unknown, Ct);
        Assert.False(await Uploads.AddAsync(Api, refused, 0, Utf8("x"), Ct));

        Assert.Empty(await Uploads.FindAsync([refused], Ct));
        Assert.Equal(1, await CountAsync("upload"));
    }

    [Fact]
    public async Task What_no_answer_used_within_the_hour_is_forgotten_and_what_waits_to_be_sent_stays()
    {
        var (client, lease, eventId) = await AskedAsync();
        var waits = await UploadAsync("waits");
        await ReplyAsync(client, "", eventId, waits);
        await UploadAsync("unused");
        Clock.Advance(TimeSpan.FromMinutes(59));
        await Engine.TurnAsync(UploadStore.SweepAsync, Ct);
        var before = await CountAsync("upload");

        Clock.Advance(TimeSpan.FromMinutes(1));
        await Engine.TurnAsync(UploadStore.SweepAsync, Ct);

        Assert.Equal(2, before);
        Assert.Equal(1, await CountAsync("upload_chunk"));
        Assert.Single(await Uploads.FindAsync([waits], Ct));
    }

    [Fact]
    public async Task What_a_removed_bot_was_to_send_is_forgotten()
    {
        var (client, _, eventId) = await AskedAsync();
        var bots = new BotStore(Engine, Leases, Box);
        await bots.AddAsync("team", "telegram", new Uri("https://api.example"), "1:token", ("1", "bot", null), webhook: false, AliceCalls, Ct);
        await ReplyAsync(client, "", eventId, await UploadAsync("one"));

        await bots.RemoveAsync("team", AliceCalls, Ct);
        await Engine.TurnAsync(UploadStore.SweepAsync, Ct);

        Assert.Equal((0L, 0L), (await CountAsync("upload"), await CountAsync("upload_chunk")));
    }

    [Fact]
    public async Task The_files_of_a_message_stand_with_its_event()
    {
        IReadOnlyList<Attachment> files = [new() { Id = "secret-1", Kind = "photo", Name = "a.png", Size = 3 }, new() { Id = "secret-2", Kind = "voice" }];
        var eventId = Assert.IsType<AppendOutcome.Accepted>(
            await AppendAsync(await MessageAsync("see", Bob) with { Payload = Attachments.Write(files) })).EventId;

        var stored = await Conversations.FindAsync(Api, eventId, Ct);

        Assert.Equal(files, Attachments.Read(stored!.Payload));
    }

    private async Task<string> UploadAsync(params string[] pieces)
    {
        var id = await Uploads.BeginAsync(Api, "plan.txt", MediaTypes.Unknown, Ct);
        for (var place = 0; place < pieces.Length; place++)
        {
            Assert.True(await Uploads.AddAsync(Api, id, place, Utf8(pieces[place]), Ct));
        }

        await Uploads.CompleteAsync(id, Ct);
        return id;
    }

    private async Task<string> ReadAsync(Upload upload)
    {
        using var reader = new StreamReader(Uploads.Open(upload), Encoding.UTF8);
        return await reader.ReadToEndAsync(Ct);
    }

    private async Task<(Client Client, Lease Lease, long EventId)> AskedAsync(bool asBob = false)
    {
        var client = await ConnectAsync();
        if (asBob)
        {
            await Access.AllowAsync(Api, Phone, Role.Talk, Alice, Ct);
        }
        else
        {
            await new PairingStore(Engine).TryAsync(Phone, "", await new PairingStore(Engine).NewAsync(AliceCalls, Ct), Ct);
        }

        await new ChatStore(Engine).MeetAsync(Direct, true, Phone, "Alice", Ct);
        var lease = (await Leases.TakeAsync("bot:team", Ct))!;
        var eventId = Assert.IsType<AppendOutcome.Accepted>(
            await AppendAsync(await MessageAsync("is main green?", Phone) with { ChatId = Direct.ToString() })).EventId;
        await new ChatStore(Engine).NoteAsync(Direct, "51", Api, eventId, Ct);
        await DeliverAsync(client);
        return (client, lease, eventId);
    }

    private async Task<OutboxItem> SendAsync(Lease lease, string messageId)
    {
        var item = Assert.Single(await Outbox.TakeAsync(lease, "team", 10, Ct));
        await Outbox.MarkAsync(lease, [(item, new SendResult.Sent(messageId, Last: true))], Ct);
        return item;
    }

    private Task<ToolOutcome> ReplyAsync(Client client, string text, long replyTo, params string[] files) => Tools.ReplyAsync(
        Call(client, $"{text} {string.Join(' ', files)}"),
        new ChatReply { ChatId = Direct.ToString(), Text = text, Markdown = text, ReplyTo = replyTo, Files = files },
        Ct);

    private static ToolCall Call(Client client, string id) =>
        new() { McpSession = client.Id, Session = client.Session, RequestId = id, ArgumentsHash = id };
}
