namespace Cluster.Chat.Discord;

/// <summary>How fast several connections may begin sessions: as many within five seconds as Discord allows, each at its own turn
/// (Discord: Gateway, max concurrency).</summary>
internal sealed class IdentifyPace(TimeProvider clock)
{
    /// <summary>A little more than Discord's five seconds, which it measures at its own end.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5.25);

    private readonly Lock _lock = new();
    private readonly Dictionary<int, Line> _lines = [];

    /// <summary>How many may begin at once, as Discord told last.</summary>
    public int AtOnce { get; set; } = 1;

    /// <summary>Waits for a connection's turn, behind those that came before and until what they began is long enough ago.</summary>
    public async Task<Turn> TakeTurnAsync(int shard, CancellationToken ct)
    {
        var line = LineOf(shard % Math.Max(1, AtOnce));
        await line.Free.WaitAsync(ct);
        var turn = new Turn(line, clock);
        try
        {
            if (line.Next - clock.GetUtcNow() is var wait && wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, clock, ct);
            }

            return turn;
        }
        catch (OperationCanceledException)
        {
            turn.Dispose();
            throw;
        }
    }

    private Line LineOf(int key)
    {
        lock (_lock)
        {
            return _lines.TryGetValue(key, out var line) ? line : _lines[key] = new();
        }
    }

    /// <summary>Those that may not begin together.</summary>
    internal sealed class Line
    {
        public SemaphoreSlim Free { get; } = new(1);

        public DateTimeOffset Next { get; set; }
    }

    /// <summary>Lasts until the session is asked for or the try is over: to connect takes longer at one time than at another.</summary>
    internal sealed class Turn(Line line, TimeProvider clock) : IDisposable
    {
        private bool _over;

        /// <summary>The session is asked for.</summary>
        public void Identified()
        {
            line.Next = clock.GetUtcNow() + Window;
            Dispose();
        }

        public void Dispose()
        {
            if (!_over)
            {
                _over = true;
                line.Free.Release();
            }
        }
    }
}
