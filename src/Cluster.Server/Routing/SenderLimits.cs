using System.Threading.RateLimiting;
using Cluster.Core.Access;
using Cluster.Server.Nodes;
using Cluster.Server.Security;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Routing;

/// <summary>How much each sender may say on this node, and how much of one source is in the works at once, so that a loud one takes neither the
/// others' time nor their place.</summary>
public sealed class SenderLimits(IOptions<ClusterOptions> options, Refusals refusals) : IAsyncDisposable
{
    // A place for what a source may send in 50 ms: that long a commit may take before the source feels it, and others wait behind few.
    private const int PerPlace = 20;
    private const int FewestPlaces = 4;

    private readonly PartitionedRateLimiter<Identity> _said = PartitionedRateLimiter.Create<Identity, Identity>(sender =>
    {
        var limits = options.Value.Limits;
        return RateLimitPartition.Get(sender, _ => sender.Value.StartsWith("source:", StringComparison.Ordinal)
            ? new SteadyBucket(Burst(limits), limits.WebhooksPerSecond)
            : new SteadyBucket(limits.MessagesPerMinute, Math.Max(1, limits.MessagesPerMinute / 60)));
    });

    private readonly PartitionedRateLimiter<Identity> _places = PartitionedRateLimiter.Create<Identity, Identity>(source =>
    {
        var limits = options.Value.Limits;
        return RateLimitPartition.GetConcurrencyLimiter(source, _ => new ConcurrencyLimiterOptions
        {
            PermitLimit = Math.Max(FewestPlaces, limits.WebhooksPerSecond / PerPlace),
            QueueLimit = Burst(limits),
        });
    });

    /// <summary>Whether a sender has nothing left of its limit. Only what it proved was counted, so nobody else can use it up.</summary>
    public bool IsSpent(Identity sender) => _said.GetStatistics(sender) is { CurrentAvailablePermits: 0 };

    /// <summary>Counts one thing that a sender says against its limit.</summary>
    /// <returns>How long to wait, when it says too much; null when it may be said.</returns>
    public TimeSpan? Throttle(Identity sender)
    {
        using var lease = _said.AttemptAcquire(sender);
        if (lease.IsAcquired)
        {
            return null;
        }

        refusals.Count("rate", sender.Value);
        return lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromSeconds(1);
    }

    /// <summary>Waits, in the order of coming, until few enough deliveries of a source are in the works.</summary>
    /// <returns>The place, to be given back; not acquired when as many wait as may come in a burst.</returns>
    public ValueTask<RateLimitLease> PlaceAsync(Identity source, CancellationToken ct) => _places.AcquireAsync(source, 1, ct);

    public async ValueTask DisposeAsync()
    {
        await _said.DisposeAsync();
        await _places.DisposeAsync();
    }

    private static int Burst(LimitOptions limits) => 10 * limits.WebhooksPerSecond;

    /// <summary>A token bucket that is filled at each look, by the time that has passed: what it lets in comes evenly, and not as much at once as
    /// a timer had added.</summary>
    private sealed class SteadyBucket(int limit, int perSecond) : ReplenishingRateLimiter
    {
        private readonly TokenBucketRateLimiter _bucket = new(new TokenBucketRateLimiterOptions
        {
            TokenLimit = limit,
            TokensPerPeriod = perSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            AutoReplenishment = false,
            QueueLimit = 0,
        });

        public override TimeSpan? IdleDuration => _bucket.IdleDuration;

        public override bool IsAutoReplenishing => false;

        public override TimeSpan ReplenishmentPeriod => _bucket.ReplenishmentPeriod;

        public override bool TryReplenish() => _bucket.TryReplenish();

        public override RateLimiterStatistics? GetStatistics()
        {
            _bucket.TryReplenish();
            return _bucket.GetStatistics();
        }

        protected override RateLimitLease AttemptAcquireCore(int permitCount)
        {
            _bucket.TryReplenish();
            return _bucket.AttemptAcquire(permitCount);
        }

        protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) => new(AttemptAcquireCore(permitCount));

        protected override void Dispose(bool disposing)
        {
            _bucket.Dispose();
            base.Dispose(disposing);
        }
    }
}
