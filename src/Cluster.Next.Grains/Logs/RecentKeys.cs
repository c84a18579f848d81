using Cluster.Core.Logs;

namespace Cluster.Next.Grains.Logs;

/// <summary>
/// Which keys of a grain are known. To look in the store first would cost every message a round trip, so it is looked into only while repeats are
/// likely: when the grain has just begun, since callers whom the death of the last activation has cut off ask again, and when a repeat was met that
/// is not in memory. Else a key is taken as new, and the log refuses it if it is not.
/// </summary>
/// <param name="lookUpFor">How long the store is asked from then on.</param>
internal sealed class RecentKeys(TimeSpan lookUpFor)
{
    private const int Most = 256;

    private readonly Dictionary<(string Scope, string Key), KnownKey> _keys = [];
    private readonly Queue<(string Scope, string Key)> _order = new();
    private DateTimeOffset _lookUpUntil = DateTimeOffset.MaxValue;

    public bool AsksStore(DateTimeOffset now) => now < _lookUpUntil;

    /// <summary>Repeats are likely from now on.</summary>
    public void Expect(DateTimeOffset now) => _lookUpUntil = now + lookUpFor;

    public void Add(KnownKey key)
    {
        if (_keys.TryAdd((key.Scope, key.Key), key))
        {
            _order.Enqueue((key.Scope, key.Key));
        }

        while (_order.Count > Most)
        {
            _keys.Remove(_order.Dequeue());
        }
    }

    public IReadOnlyList<KnownKey> Find(IReadOnlyList<(string Scope, string Key)> keys)
    {
        List<KnownKey>? known = null;
        foreach (var key in keys)
        {
            if (_keys.TryGetValue(key, out var one))
            {
                (known ??= []).Add(one);
            }
        }

        return known ?? (IReadOnlyList<KnownKey>)[];
    }
}
