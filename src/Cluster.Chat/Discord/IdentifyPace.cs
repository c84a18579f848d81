namespace Cluster.Chat.Discord;

/// <summary>How fast several connections may begin sessions: as many within five seconds as Discord allows, each at its own turn
/// (Discord: Gateway, max concurrency).</summary>
internal sealed class IdentifyPace(TimeProvider clock)
{
    /// <summary>A little more than Discord's five seconds, which it measures at its own end.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5.25);

    private readonly Lock _lock = new();
    private readonly Dictionary<int, DateTimeOffset> _next = [];

    /// <summary>How many may begin at once, as Discord told last.</summary>
    public int AtOnce { get; set; } = 1;

    /// <summary>Waits for a connection's turn. Those that wait for the same turn get it in the order in which they came.</summary>
    public Task WaitAsync(int shard, CancellationToken ct)
    {
        lock (_lock)
        {
            var (key, now) = (shard % Math.Max(1, AtOnce), clock.GetUtcNow());
            var turn = _next.TryGetValue(key, out var next) && next > now ? next : now;
            _next[key] = turn + Window;
            return turn > now ? Task.Delay(turn - now, clock, ct) : Task.CompletedTask;
        }
    }
}
