using System.Text.Json;

namespace Cluster.Chat.Telegram;

/// <summary>Long polling (Telegram Bot API: getUpdates). The offset, which makes Telegram forget, moves on only after the inbox has taken what
/// came before it. There is no first offset: what nobody took comes again, and the inbox knows what it has by its key.</summary>
internal sealed class TelegramReceiver(TelegramApi api, Func<Task<ChatAccount>> account, IChatInbox inbox, TimeProvider clock)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private long? _offset;
    private Decided? _decided;
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

    /// <summary>Takes once more, in the same way, the albums that were put together and that Telegram may not know to be taken, and tells it so. Whoever
    /// is told their parts one by one would take them for new.</summary>
    public async Task SettleAsync(CancellationToken ct)
    {
        var decided = Decided.Parse(await inbox.RecallAsync(ct));
        if (decided == Decided.None)
        {
            return;
        }

        var page = Read(await AskOnceAsync(ct), await account(), out _);
        if (page.FindLastIndex(told => decided.Holds(told.Id)) is >= 0 and var last)
        {
            await TakeAsync(TelegramAlbums.Join(page[..(last + 1)]), ct);
            _offset = page[last].Id + 1;
            await AskOnceAsync(ct); // which forgets them there; what else it tells comes again
        }
    }

    private async Task<JsonElement> AskOnceAsync(CancellationToken ct) => await AskAsync(wait: false, ct) switch
    {
        { Ok: true, Result: { ValueKind: JsonValueKind.Array } updates } => updates,
        { Ok: true } => throw new HttpRequestException("What Telegram tells are no updates."),
        _ => throw new HttpRequestException("Telegram wants to be asked later."),
    };

    /// <returns>How long to wait before the next poll.</returns>
    private async Task<TimeSpan> PollAsync(ChatAccount bot, CancellationToken ct)
    {
        var decided = _decided ??= Decided.Parse(await inbox.RecallAsync(ct));
        var albums = new TelegramAlbums(decided, clock);
        var taken = new HashSet<long>();
        for (var wait = true; ; wait = false)
        {
            var answer = await AskAsync(wait, ct);
            if (!answer.Ok)
            {
                return answer.Wait();
            }

            inbox.Heard();
            if (answer.Result.ValueKind != JsonValueKind.Array)
            {
                return Backoff();
            }

            var page = Read(answer.Result, bot, out var next);
            if (page.FindLastIndex(told => decided.Holds(told.Id)) is >= 0 and var last)
            {
                // These come first, as they were; what came after them is asked for again.
                page = page[..(last + 1)];
                next = page[last].Id + 1;
            }

            var growing = albums.Growing(page, answer.Result.GetArrayLength());
            if (growing.Count > 0)
            {
                // Nobody else waits for somebody's album. Without a new offset everything comes again, and with it what is new.
                await TakeAsync(TelegramAlbums.Join(page.Where(told => !growing.Contains(told.Update.Place) && taken.Add(told.Id))), ct);
                await Task.Delay(TelegramAlbums.Look, clock, ct);
                continue;
            }

            var rest = page.Where(told => !taken.Contains(told.Id)).ToList();
            if (rest.Exists(told => told.Album is not null && !decided.Holds(told.Id)))
            {
                // Before it is taken: whoever is told them again joins the same ones.
                var now = new Decided(page.Min(told => told.Id), page.Max(told => told.Id));
                await inbox.RememberAsync(now.ToString(), ct);
                _decided = now;
            }

            await TakeAsync(TelegramAlbums.Join(rest), ct);
            if (next == _offset && answer.Result.GetArrayLength() > 0)
            {
                return Backoff(); // what has no readable id cannot be acknowledged and comes again at once
            }

            _offset = next;
            _failures = 0;
            return TimeSpan.Zero;
        }
    }

    /// <returns>What Telegram tells, or that it wants to be left alone.</returns>
    private async Task<TelegramAnswer> AskAsync(bool wait, CancellationToken ct) => await api.GetUpdatesAsync(_offset, wait, ct) switch
    {
        var answer when answer.Ok || answer.ErrorCode == 429 => answer,
        { ErrorCode: 409, Description: { } reason } when reason.Contains("webhook", StringComparison.OrdinalIgnoreCase) =>
            throw new ChatRefusedException(
                "Telegram sends this bot's messages to a webhook that somebody set, so they cannot be asked for here. Call deleteWebhook, or use a bot of its own for the cluster."),
        { ErrorCode: 409 } => throw new ChatRefusedException(
            "Another program asks Telegram for this bot's messages with the same token. Stop it, or use a bot of its own for the cluster."),
        var refused => throw new HttpRequestException($"Telegram refused getUpdates: {refused.ErrorCode} {refused.Description}"),
    };

    private List<Told> Read(JsonElement updates, ChatAccount bot, out long? next)
    {
        var page = new List<Told>();
        next = _offset;
        foreach (var told in updates.EnumerateArray())
        {
            var id = TelegramUpdates.IdOf(told);
            if (id is < long.MaxValue && (next is null || id >= next))
            {
                next = id + 1;
            }

            if (id is not null && TelegramUpdates.Read(told, bot) is { } update)
            {
                page.Add(new(id.Value, update, TelegramUpdates.AlbumOf(told)));
            }
        }

        return page;
    }

    private async Task TakeAsync(IReadOnlyList<ChatUpdate> updates, CancellationToken ct)
    {
        if (updates.Count > 0)
        {
            await inbox.TakeAsync(updates, ct);
        }
    }

    /// <summary>Half a second, doubled with each failure in a row; the chance in it keeps bots from coming back all at once.</summary>
    private TimeSpan Backoff()
    {
        _failures = Math.Min(_failures + 1, 7);
        var longest = TimeSpan.FromSeconds(Math.Pow(2, _failures - 1));
        return (longest < LongestPause ? longest : LongestPause) * (0.5 + (Random.Shared.NextDouble() / 2));
    }
}
