using System.Text.Json.Serialization;
using Cluster.Core.Events;

namespace Cluster.Core.Grains.Sessions;

/// <summary>An event on its way through a mailbox. Its text stays in the log, at the position that is its id.</summary>
public sealed class MailboxItem
{
    public required long Id { get; init; }

    public required EventKind Kind { get; init; }

    public required string Sender { get; init; }

    public required string Principal { get; init; }

    /// <summary>The standing under which it was accepted.</summary>
    public long Standing { get; init; }

    public required string ChatId { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public required int Priority { get; init; }

    /// <summary>Bytes of its record.</summary>
    public required int Bytes { get; init; }

    /// <summary>How often it was sent.</summary>
    public int Attempts { get; set; }
}

/// <summary>What a session still has to be told, what was sent and is not confirmed, and what was received and is not answered.</summary>
public sealed class Mailbox
{
    /// <summary>Bytes of one batch, roughly.</summary>
    public const int MaxBatchBytes = 256 * 1024;

    /// <summary>Received events that are remembered until they are answered.</summary>
    public const int MaxReceived = 1000;

    private const int LastPriority = 2;

    private DateTimeOffset? _nextExpiry;

    /// <summary>By id, which is the order in which they came.</summary>
    public List<MailboxItem> Waiting { get; init; } = [];

    public List<MailboxItem> Sent { get; init; } = [];

    /// <summary>The batch that is out; null when everything sent is confirmed.</summary>
    public BatchId? Out { get; set; }

    /// <summary>The position at which it was recorded.</summary>
    public long OutSince { get; set; }

    public List<MailboxItem> Received { get; init; } = [];

    public int Count => Waiting.Count + Sent.Count;

    /// <summary>What the next batch holds: what goes first by priority, and within one in the order of ids.</summary>
    /// <param name="now">What has expired by then is left out.</param>
    /// <param name="also">An event that is being accepted, and waits behind all others of its priority.</param>
    public List<long> NextBatch(DateTimeOffset now, MailboxItem? also = null)
    {
        var batch = new List<long>();
        var bytes = 0;
        for (var priority = 0; priority <= LastPriority; priority++)
        {
            foreach (var item in Waiting)
            {
                if (item.Priority == priority && item.ExpiresAt > now && !Take(item))
                {
                    return batch;
                }
            }

            if (also?.Priority == priority && !Take(also))
            {
                return batch;
            }
        }

        return batch;

        bool Take(MailboxItem item)
        {
            if (batch.Count == BatchId.MaxDeliveries || (batch.Count > 0 && bytes + item.Bytes > MaxBatchBytes))
            {
                return false;
            }

            batch.Add(item.Id);
            bytes += item.Bytes;
            return true;
        }
    }

    /// <summary>The ids of what has waited too long.</summary>
    public List<long> Expired(DateTimeOffset now) => [.. Waiting.Where(item => item.ExpiresAt <= now).Select(item => item.Id)];

    /// <summary>When the next event expires; null when none waits.</summary>
    [JsonIgnore]
    public DateTimeOffset? NextExpiry => Waiting.Count == 0 ? null : _nextExpiry ??= Waiting.Min(item => item.ExpiresAt);

    internal void Accept(MailboxItem item)
    {
        // Asked for with every event that comes: only what leaves makes it be sought anew.
        _nextExpiry = Waiting.Count == 0 || item.ExpiresAt < NextExpiry ? item.ExpiresAt : _nextExpiry;
        Waiting.Add(item);
    }

    internal void Send(BatchId batch, IReadOnlyList<long> ids, long position)
    {
        Return();
        var taken = Take(ids);
        foreach (var item in taken)
        {
            item.Attempts++;
        }

        Sent.AddRange(taken);
        Out = batch;
        OutSince = position;
    }

    internal void Confirm()
    {
        Received.AddRange(Sent.Where(item => item.Kind != EventKind.Verdict));
        if (Received.Count > MaxReceived)
        {
            Received.RemoveRange(0, Received.Count - MaxReceived);
        }

        Sent.Clear();
        Out = null;
    }

    internal void Answer(IEnumerable<long> ids)
    {
        var answered = ids.ToHashSet();
        Received.RemoveAll(item => answered.Contains(item.Id));
        Waiting.RemoveAll(item => answered.Contains(item.Id));
        _nextExpiry = null;
        if (Sent.RemoveAll(item => answered.Contains(item.Id)) > 0 && Sent.Count == 0)
        {
            Out = null;
        }
    }

    internal void End(IReadOnlyList<long> ids)
    {
        Take(ids);
        Sent.RemoveAll(item => ids.Contains(item.Id));
    }

    /// <summary>What was sent and never confirmed waits again, before what came behind it.</summary>
    internal void Return()
    {
        if (Sent.Count > 0)
        {
            _nextExpiry = null;
            Waiting.AddRange(Sent);
            Waiting.Sort((a, b) => a.Id.CompareTo(b.Id));
            Sent.Clear();
        }

        Out = null;
    }

    private List<MailboxItem> Take(IReadOnlyList<long> ids)
    {
        var wanted = ids.ToHashSet();
        var taken = Waiting.FindAll(item => wanted.Contains(item.Id));
        Waiting.RemoveAll(item => wanted.Contains(item.Id));
        _nextExpiry = null;
        return taken;
    }
}
