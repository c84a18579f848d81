using System.Diagnostics;

namespace Cluster.Chaos;

/// <summary>The harness' one clock: all logs of one run are on it. It never steps.</summary>
internal static class RunClock
{
    private static readonly long Start = Stopwatch.GetTimestamp();
    private static readonly DateTimeOffset StartedAt = DateTimeOffset.UtcNow;

    public static TimeSpan Now => Stopwatch.GetElapsedTime(Start);

    /// <summary>A moment as the engine tells it, on this clock: both are read on one machine.</summary>
    public static TimeSpan Of(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs) - StartedAt;
}
