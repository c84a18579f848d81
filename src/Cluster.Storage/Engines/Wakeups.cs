using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Cluster.Storage.Engines;

/// <summary>Tells waiting loops that something changed. A wake-up is a hint: it may be lost or come twice, so every listener also polls.</summary>
public sealed class Wakeups
{
    private const string Held = "held"; // no session's name

    private readonly ConcurrentDictionary<Watcher, byte> _everything = new();
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<Watcher, byte>> _topics = new();

    /// <summary>Watches one session, or whatever else bears the topic.</summary>
    public Watcher Watch(string topic)
    {
        var watcher = new Watcher(this, topic);
        lock (_topics)
        {
            _topics.GetOrAdd(topic, _ => new()).TryAdd(watcher, 0);
        }

        return watcher;
    }

    /// <summary>Watches every session; <see cref="Watcher.TakeTopics"/> tells which ones changed.</summary>
    public Watcher WatchEverything()
    {
        var watcher = new Watcher(this, null);
        _everything.TryAdd(watcher, 0);
        return watcher;
    }

    /// <summary>Watches what this node keeps back in mailboxes.</summary>
    public Watcher WatchHeld() => Watch(Held);

    /// <summary>Something came in that is kept back.</summary>
    public void RaiseHeld() => Raise(Held, onlookers: false);

    /// <summary>How many watch everything.</summary>
    public int Onlookers => _everything.Count;

    /// <summary>Anything may have changed: wake-ups were missed.</summary>
    public void RaiseEverything()
    {
        foreach (var watcher in _topics.Values.SelectMany(watchers => watchers.Keys))
        {
            watcher.Wake();
        }

        foreach (var watcher in _everything.Keys)
        {
            watcher.WakeForEverything();
        }
    }

    public void Raise(string topic) => Raise(topic, onlookers: true);

    private void Raise(string topic, bool onlookers)
    {
        if (_topics.TryGetValue(topic, out var watchers))
        {
            foreach (var watcher in watchers.Keys)
            {
                watcher.Wake();
            }
        }

        if (onlookers)
        {
            RaiseForOnlookers(topic);
        }
    }

    /// <summary>Something changed that those who look on want to see and nobody has to act on: the session's own watchers sleep on.</summary>
    public void RaiseForOnlookers(string topic)
    {
        foreach (var watcher in _everything.Keys)
        {
            watcher.Wake(topic);
        }
    }

    private void Forget(Watcher watcher, string? topic)
    {
        _everything.TryRemove(watcher, out _);
        if (topic is null)
        {
            return;
        }

        // Topics may be of one call each, so nothing may stay of one that nobody watches.
        lock (_topics)
        {
            if (_topics.TryGetValue(topic, out var watchers) && watchers.TryRemove(watcher, out _) && watchers.IsEmpty)
            {
                _topics.TryRemove(topic, out _);
            }
        }
    }

    /// <summary>One listener. Wake-ups that come while it works are kept as one.</summary>
    public sealed class Watcher : IDisposable
    {
        private readonly Channel<bool> _wake =
            Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        private readonly Wakeups _owner;
        private readonly string? _topic;
        private readonly Lock _lock = new();
        private HashSet<string>? _raised = [];

        internal Watcher(Wakeups owner, string? topic)
        {
            _owner = owner;
            _topic = topic;
        }

        public void Wake() => _wake.Writer.TryWrite(true);

        // The topic is kept before the wake-up is given, so whoever wakes finds it.
        internal void Wake(string topic)
        {
            lock (_lock)
            {
                _raised?.Add(topic);
            }

            Wake();
        }

        internal void WakeForEverything()
        {
            lock (_lock)
            {
                _raised = null;
            }

            Wake();
        }

        /// <summary>What was raised since the last time, for a watcher of everything. A wake-up may bring nothing new.</summary>
        /// <returns>Null when wake-ups were missed: anything may have changed.</returns>
        public IReadOnlyCollection<string>? TakeTopics()
        {
            lock (_lock)
            {
                var raised = _raised;
                _raised = [];
                return raised;
            }
        }

        /// <summary>Returns at a wake-up, or when it is time to poll.</summary>
        /// <returns>True at a wake-up.</returns>
        public async Task<bool> WaitAsync(TimeSpan poll, TimeProvider clock, CancellationToken ct)
        {
            if (_wake.Reader.TryRead(out _))
            {
                return true;
            }

            using var timeout = new CancellationTokenSource(poll, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
            try
            {
                return await _wake.Reader.ReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                return false; // time to poll
            }
        }

        public void Dispose() => _owner.Forget(this, _topic);
    }
}
