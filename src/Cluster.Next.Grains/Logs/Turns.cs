namespace Cluster.Next.Grains.Logs;

/// <summary>One at a time for each key, in the order in which they come. For one grain's own scheduler only.</summary>
internal sealed class Turns<TKey>
    where TKey : notnull
{
    private readonly Dictionary<TKey, Turn> _last = [];

    /// <summary>Waits for those before; who disposes of it lets the next one go.</summary>
    public async Task<IDisposable> TakeAsync(TKey key)
    {
        var turn = new Turn(this, key);
        var before = _last.GetValueOrDefault(key);
        _last[key] = turn;
        if (before is not null)
        {
            await before.Ended;
        }

        return turn;
    }

    private sealed class Turn(Turns<TKey> turns, TKey key) : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => _ended.Task;

        public void Dispose()
        {
            if (turns._last.TryGetValue(key, out var last) && last == this)
            {
                turns._last.Remove(key);
            }

            _ended.TrySetResult();
        }
    }
}
