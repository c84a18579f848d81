using System.Text;

namespace Cluster.Simulator.Telegram;

/// <summary>What the bot is still to be told (Telegram Bot API: getUpdates). One call at a time: a newer one ends the one that waits.</summary>
internal sealed class UpdateQueue(TimeProvider clock, long lastId)
{
    private readonly Lock _lock = new();
    private readonly List<(long Id, string Kind, string Json)> _waiting = [];
    private readonly List<(long Id, TaskCompletionSource Done)> _confirmations = [];
    private long _lastId = lastId;
    private long _confirmed;
    private HashSet<string>? _allowed;
    private Poll? _poll;
    private TaskCompletionSource _added = Poll.Sleep();

    public long LastId
    {
        get
        {
            lock (_lock)
            {
                return _lastId;
            }
        }
    }

    /// <param name="kind">Empty for what is told whatever the bot asked for.</param>
    /// <param name="json">The update's text, given its id.</param>
    public long Add(string kind, Func<long, string> json)
    {
        lock (_lock)
        {
            _waiting.Add((++_lastId, kind, json(_lastId)));
            _poll?.Wake.TrySetResult();
            _added.TrySetResult();
            return _lastId;
        }
    }

    /// <summary>Completes when the bot has acknowledged an update.</summary>
    public Task ConfirmedAsync(long id)
    {
        lock (_lock)
        {
            if (_confirmed >= id)
            {
                return Task.CompletedTask;
            }

            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _confirmations.Add((id, done));
            return done.Task;
        }
    }

    /// <summary>How many wait.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                _ = Told(1);
                return _waiting.Count;
            }
        }
    }

    /// <summary>Which kinds are told from now on; null leaves it as it is.</summary>
    public void Allow(IEnumerable<string>? kinds)
    {
        lock (_lock)
        {
            _allowed = kinds?.ToHashSet() ?? _allowed;
        }
    }

    /// <summary>The first that waits, as soon as there is one. It goes on waiting until it is acknowledged.</summary>
    public async Task<(long Id, string Json)> FirstAsync(CancellationToken ct)
    {
        while (true)
        {
            Task added;
            lock (_lock)
            {
                if (Told(1) is not null)
                {
                    return (_waiting[0].Id, _waiting[0].Json);
                }

                _added = _added.Task.IsCompleted ? Poll.Sleep() : _added;
                added = _added.Task;
            }

            await added.WaitAsync(ct);
        }
    }

    /// <summary>The bot has taken everything up to this one.</summary>
    public void Acknowledge(long id)
    {
        lock (_lock)
        {
            Confirm(id + 1);
        }
    }

    /// <summary>A whole list of updates as JSON text.</summary>
    /// <exception cref="RefusedException">Another call came meanwhile.</exception>
    public async Task<string> TakeAsync(long? offset, int limit, int timeout, IEnumerable<string>? allowed, CancellationToken ct)
    {
        var poll = new Poll();
        lock (_lock)
        {
            _poll?.Wake.TrySetResult();
            _poll = poll;
            _allowed = allowed?.ToHashSet() ?? _allowed;
            Confirm(offset ?? 0);
        }

        try
        {
            using var late = new CancellationTokenSource(TimeSpan.FromSeconds(timeout), clock);
            await using var _ = late.Token.Register(() => poll.Wake.TrySetResult());
            while (true)
            {
                lock (_lock)
                {
                    if (_poll != poll)
                    {
                        throw Superseded();
                    }

                    var told = Told(limit);
                    if (told is not null || timeout == 0 || late.IsCancellationRequested)
                    {
                        return told ?? "[]";
                    }

                    if (poll.Wake.Task.IsCompleted)
                    {
                        poll.Wake = Poll.Sleep();
                    }
                }

                await poll.Wake.Task.WaitAsync(ct);
            }
        }
        finally
        {
            lock (_lock)
            {
                _poll = _poll == poll ? null : _poll;
            }
        }
    }

    private static RefusedException Superseded() =>
        new(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running");

    private string? Told(int limit)
    {
        _waiting.RemoveAll(update => update.Kind.Length > 0 && _allowed is { Count: > 0 } && !_allowed.Contains(update.Kind));
        if (_waiting.Count == 0)
        {
            return null;
        }

        var list = new StringBuilder("[").AppendJoin(',', _waiting.Take(limit).Select(update => update.Json)).Append(']');
        return list.ToString();
    }

    private void Confirm(long offset)
    {
        _waiting.RemoveAll(update => update.Id < offset);
        _confirmed = Math.Max(_confirmed, offset - 1);
        foreach (var waiter in _confirmations.Where(waiter => waiter.Id <= _confirmed).ToList())
        {
            waiter.Done.SetResult();
            _confirmations.Remove(waiter);
        }
    }

    private sealed class Poll
    {
        public TaskCompletionSource Wake { get; set; } = Sleep();

        public static TaskCompletionSource Sleep() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
