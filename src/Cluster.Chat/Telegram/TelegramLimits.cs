namespace Cluster.Chat.Telegram;

/// <summary>What Telegram lets a bot send (Telegram Bots FAQ: "My bot is hitting limits"): about one message a second in a chat, 20 a minute
/// in a group, which its topics share, and 30 a second in all. Only one node sends for a bot, so counting here is enough.</summary>
internal sealed class TelegramLimits(TimeProvider clock)
{
    private const int GroupBurst = 20;
    private const int WholeBurst = 30;

    private static readonly TimeSpan ChatSpan = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan GroupSpan = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Chat> _chats = [];
    private readonly Queue<TimeSpan> _whole = [];
    private TimeSpan _wholeHeldUntil;
    private TimeSpan _swept;

    /// <summary>Asks to send messages into a chat.</summary>
    /// <param name="chat">Where.</param>
    /// <param name="messages">How many at once: an album is as many as it has files. Telegram does not say how it counts them; so none is too many.</param>
    /// <returns>How long to wait before asking again, or null when they may go; then they are counted.</returns>
    public TimeSpan? Take(string chat, int messages = 1)
    {
        lock (_lock)
        {
            var now = Now();
            Sweep(now);
            var one = _chats.TryGetValue(chat, out var known) ? known : _chats[chat] = new Chat();
            Forget(one.Sent, now - GroupSpan);
            Forget(_whole, now - ChatSpan);
            var free = Latest(
                one.HeldUntil,
                _wholeHeldUntil,
                one.Sent.Count > 0 ? one.Last + ChatSpan : default,
                IsGroup(chat) ? FreeAt(one.Sent, messages, GroupBurst, GroupSpan) : default,
                FreeAt(_whole, messages, WholeBurst, ChatSpan));
            if (free > now)
            {
                return free - now;
            }

            for (var i = 0; i < messages; i++)
            {
                one.Sent.Enqueue(now);
                _whole.Enqueue(now);
            }

            one.Last = now + ((messages - 1) * ChatSpan);
            return null;
        }
    }

    /// <summary>How long nothing at all may be asked for a chat, or for the bot, because Telegram said so; null when it may.</summary>
    public TimeSpan? Held(string? chat)
    {
        lock (_lock)
        {
            var now = Now();
            var until = Latest(_wholeHeldUntil, chat is not null && _chats.TryGetValue(chat, out var one) ? one.HeldUntil : default);
            return until > now ? until - now : null;
        }
    }

    /// <summary>Telegram answered 429 (Telegram Bot API: ResponseParameters, retry_after). It does not say whose limit it was: a call without a
    /// chat, or a second chat while another one is held, means the bot's.</summary>
    public void Hold(string? chat, TimeSpan wait)
    {
        lock (_lock)
        {
            var now = Now();
            var until = now + wait;
            if (chat is null || _chats.Any(other => other.Key != chat && other.Value.HeldUntil > now))
            {
                _wholeHeldUntil = Latest(_wholeHeldUntil, until);
                return;
            }

            var one = _chats.TryGetValue(chat, out var known) ? known : _chats[chat] = new Chat();
            one.HeldUntil = Latest(one.HeldUntil, until);
        }
    }

    // Groups and supergroups have negative ids, people positive ones.
    private static bool IsGroup(string chat) => chat.StartsWith('-');

    private static TimeSpan FreeAt(Queue<TimeSpan> sent, int more, int most, TimeSpan span) =>
        sent.Count + more > most ? sent.ElementAt(sent.Count + more - most - 1) + span : default;

    private static TimeSpan Latest(params ReadOnlySpan<TimeSpan> times)
    {
        var latest = TimeSpan.Zero;
        foreach (var time in times)
        {
            latest = time > latest ? time : latest;
        }

        return latest;
    }

    private static void Forget(Queue<TimeSpan> sent, TimeSpan until)
    {
        while (sent.TryPeek(out var first) && first <= until)
        {
            sent.Dequeue();
        }
    }

    // By the steady clock: a machine whose date jumps must neither flood nor fall silent.
    private TimeSpan Now() => clock.GetElapsedTime(0);

    private void Sweep(TimeSpan now)
    {
        if (now - _swept < GroupSpan)
        {
            return;
        }

        _swept = now;
        foreach (var (name, chat) in _chats)
        {
            if (chat.Last <= now - GroupSpan && chat.HeldUntil <= now)
            {
                _chats.Remove(name);
            }
        }
    }

    private sealed class Chat
    {
        public Queue<TimeSpan> Sent { get; } = [];

        public TimeSpan Last { get; set; }

        public TimeSpan HeldUntil { get; set; }
    }
}
