namespace Cluster.Next.Grains.Logs;

/// <summary>How long to wait before the next try: 50 to 500 ms, more with each failure up to five seconds, never the same for two.</summary>
public static class Backoff
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    public static TimeSpan After(int failures, double chance)
    {
        var most = TimeSpan.FromMilliseconds(500 * Math.Pow(2, Math.Clamp(failures - 1, 0, 10)));
        most = most < Longest ? most : Longest;
        return TimeSpan.FromMilliseconds(50) + ((most - TimeSpan.FromMilliseconds(50)) * chance);
    }

    public static Task WaitAsync(int failures, TimeProvider clock, CancellationToken ct = default) =>
        Task.Delay(After(failures, Random.Shared.NextDouble()), clock, ct);
}
