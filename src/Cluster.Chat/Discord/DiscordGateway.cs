namespace Cluster.Chat.Discord;

/// <summary>Keeps the connections to Discord's gateway, as many as it recommends: one, unless the bot is in very many servers (Discord: Gateway,
/// sharding). What the inbox throws climbs: the platform cannot mend it, and the next receiver resumes all the same.</summary>
internal sealed class DiscordGateway(string token, DiscordApi api, TimeProvider clock)
{
    private static readonly TimeSpan RememberEvery = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private volatile ResumeMemory? _memory;

    /// <summary>What is said in this new thread will be asked for after a gap, like all that is said to the bot.</summary>
    public void Follow(string thread) => _memory?.Move(at => at.With(new(thread, thread, Private: false)));

    public async Task ReceiveAsync(IChatInbox inbox, CancellationToken ct)
    {
        using var memory = new ResumeMemory(inbox);
        await memory.RecallAsync(ct);
        _memory = memory;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var remembering = RememberAsync(memory, stop.Token);
        var connecting = StayConnectedAsync(inbox, memory, stop.Token);
        var first = await Task.WhenAny(connecting, remembering);
        await stop.CancelAsync();
        await Task.WhenAll(connecting, remembering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var soon = new CancellationTokenSource(LastWords, clock);
        await memory.KeepAsync(soon.Token);
        await first;
    }

    /// <summary>Begins all connections again whenever Discord wants more of them. What is missed meanwhile is asked for by each new session.</summary>
    private async Task StayConnectedAsync(IChatInbox inbox, ResumeMemory memory, CancellationToken ct)
    {
        var pace = new IdentifyPace(clock);
        while (true)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var shards = Enumerable.Range(0, memory.At.Points.Count)
                .Select(shard => new DiscordShard(shard, token, api, inbox, memory, pace, clock).StayConnectedAsync(stop.Token))
                .ToList();
            var first = await Task.WhenAny(shards);
            await stop.CancelAsync();
            await ((Task)Task.WhenAll(shards)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var wanted = await first;
            memory.Move(at => at.Anew(wanted));
        }
    }

    private async Task RememberAsync(ResumeMemory memory, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(RememberEvery, clock);
        while (await timer.WaitForNextTickAsync(ct))
        {
            await memory.KeepAsync(ct);
        }
    }
}
