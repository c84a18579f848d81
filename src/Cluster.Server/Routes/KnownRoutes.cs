using System.Collections.Concurrent;
using Cluster.Core.Routing;
using Cluster.Storage.Routes;

namespace Cluster.Server.Routes;

/// <summary>Everybody's routes, ready to be asked. A change is seen within a second; what routes allowed before it is refused even in that
/// second, since an event is written only on the version of the routes that its session's allowlist knows.</summary>
internal sealed class KnownRoutes(RouteStore routes, TimeProvider clock)
{
    private const int Most = 1_000;

    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, (RouteTable Table, long Since)> _known = new();

    /// <param name="owner">Whose routes.</param>
    /// <param name="fresh">Read them again, whatever is known.</param>
    /// <param name="ct">Cancels.</param>
    public async ValueTask<RouteTable> FindAsync(string owner, bool fresh, CancellationToken ct)
    {
        var since = clock.GetTimestamp();
        if (!fresh && _known.TryGetValue(owner, out var known))
        {
            if (clock.GetElapsedTime(known.Since, since) < KnownFor)
            {
                return known.Table;
            }

            if (await routes.VersionAsync(owner, ct) == known.Table.Version)
            {
                _known[owner] = (known.Table, since);
                return known.Table;
            }
        }

        var standing = await routes.FindAsync(owner, ct);
        var table = standing.Routes.Count == 0 && standing.Version == 0
            ? RouteTable.Empty
            : new RouteTable(standing.Version, standing.Routes, standing.Reach);
        if (_known.Count >= Most)
        {
            _known.Clear();
        }

        _known[owner] = (table, since);
        return table;
    }
}
