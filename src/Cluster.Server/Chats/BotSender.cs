using System.Security.Cryptography;
using System.Text;
using Cluster.Chat;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;
using Cluster.Storage.Leases;

namespace Cluster.Server.Chats;

/// <summary>Sends what waits in the outbox of one bot, while this node holds its lease, and keeps what people see under their messages
/// up to date.</summary>
internal sealed partial class BotSender(
    Bot bot, IChatBot platform, Lease lease, BotStore bots, OutboxStore outbox, UploadStore uploads, ShownStates shown, Wakeups wakeups, TimeProvider clock, ILogger logger)
{
    private const int AtOnce = 16; // conversations
    private const int UploadsAtOnce = 2;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LookAtAll = TimeSpan.FromSeconds(10);

    // What was begun together is marked together; whatever takes longer holds nobody up but its own conversation.
    private static readonly TimeSpan Together = TimeSpan.FromSeconds(1);

    private readonly List<Flight> _flying = [];
    private Exception? _ended;
    private DateTimeOffset _limitedUntil;
    private DateTimeOffset _reportedUntil;
    private bool _failing;

    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            await LoopAsync(ct);
        }
        finally
        {
            // What ends one of them does not undo what the others have done: that is marked in any case, or it would be sent again.
            await Task.WhenAll(_flying.Select(one => one.Sending));
            await MarkAsync();
        }
    }

    private async Task LoopAsync(CancellationToken ct)
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
        var busy = _flying.Select(one => (one.Item.Conversation, one.Item.Lane)).ToHashSet();
        var uploading = _flying.Count(one => one.Item.Uploads.Count > 0);
        var items = await outbox.TakeAsync(lease, bot.Name, AtOnce, busy, uploading < UploadsAtOnce, ct);
        var begun = items.Select(item => new Flight(item, TryAsync(item, ct))).ToList();
        _flying.AddRange(begun);
        await Task.WhenAny(Task.WhenAll(begun.Select(one => one.Sending)), Task.Delay(Together, clock, ct));
        var more = await MarkAsync();
        return _ended is null ? more : throw _ended;
    }

    /// <returns>True when something was marked.</returns>
    private async Task<bool> MarkAsync()
    {
        var landed = _flying.FindAll(one => one.Sending.IsCompleted);
        if (landed.Count == 0)
        {
            return false;
        }

        _flying.RemoveAll(landed.Contains);
        var results = new List<(OutboxItem Item, SendResult Result)>(landed.Count);
        foreach (var one in landed)
        {
            if (await one.Sending is { } result)
            {
                results.Add((one.Item, result));
            }
        }

        _failing &= !results.Exists(one => one.Result is SendResult.Sent);
        await outbox.MarkAsync(lease, results, CancellationToken.None);
        if (_limitedUntil > _reportedUntil)
        {
            _reportedUntil = _limitedUntil;
            await bots.LimitedAsync(lease, bot.Name, _limitedUntil, CancellationToken.None);
        }

        return true;
    }

    /// <returns>Null when it was ended on the way, by whatever ends the work.</returns>
    private async Task<SendResult?> TryAsync(OutboxItem item, CancellationToken ct)
    {
        try
        {
            return await SendAsync(item, ct);
        }
        catch (Exception e)
        {
            _ended ??= e;
            return null;
        }
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
                        Once = Once(item),
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

    // With its text: one that was changed while nobody knows whether the old one went out must not be taken for that.
    private static string Once(OutboxItem item) =>
        $"{item.Id}.{item.PartsSent}.{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(item.Body)).AsSpan(0, 8))}";

    private static IReadOnlyList<ChatButton> Buttons(OutboxItem item) =>
    [
        .. item is { Kind: OutboxKind.Prompt, RequestId: { } request } ? VerdictButtons.For(request, item.Buttons.Any(button => VerdictButtons.TryParseMore(button.Data, out _))) : [],
        .. item.Buttons.Select(button => new ChatButton(button.Label, button.Data)),
    ];

    private SendResult Result(ChatOutcome outcome, bool message, bool last)
    {
        switch (outcome)
        {
            case ChatOutcome.Done(var id):
                return new SendResult.Sent(message ? id : null, last);
            case ChatOutcome.Later later:
                var until = clock.GetUtcNow() + later.Wait;
                _limitedUntil = later.Told && until > _limitedUntil ? until : _limitedUntil;
                return new SendResult.Later(later.Wait, Failed: false);
            case ChatOutcome.Refused(var reason):
                return new SendResult.Refused(reason);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private sealed record Flight(OutboxItem Item, Task<SendResult?> Sending);

    [LoggerMessage(LogLevel.Warning, "The platform of {Bot} takes nothing now; what waits is tried again.")]
    private partial void LogFailed(Exception e, string bot);
}
