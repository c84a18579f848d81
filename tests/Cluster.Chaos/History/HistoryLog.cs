using System.Collections.Concurrent;

namespace Cluster.Chaos.History;

/// <summary>Where senders and sessions write down what happens, as it happens.</summary>
internal sealed class HistoryLog
{
    private readonly ConcurrentQueue<Submission> _submissions = new();
    private readonly ConcurrentQueue<Try> _tries = new();
    private readonly ConcurrentQueue<BatchRead> _batches = new();
    private readonly ConcurrentQueue<Reply> _replies = new();
    private readonly Lock _arriving = new();
    private readonly List<Arrival> _arrivals = [];
    private readonly HashSet<long> _missing = [];
    private readonly HashSet<long> _arrived = [];

    /// <summary>Accepted, and not yet read by its session.</summary>
    public int Missing
    {
        get
        {
            lock (_arriving)
            {
                return _missing.Count;
            }
        }
    }

    public IReadOnlyCollection<Try> Tries => _tries;

    /// <summary>The arrivals so far.</summary>
    public IReadOnlyList<Arrival> Arrivals
    {
        get
        {
            lock (_arriving)
            {
                return [.. _arrivals];
            }
        }
    }

    public void Submitted(Submission submission) => _submissions.Enqueue(submission);

    public void Tried(Try one)
    {
        _tries.Enqueue(one);
        if (one.Accepted)
        {
            lock (_arriving)
            {
                if (!_arrived.Contains(one.Number))
                {
                    _missing.Add(one.Number);
                }
            }
        }
    }

    public void Arrived(Arrival arrival)
    {
        lock (_arriving)
        {
            _arrivals.Add(arrival);
            if (arrival.Number is { } number)
            {
                _arrived.Add(number);
                _missing.Remove(number);
            }
        }
    }

    public void ReadBatch(BatchRead batch) => _batches.Enqueue(batch);

    public void Replied(Reply reply) => _replies.Enqueue(reply);

    public RunHistory Take(IReadOnlyList<Entry> entries, IReadOnlyList<Sighting> sightings) => new()
    {
        Submissions = [.. _submissions],
        Tries = [.. _tries],
        Arrivals = Arrivals,
        Batches = [.. _batches],
        Replies = [.. _replies],
        Entries = entries,
        Sightings = sightings,
    };
}
