using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Storage.Chats;
using Cluster.Storage.Leases;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Chats;

/// <summary>Somebody with a phone, who has met the bot <c>team</c>, and what is done for them.</summary>
public abstract class ChatSuite(TestDatabase database) : StoreSuite(database)
{
    protected static readonly Identity Phone = Identity.Chat("telegram", "184");
    protected static readonly ConversationId Direct = ConversationId.Parse("telegram:184@team");

    protected LeaseStore Leases => new(Engine);

    protected OutboxStore Outbox => new(Engine, Leases);

    protected ChatStore Chats => new(Engine);

    protected PairingStore Pairings => new(Engine);

    protected ShownStates Shown => new(Engine, Leases);

    /// <summary>The phone is alice's, or somebody's whom her session's list lets talk.</summary>
    protected async Task<Lease> MeetAsync(bool asBob = false)
    {
        if (asBob)
        {
            await Access.AllowAsync(Api, Phone, Role.Talk, Alice, Ct);
        }
        else
        {
            await Pairings.TryAsync(Phone, "", await Pairings.NewAsync(AliceCalls, Ct), Ct);
        }

        await Chats.MeetAsync(Direct, true, Phone, "Alice", Ct);
        return (await Leases.TakeAsync("bot:team", Ct))!;
    }

    protected async Task<long> HearAsync(string text, string messageId)
    {
        var eventId = Assert.IsType<AppendOutcome.Accepted>(
            await AppendAsync(await MessageAsync(text, Phone) with { ChatId = Direct.ToString() })).EventId;
        await Chats.NoteAsync(Direct, messageId, Api, eventId, Ct);
        return eventId;
    }

    protected Task<ToolOutcome> ReplyAsync(Client client, string text, long? replyTo) =>
        Tools.ReplyAsync(Call(client, text), Direct.ToString(), text, replyTo, Ct);

    protected async Task<long> OpenAsync(Client client, string requestId, string preview = "rm -rf build")
    {
        await Permissions.OpenAsync(
            (await McpSessions.FindAsync(client.Id, AliceCalls.TokenId, Ct))!, requestId, "Bash", "", preview, TimeSpan.FromMinutes(10), Ct);
        return long.Parse((await Permissions.ListAsync(Api, 1, Ct))[0].Id);
    }

    /// <summary>All that may go out of one lane is sent, each as a message of its own.</summary>
    /// <returns>What it was.</returns>
    protected async Task<List<OutboxItem>> SendAsync(Lease lease, int? lane = null, SendResult? result = null)
    {
        var all = await Outbox.TakeAsync(lease, "team", 100, Ct);
        var sent = all.Where(item => lane is null || item.Lane == lane).ToList();
        await Outbox.MarkAsync(lease, [.. sent.Select(item => (item, result ?? new SendResult.Sent($"{900 + item.Id}", Last: true)))], Ct);
        return sent;
    }

    protected static ToolCall Call(Client client, string id) =>
        new() { McpSession = client.Id, Session = client.Session, RequestId = id, ArgumentsHash = id };
}
