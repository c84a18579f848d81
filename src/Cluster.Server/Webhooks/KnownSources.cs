using System.Collections.Concurrent;
using Cluster.Storage.Sources;

namespace Cluster.Server.Webhooks;

/// <summary>Sources with their opened secrets, kept for a second: a source that changes is seen in time, and one that was removed can
/// put nothing in even before, since its path is asked at the append.</summary>
internal sealed class KnownSources(SourceStore sources, TimeProvider clock)
{
    private const int Most = 1_000;

    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, (Source Source, string Secret, long Since)> _known = new();

    /// <returns>Null for a path that is no source's.</returns>
    public async ValueTask<(Source Source, string Secret)?> FindAsync(string path, CancellationToken ct)
    {
        if (_known.TryGetValue(path, out var known) && clock.GetElapsedTime(known.Since) < KnownFor)
        {
            return (known.Source, known.Secret);
        }

        var since = clock.GetTimestamp();
        if (await sources.FindAsync(path, ct) is not { } source)
        {
            _known.TryRemove(path, out _);
            return null;
        }

        if (_known.Count >= Most)
        {
            _known.Clear();
        }

        var secret = sources.OpenSecret(source);
        _known[path] = (source, secret, since);
        return (source, secret);
    }
}
