namespace Cluster.Simulator.Telegram;

/// <summary>The limits that Telegram states (Telegram Bots FAQ: "My bot is hitting limits"), kept to the letter.</summary>
internal sealed class RateLimits(TimeProvider clock)
{
    private readonly List<(long Chat, DateTimeOffset At)> _sent = [];

    /// <summary>How often more was asked for than is let through.</summary>
    public int TooMany { get; private set; }

    /// <exception cref="RefusedException">Too many.</exception>
    public void Count(long chat, int messages)
    {
        lock (_sent)
        {
            var now = clock.GetUtcNow();
            _sent.RemoveAll(sent => sent.At <= now - TimeSpan.FromMinutes(1));
            Check(_sent.Where(sent => sent.Chat == chat), 1, TimeSpan.FromSeconds(1), now);
            Check(_sent, 31 - messages, TimeSpan.FromSeconds(1), now);
            if (chat < 0)
            {
                Check(_sent.Where(sent => sent.Chat == chat), 21 - messages, TimeSpan.FromMinutes(1), now);
            }

            _sent.AddRange(Enumerable.Repeat((chat, now), messages));
        }
    }

    private void Check(IEnumerable<(long Chat, DateTimeOffset At)> sent, int most, TimeSpan span, DateTimeOffset now)
    {
        var within = sent.Where(one => one.At > now - span).Select(one => one.At).ToList();
        if (within.Count >= most)
        {
            TooMany++;
            throw RefusedException.TooMany(Math.Max(1, (int)Math.Ceiling((within[^most] + span - now).TotalSeconds)));
        }
    }
}
