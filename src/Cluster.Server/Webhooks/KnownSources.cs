using System.Collections.Concurrent;
using Cluster.Core.Webhooks;
using Cluster.Core.Webhooks.Verification;
using Cluster.Storage.Sources;

namespace Cluster.Server.Webhooks;

/// <summary>A source as a delivery needs it: how it is proved, and with which keys.</summary>
/// <param name="Source">Its row.</param>
/// <param name="Sender">Null for a kind that this version does not know; a newer node may.</param>
/// <param name="Scheme">How its sender proves; null with the sender.</param>
/// <param name="Keys">The present secret's first; the others belong to the old secrets, in their order.</param>
/// <param name="Ends">The last characters of these secrets, as the list of sources shows them.</param>
internal sealed record KnownSource(
    Source Source, IWebhookSender? Sender, WebhookScheme? Scheme, IReadOnlyList<byte[]> Keys, IReadOnlyList<string> Ends)
{
    private const int LongEnough = 16; // of a shorter one, four characters are too much of it

    /// <summary>How a delivery was proved, for its history.</summary>
    public string Verified(int key) => $"{Scheme!.Title}, with {(key == 0 ? "the present secret" : "an old secret")}{(Ends[key].Length > 0 ? $" …{Ends[key]}" : "")}";

    public static string End(string secret) => secret.Length < LongEnough ? "" : secret[^4..];
}

/// <summary>Sources with their opened secrets, kept for a second: a source that changes is seen in time, and one that was removed can
/// put nothing in even before, since its path is asked at the append.</summary>
internal sealed class KnownSources(SourceStore sources, SourceSecrets secrets, TimeProvider clock)
{
    private const int Most = 1_000;

    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UseNotedEvery = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (KnownSource Source, long Since)> _known = new();

    /// <returns>Null for a path that is no source's.</returns>
    public async ValueTask<KnownSource?> FindAsync(string path, CancellationToken ct)
    {
        if (_known.TryGetValue(path, out var known) && clock.GetElapsedTime(known.Since) < KnownFor)
        {
            return known.Source;
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

        var opened = Open(source);
        _known[path] = (opened, since);
        return opened;
    }

    /// <summary>Notes that an old secret proved a delivery, once a minute at the most.</summary>
    public async Task UsedAsync(KnownSource known, int key, CancellationToken ct)
    {
        if (key > 0 && known.Source.OldSecrets[key - 1] is var old && (old.UsedAt is not { } at || clock.GetUtcNow() - at >= UseNotedEvery))
        {
            await secrets.UsedAsync(old, ct);
            _known.TryRemove(known.Source.Path, out _);
        }
    }

    private KnownSource Open(Source source)
    {
        if (WebhookSenders.Find(source.Kind) is not { } sender)
        {
            return new KnownSource(source, null, null, [], []);
        }

        var scheme = sender.Scheme(source.Settings);
        var texts = source.OldSecrets.Select(sources.OpenSecret).Prepend(sources.OpenSecret(source)).ToList();
        return new KnownSource(source, sender, scheme, texts.ConvertAll(text => scheme.Key(text)!), texts.ConvertAll(KnownSource.End)); // each was tried when it came
    }
}
