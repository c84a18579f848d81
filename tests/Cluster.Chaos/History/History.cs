using Cluster.Core.Events;

namespace Cluster.Chaos.History;

/// <summary>Something the load generator wants to enter once. The number stands in its text, so it is known wherever it turns up.</summary>
internal sealed record Submission(long Number, string Session);

/// <summary>One try to submit it.</summary>
internal sealed record Try
{
    public required long Number { get; init; }
    public required TimeSpan SubmittedAt { get; init; }
    public required TimeSpan AnsweredAt { get; init; }

    /// <summary>The HTTP status; 0 when no answer came.</summary>
    public required int Status { get; init; }

    /// <summary>The event's id, where the answer tells it.</summary>
    public long? EventId { get; init; }

    public bool Accepted => Status is >= 200 and < 300;
}

/// <summary>One event as a scripted session read it, in the order of its session; with the number that stands in its content.</summary>
internal sealed record Arrival(string Session, long EventId, long? Number, bool Redelivery, TimeSpan At);

/// <summary>A batch whose end a scripted session read, in the order of its session.</summary>
internal sealed record BatchRead(string Session, BatchId Batch, IReadOnlyList<long> Events, TimeSpan At);

/// <summary>A reply of a scripted session, once the tool has answered that it is sent.</summary>
internal sealed record Reply(string Session, long EventId);

/// <summary>An event as it stands in the engine at the end.</summary>
internal sealed record Entry(long EventId, long? Number, string Session, string State, int Replies);

/// <summary>What the witness in the engine saw that must never be.</summary>
internal sealed record Sighting(Violation Violation, string Detail);

/// <summary>All that was logged of one scenario.</summary>
internal sealed record RunHistory
{
    public required IReadOnlyList<Submission> Submissions { get; init; }
    public required IReadOnlyList<Try> Tries { get; init; }
    public required IReadOnlyList<Arrival> Arrivals { get; init; }
    public IReadOnlyList<BatchRead> Batches { get; init; } = [];
    public IReadOnlyList<Reply> Replies { get; init; } = [];
    public IReadOnlyList<Entry> Entries { get; init; } = [];
    public IReadOnlyList<Sighting> Sightings { get; init; } = [];

    /// <summary>The part that begins with a mark.</summary>
    public RunHistory Since(Mark mark)
    {
        List<Entry> entries = [.. Entries.Where(e => e.Number >= mark.Number)];
        var ids = entries.Select(e => (e.Session, e.EventId)).ToHashSet();
        return new RunHistory
        {
            Submissions = [.. Submissions.Where(s => s.Number >= mark.Number)],
            Tries = [.. Tries.Where(t => t.Number >= mark.Number)],
            Arrivals = [.. Arrivals.Where(a => a.Number >= mark.Number || (a.Number is null && a.At >= mark.At))],
            Batches = [.. Batches.Where(b => b.At >= mark.At)],
            Replies = [.. Replies.Where(r => ids.Contains((r.Session, r.EventId)))],
            Entries = entries,
            Sightings = [.. Sightings.Skip(mark.Sightings)],
        };
    }
}

/// <summary>Where a scenario begins in the history of a cluster that has seen others before.</summary>
/// <param name="At">When.</param>
/// <param name="Number">The first number that it may submit.</param>
/// <param name="Sightings">How much the witness had seen.</param>
/// <param name="Housekept">How many rows housekeeping had worked on.</param>
internal sealed record Mark(TimeSpan At, long Number, int Sightings, long Housekept);
