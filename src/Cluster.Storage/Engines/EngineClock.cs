namespace Cluster.Storage.Engines;

/// <summary>The engine's time between two askings: what it said last, and what this machine's steady clock has counted since. A wall
/// clock that is wrong, or jumps, changes nothing.</summary>
internal sealed class EngineClock(TimeProvider local) : TimeProvider
{
    private volatile Reading _last = new(local.GetUtcNow(), local.GetTimestamp());

    public override long TimestampFrequency => local.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => _last.Said + local.GetElapsedTime(_last.At);

    public override long GetTimestamp() => local.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        local.CreateTimer(callback, state, dueTime, period);

    public void Set(DateTimeOffset now) => _last = new Reading(now, local.GetTimestamp());

    private sealed record Reading(DateTimeOffset Said, long At);
}
