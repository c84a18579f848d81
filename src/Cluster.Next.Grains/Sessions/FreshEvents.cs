using System.Diagnostics.CodeAnalysis;
using Cluster.Core.Grains.Sessions;

namespace Cluster.Next.Grains.Sessions;

/// <summary>Texts of events that were accepted or read a moment ago and go out soon. The log has them all; what is too much here is read again.</summary>
internal sealed class FreshEvents
{
    private const int MaxChars = 256 * 1024;

    private readonly Dictionary<long, EventAccepted> _events = [];
    private readonly Queue<long> _order = new();
    private int _chars;

    public void Add(long id, EventAccepted accepted)
    {
        if (_events.TryAdd(id, accepted))
        {
            _order.Enqueue(id);
            _chars += accepted.Body.Length;
        }

        while (_chars > MaxChars && _order.Count > 1 && _order.TryDequeue(out var oldest))
        {
            Remove(oldest);
        }
    }

    public bool TryTake(long id, [NotNullWhen(true)] out EventAccepted? accepted)
    {
        if (!_events.TryGetValue(id, out accepted))
        {
            return false;
        }

        Remove(id);
        while (_order.TryPeek(out var first) && !_events.ContainsKey(first))
        {
            _order.Dequeue();
        }

        return true;
    }

    private void Remove(long id)
    {
        if (_events.Remove(id, out var gone))
        {
            _chars -= gone.Body.Length;
        }
    }
}
