using System.Text.Json;

namespace Cluster.Chat.Telegram;

/// <summary>Long polling (Telegram Bot API: getUpdates). The offset, which makes Telegram forget, moves on only after the inbox has taken what
/// came before it. There is no first offset: what nobody took comes again, and the inbox knows what it has by its key.</summary>
internal sealed class TelegramReceiver(TelegramApi api, Func<Task<ChatAccount>> account, IChatInbox inbox, TimeProvider clock)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private long? _offset;
    private int _failures;

    public async Task RunAsync(CancellationToken ct)
    {
        while (true)
        {
            var pause = TimeSpan.Zero;
            try
            {
                pause = await PollAsync(await account(), ct);
            }
            catch (Exception e) when (e is not ChatRefusedException && !ct.IsCancellationRequested)
            {
                // Telegram is away or fails, or the inbox could not take: the same comes again. What the inbox throws is its own to log.
                pause = Backoff();
            }

            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, clock, ct);
            }
        }
    }

    /// <returns>How long to wait before the next poll.</returns>
    private async Task<TimeSpan> PollAsync(ChatAccount bot, CancellationToken ct)
    {
        var answer = await api.GetUpdatesAsync(_offset, wait: true, ct);
        switch (answer)
        {
            case { Ok: true }:
                break;
            case { ErrorCode: 429 }:
                return answer.Wait();
            case { ErrorCode: 409, Description: { } reason } when reason.Contains("webhook", StringComparison.OrdinalIgnoreCase):
                throw new ChatRefusedException(
                    "Telegram sends this bot's messages to a webhook that somebody set, so they cannot be asked for here. Call deleteWebhook, or use a bot of its own for the cluster.");
            case { ErrorCode: 409 }:
                throw new ChatRefusedException(
                    "Another program asks Telegram for this bot's messages with the same token. Stop it, or use a bot of its own for the cluster.");
            default:
                throw new HttpRequestException($"Telegram refused getUpdates: {answer.ErrorCode} {answer.Description}");
        }

        inbox.Heard();
        if (answer.Result.ValueKind != JsonValueKind.Array)
        {
            return Backoff();
        }

        var updates = new List<ChatUpdate>();
        var next = _offset;
        foreach (var told in answer.Result.EnumerateArray())
        {
            if (TelegramUpdates.IdOf(told) is { } id and < long.MaxValue && (next is null || id >= next))
            {
                next = id + 1;
            }

            if (TelegramUpdates.Read(told, bot) is { } update)
            {
                updates.Add(update);
            }
        }

        if (updates.Count > 0)
        {
            await inbox.TakeAsync(updates, ct);
        }

        if (next == _offset && answer.Result.GetArrayLength() > 0)
        {
            return Backoff(); // what has no readable id cannot be acknowledged and comes again at once
        }

        _offset = next;
        _failures = 0;
        return TimeSpan.Zero;
    }

    /// <summary>Half a second, doubled with each failure in a row; the chance in it keeps bots from coming back all at once.</summary>
    private TimeSpan Backoff()
    {
        _failures = Math.Min(_failures + 1, 7);
        var longest = TimeSpan.FromSeconds(Math.Pow(2, _failures - 1));
        return (longest < LongestPause ? longest : LongestPause) * (0.5 + (Random.Shared.NextDouble() / 2));
    }
}
