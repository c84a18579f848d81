using Cluster.Core.Logs;

namespace Cluster.Next.Grains.Logs;

/// <summary>What passes by itself: a grain that moves, a node that is gone, a store that is away.</summary>
public static class Passing
{
    /// <summary>Whether a call has met it. What was asked may have been done; the same operation again does it no second time.</summary>
    public static bool Is(Exception e) =>
        e is TryAgainException or StoreAwayException or SiloUnavailableException or OrleansMessageRejectionException or TimeoutException;
}
