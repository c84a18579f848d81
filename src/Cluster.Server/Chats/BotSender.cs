using Cluster.Chat;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;
using Cluster.Storage.Leases;

namespace Cluster.Server.Chats;

/// <summary>Sends what waits in the outbox of one bot, while this node holds its lease, and keeps what people see under their messages
/// up to date.</summary>
internal sealed partial class BotSender(
    Bot bot, IChatBot platform, Lease lease, OutboxStore outbox, UploadStore uploads, ShownStates shown, Wakeups wakeups, TimeProvider clock, ILogger logger)
{
    private const int AtOnce = 16; // conversations

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LookAtAll = TimeSpan.FromSeconds(10);

    private bool _failing;

    public async Task RunAsync(CancellationToken ct)
    {
        using var watcher = wakeups.WatchEverything();
        var looked = 0L;
        while (true)
        {
            var topics = watcher.TakeTopics();
            if (topics is null || looked == 0 || clock.GetElapsedTime(looked) > LookAtAll)
            {
                looked = clock.GetTimestamp();
                await shown.ShowAsync(lease, bot.Name, null, ct);
            }
            else if (topics.Where(topic => topic.Contains('/', StringComparison.Ordinal)).ToList() is { Count: > 0 } sessions)
            {
                await shown.ShowAsync(lease, bot.Name, sessions, ct);
            }

            while (await SendAsync(ct))
            {
            }

            await watcher.WaitAsync(Poll, clock, ct);
        }
    }

    /// <returns>True when there may be more.</returns>
    private async Task<bool> SendAsync(CancellationToken ct)
    {
        var items = await outbox.TakeAsync(lease, bot.Name, AtOnce, ct);
        if (items.Count == 0)
        {
            return false;
        }

        // What one of them ends does not undo what the others have done: that is marked in any case, or it would be sent again.
        Exception? ended = null;
        var results = await Task.WhenAll(items.Select(async item =>
        {
            try
            {
                return (Item: item, Result: (SendResult?)await SendAsync(item, ct));
            }
            catch (Exception e) when (e is OperationCanceledException or ChatRefusedException)
            {
                ended ??= e;
                return (Item: item, Result: (SendResult?)null);
            }
        }));
        _failing &= !results.Any(one => one.Result is SendResult.Sent);
        await outbox.MarkAsync(lease, [.. results.Where(one => one.Result is not null).Select(one => (one.Item, one.Result!))], CancellationToken.None);
        return ended is null ? true : throw ended;
    }

    private async Task<SendResult> SendAsync(OutboxItem item, CancellationToken ct)
    {
        try
        {
            var place = new ChatPlace { Chat = item.Conversation.Chat, Thread = item.Conversation.Thread, Private = item.Private };
            switch (item.Kind)
            {
                case OutboxKind.React:
                    return platform is ICanReact reacting
                        ? Result(await reacting.ReactAsync(place, item.Target!, item.Body.Length == 0 ? null : item.Body, ct), message: false, last: true)
                        : new SendResult.Sent(null, true);
                case OutboxKind.Edit:
                    return Result(await platform.EditAsync(place, item.Target!, platform.Split(item.Body)[0], [], ct), message: false, last: true);
                case OutboxKind.Answer when item.Uploads.Count > 0:
                    return await FilePosts.SendAsync(platform, place, item, uploads, ct);
                default:
                    var parts = platform.Split(item.Body);
                    var last = item.PartsSent + 1 >= parts.Count;
                    var post = new ChatPost
                    {
                        Place = place,
                        Part = parts[Math.Min(item.PartsSent, parts.Count - 1)],
                        ReplyTo = item.PartsSent == 0 ? item.Target : null,
                        Buttons = last ? Buttons(item) : [],
                        Stacked = item.Kind != OutboxKind.Prompt,
                        Silent = item.Silent,
                        Once = $"{item.Id}.{item.PartsSent}",
                    };
                    return Result(await platform.PostAsync(post, ct), message: true, last);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // A platform that is away is told once, not with every item that waits for it.
            if (!_failing)
            {
                _failing = true;
                LogFailed(e, bot.Name);
            }

            return new SendResult.Later(TimeSpan.FromSeconds(Math.Min(300, 1 << Math.Min(item.Attempts, 9))), Failed: true);
        }
    }

    private static IReadOnlyList<ChatButton> Buttons(OutboxItem item) =>
    [
        .. item is { Kind: OutboxKind.Prompt, RequestId: { } request } ? VerdictButtons.For(request) : [],
        .. item.Buttons.Select(button => new ChatButton(button.Label, button.Data)),
    ];

    private static SendResult Result(ChatOutcome outcome, bool message, bool last) => outcome switch
    {
        ChatOutcome.Done(var id) => new SendResult.Sent(message ? id : null, last),
        ChatOutcome.Later(var wait) => new SendResult.Later(wait, Failed: false),
        ChatOutcome.Refused(var reason) => new SendResult.Refused(reason),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    [LoggerMessage(LogLevel.Warning, "The platform of {Bot} takes nothing now; what waits is tried again.")]
    private partial void LogFailed(Exception e, string bot);
}
