using System.Collections.Concurrent;
using Cluster.Core.Api;
using Orleans.Runtime.Placement;

namespace Cluster.Next.Server.Silos;

/// <summary>The nodes of the cluster as membership has them.</summary>
internal sealed class NodeList(IMembershipTable membership, IGrainFactory grains, ILocalSiloDetails here, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    // A node's version stays as it is until it ends, and a new start has another address.
    private readonly ConcurrentDictionary<SiloAddress, string> _versions = new();

    /// <summary>All that nobody has declared dead, the oldest first.</summary>
    public async Task<IReadOnlyList<NodeInfo>> ListAsync(CancellationToken ct)
    {
        var table = await membership.ReadAllAsync(ct);
        var active = table.Members.Select(member => member.Item1).Where(entry => entry.Status == SiloStatus.Active)
            .OrderBy(entry => entry.StartTime).ThenBy(entry => entry.SiloAddress).ToList();
        foreach (var gone in _versions.Keys.Except(active.Select(entry => entry.SiloAddress)))
        {
            _versions.TryRemove(gone, out _);
        }

        return await Task.WhenAll(active.Select(InfoAsync));
    }

    private async Task<NodeInfo> InfoAsync(MembershipEntry entry) => new()
    {
        Id = entry.SiloAddress.ToParsableString(),
        Name = entry.SiloName,
        Version = await VersionAsync(entry.SiloAddress),
        StartedAt = entry.StartTime,
        HeartbeatAgeSeconds = Math.Max(0, (clock.GetUtcNow().UtcDateTime - entry.IAmAliveTime).TotalSeconds),
        Attachments = 0,
        Leases = [],
        Here = entry.SiloAddress.Equals(here.SiloAddress),
    };

    // One that is frozen does not hold up the list of the others.
    private async Task<string> VersionAsync(SiloAddress silo)
    {
        if (_versions.TryGetValue(silo, out var known))
        {
            return known;
        }

        try
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
            var says = await grains.GetGrain<INodeView>(silo.ToParsableString()).ViewAsync().WaitAsync(Patience, clock);
            if (says.Silo != silo.ToParsableString())
            {
                return "?";
            }

            return _versions.GetOrAdd(silo, says.Version);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            return "?";
        }
        finally
        {
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        }
    }
}
