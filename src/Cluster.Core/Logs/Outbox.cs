using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cluster.Core.Logs;

/// <summary>What a grain has decided to tell another one.</summary>
/// <param name="To">The receiver's log.</param>
/// <param name="Number">Its place among all that this grain ever told that receiver, the first is 1. It outlives claims.</param>
/// <param name="Kind">What it is, as the receiver reads it.</param>
/// <param name="Body">JSON.</param>
public sealed record OutboxEntry(string To, long Number, string Kind, JsonElement Body);

/// <summary>The entries of a grain that are not acknowledged yet, one lane a receiver, each in order.</summary>
public sealed class Outbox
{
    public Dictionary<string, OutboxLane> Lanes { get; init; } = [];

    [JsonIgnore]
    public bool IsEmpty => Waiting.Count == 0;

    /// <summary>The receivers for whom something waits.</summary>
    [JsonIgnore]
    public IEnumerable<string> Receivers => Waiting;

    // Asked at every pass, where most lanes of a busy sender are empty.
    private HashSet<string> Waiting => field ??= [.. Lanes.Where(lane => lane.Value.Waiting.Count > 0).Select(lane => lane.Key)];

    /// <summary>Everything that waits for a receiver, in order.</summary>
    public IReadOnlyList<OutboxEntry> For(string receiver) => Lanes.TryGetValue(receiver, out var lane) ? lane.Waiting : [];

    /// <summary>The number that the next entry to this receiver gets.</summary>
    public long NextNumber(string receiver) => (Lanes.TryGetValue(receiver, out var lane) ? lane.Last : 0) + 1;

    internal void Apply(EntrySent sent)
    {
        if (!Lanes.TryGetValue(sent.Entry.To, out var lane))
        {
            Lanes.Add(sent.Entry.To, lane = new OutboxLane());
        }

        Acknowledge(sent.Entry.To, lane, sent.Acknowledged);
        lane.Waiting.Add(sent.Entry);
        lane.Last = sent.Entry.Number;
        Waiting.Add(sent.Entry.To);
    }

    internal void Apply(EntriesAcknowledged acknowledged)
    {
        foreach (var (to, number) in acknowledged.Numbers)
        {
            if (Lanes.TryGetValue(to, out var lane))
            {
                Acknowledge(to, lane, number);
            }
        }
    }

    private void Acknowledge(string to, OutboxLane lane, long number)
    {
        if (lane.Waiting.RemoveAll(entry => entry.Number <= number) > 0 && lane.Waiting.Count == 0)
        {
            Waiting.Remove(to);
        }
    }
}

/// <summary>What waits for one receiver, and the last number that was given.</summary>
public sealed class OutboxLane
{
    public long Last { get; set; }

    public List<OutboxEntry> Waiting { get; init; } = [];
}
