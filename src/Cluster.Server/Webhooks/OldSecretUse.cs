namespace Cluster.Server.Webhooks;

/// <summary>When the use of an old secret was noted last: of many deliveries at once, one notes it.</summary>
internal sealed class OldSecretUse
{
    private const long Never = long.MinValue;
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private long _at = Never;

    /// <returns>True for the one that shall note it.</returns>
    public bool Claim(TimeProvider clock)
    {
        var (last, now) = (Interlocked.Read(ref _at), clock.GetTimestamp());
        return (last == Never || clock.GetElapsedTime(last, now) >= Every) && Interlocked.CompareExchange(ref _at, now, last) == last;
    }
}
