namespace Cluster.Storage.Mailboxes;

/// <summary>How many deliveries wait in each mailbox, as one node knows: counted every few seconds per session, and when the estimate says full,
/// but a large one not at each refusal, since everybody waits for the count. Deliveries that drain meanwhile only make the estimate too high; what
/// other nodes add meanwhile makes it too low by as much.</summary>
internal sealed class MailboxFill(int limit)
{
    private const long CountFor = 5_000;  // milliseconds
    private const int MostKnown = 20_000; // sessions

    private readonly long _fullFor = limit / 40; // milliseconds: the longer the count, the longer it holds

    private readonly Dictionary<string, (long CountedAt, int Waiting)> _known = [];

    public bool MustCount(string session, long now) =>
        !_known.TryGetValue(session, out var fill) || now - fill.CountedAt is var since && (since < 0 || since >= (fill.Waiting >= limit ? _fullFor : CountFor));

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
