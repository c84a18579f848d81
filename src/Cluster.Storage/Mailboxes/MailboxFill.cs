namespace Cluster.Storage.Mailboxes;

/// <summary>How many deliveries wait in each mailbox, as one node knows: counted at most every few seconds per session, and exactly
/// when the estimate says full. Deliveries that drain meanwhile only make the estimate too high; what other nodes add meanwhile
/// makes it too low by as much.</summary>
internal sealed class MailboxFill(int limit)
{
    private const long CountFor = 5_000;  // milliseconds
    private const int MostKnown = 20_000; // sessions

    private readonly Dictionary<string, (long CountedAt, int Waiting)> _known = [];

    public bool MustCount(string session, long now) =>
        !_known.TryGetValue(session, out var fill) || now - fill.CountedAt > CountFor || fill.Waiting >= limit;

    public int Counted(string session, int waiting, long now)
    {
        if (_known.Count >= MostKnown)
        {
            _known.Clear();
        }

        _known[session] = (now, waiting);
        return waiting;
    }

    /// <returns>False when the mailbox is full.</returns>
    public bool TryAdd(string session)
    {
        var (countedAt, waiting) = _known.GetValueOrDefault(session);
        if (waiting >= limit)
        {
            return false;
        }

        _known[session] = (countedAt, waiting + 1);
        return true;
    }
}
