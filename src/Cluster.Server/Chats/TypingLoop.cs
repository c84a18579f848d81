using System.Data.Common;
using Cluster.Chat;
using Cluster.Core.Chats;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;

namespace Cluster.Server.Chats;

/// <summary>Shows in the conversations of one bot, while this node holds its lease, that Claude Code works on a message: from when it was
/// received until it is answered. Nobody misses what fails here, so nothing that fails is tried again before its time.</summary>
internal sealed partial class TypingLoop(Bot bot, IChatBot platform, ChatStore chats, Wakeups wakeups, TimeProvider clock, ILogger logger)
{
    private const int Most = 20; // conversations at once

    // At the most one look at the rows in this time, whatever wakes it; a look also comes so much before the platform's indicator ends.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken ct)
    {
        if (platform is not ICanShowTyping typing)
        {
            // It stays: when any part of a bot's work ends, all of it does.
            await Task.Delay(Timeout.InfiniteTimeSpan, clock, ct);
            return;
        }

        using var watcher = wakeups.WatchEverything();
        var every = typing.TypingLasts - Look;
        var shown = new Dictionary<ConversationId, long>();
        while (true)
        {
            watcher.TakeTopics(); // whatever it was, all is looked at
            var worked = await WorkedOnAsync(ct);
            shown = shown.Where(one => worked.Exists(it => it.Conversation == one.Key)).ToDictionary();
            var due = worked.Where(one => !shown.TryGetValue(one.Conversation, out var at) || clock.GetElapsedTime(at) > every - (Look / 2)).ToList();
            foreach (var one in due)
            {
                shown[one.Conversation] = clock.GetTimestamp();
            }

            await Task.WhenAll(due.Select(one => ShowAsync(typing, one, ct)));
            await Task.Delay(Look, clock, ct);
            await watcher.WaitAsync(every - Look, clock, ct);
        }
    }

    private async Task<List<WorkedOn>> WorkedOnAsync(CancellationToken ct)
    {
        try
        {
            return await chats.WorkedOnAsync(bot.Name, Most, ct);
        }
        catch (DbException e)
        {
            LogNotShown(e, bot.Name);
            return [];
        }
    }

    private async Task ShowAsync(ICanShowTyping typing, WorkedOn one, CancellationToken ct)
    {
        try
        {
            await typing.ShowTypingAsync(new ChatPlace { Chat = one.Conversation.Chat, Thread = one.Conversation.Thread, Private = one.Private }, ct);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or ChatRefusedException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            LogNotShown(e, bot.Name);
        }
    }

    [LoggerMessage(LogLevel.Debug, "{Bot} could not show that an answer is being written.")]
    private partial void LogNotShown(Exception e, string bot);
}
