using System.Globalization;
using Cluster.Storage.Engines;
using Cluster.Storage.Leases;

namespace Cluster.Chaos.Faults;

/// <summary>Acts on a lease as long as nobody tells it that it is lost, and lets the engine take its writes unasked.</summary>
internal sealed class UnfencedLeases(Engine engine) : LeaseStore(engine)
{
    public override TimeSpan ActFor => TimeSpan.MaxValue;

    protected override bool Fenced => false;
}

/// <summary>Decides by the node's own clock whether a lease has passed.</summary>
internal sealed class LeasesByNodeClock(Engine engine, TimeProvider clock) : LeaseStore(engine)
{
    protected override string Now => clock.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
}

/// <summary>A clock that is a minute ahead.</summary>
internal sealed class SkewedClock : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromMinutes(1);
}
