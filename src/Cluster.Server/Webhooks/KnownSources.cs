using System.Collections.Concurrent;
using System.Security.Cryptography;
using Cluster.Core.Webhooks;
using Cluster.Core.Webhooks.Verification;
using Cluster.Storage.Sources;

namespace Cluster.Server.Webhooks;

/// <summary>A source as a delivery needs it: how it is proved, and with which keys.</summary>
/// <param name="Source">Its row.</param>
/// <param name="Sender">Null for a kind that this version does not know; a newer node may.</param>
/// <param name="Scheme">How its sender proves; null with the sender.</param>
/// <param name="Keys">The present secret's first; none where no secret can be read.</param>
/// <param name="Ends">The last characters of these secrets, as the list of sources shows them.</param>
/// <param name="Old">The old secret of each key; null for the present one's.</param>
/// <param name="Scope">What its dedupe keys begin with.</param>
internal sealed record KnownSource(
    Source Source, IWebhookSender? Sender, WebhookScheme? Scheme, IReadOnlyList<byte[]> Keys, IReadOnlyList<string> Ends, IReadOnlyList<OldSecret?> Old, KeyScope Scope)
{
    private const int LongEnough = 16; // of a shorter one, four characters are too much of it

    /// <summary>How a delivery was proved, for its history.</summary>
    public string Verified(int key) =>
        $"{Scheme!.Title}, with {(Old[key] is null ? "the present secret" : "an old secret")}{(Ends[key].Length > 0 ? $" …{Ends[key]}" : "")}";

    /// <summary>False until there is a secret that could prove anything.</summary>
    public bool CanProve => !Source.Settings.AwaitsSecret && Keys.Count > 0;

    /// <summary>Which of its keys this is; null for one that is none of them any more.</summary>
    public int? Find(byte[] key)
    {
        for (var i = 0; i < Keys.Count; i++)
        {
            if (CryptographicOperations.FixedTimeEquals(Keys[i], key))
            {
                return i;
            }
        }

        return null;
    }

    public static string End(string secret) => secret.Length < LongEnough ? "" : secret[^4..];
}

/// <summary>Sources with their opened secrets, kept for a second: a source that was removed, or whose
/// secret has ended, can put nothing in even meanwhile, since its path and its secret's mark are asked at the append; and what cannot be proved is tried
/// again with what is so now.</summary>
internal sealed partial class KnownSources(SourceStore sources, SourceSecrets secrets, TimeProvider clock, ILogger<KnownSources> logger)
{
    private const int Most = 1_000;

    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, (KnownSource Source, long Since)> _known = new();
    private readonly ConcurrentDictionary<string, OldSecretUse> _uses = new();
    private readonly ConcurrentDictionary<string, bool> _told = new();

    /// <param name="path">The path.</param>
    /// <param name="ct">Cancels the wait.</param>
    /// <param name="fresh">True to have it as it is now.</param>
    /// <returns>Null for a path that is no source's.</returns>
    public async ValueTask<KnownSource?> FindAsync(string path, CancellationToken ct, bool fresh = false)
    {
        if (!fresh && _known.TryGetValue(path, out var known) && clock.GetElapsedTime(known.Since) < KnownFor)
        {
            return known.Source;
        }

        var since = clock.GetTimestamp();
        if (await sources.FindAsync(path, ct) is not { } source)
        {
            _known.TryRemove(path, out _);
            return null;
        }

        Bound(_known);
        var opened = Open(source);
        _known[path] = (opened, since);
        return opened;
    }

    /// <summary>The moment, for <see cref="RenewAsync"/>.</summary>
    public long Now => clock.GetTimestamp();

    /// <summary>The source with other secrets than these, if it has such.</summary>
    /// <param name="known">The source as it was.</param>
    /// <param name="since">When the delivery came: what was read since is new enough, so that many at once that nobody can prove cost few looks.</param>
    /// <param name="ct">Cancels the wait.</param>
    public async ValueTask<KnownSource?> RenewAsync(KnownSource known, long since, CancellationToken ct)
    {
        var now = _known.TryGetValue(known.Source.Path, out var kept) && kept.Since >= since
            ? kept.Source
            : await FindAsync(known.Source.Path, ct, fresh: true);
        return now is { CanProve: true } && now.Source.SecretMark != known.Source.SecretMark ? now : null;
    }

    /// <summary>Notes that an old secret proved a delivery, once a minute at the most. The delivery is in already, so that nothing here may
    /// change its answer or hold it up for long.</summary>
    public async Task UsedAsync(KnownSource known, int key)
    {
        if (known.Old[key] is not { } old)
        {
            return;
        }

        Bound(_uses);
        if (!_uses.GetOrAdd($"{old.Source}:{old.Id}", _ => new OldSecretUse()).Claim(clock))
        {
            return;
        }

        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2), clock);
            await secrets.UsedAsync(old, patience.Token);
        }
        catch (Exception e)
        {
            LogUseNotNoted(e, old.Source);
        }
    }

    private KnownSource Open(Source source)
    {
        if (WebhookSenders.Find(source.Kind) is not { } sender)
        {
            return new KnownSource(source, null, null, [], [], [], default);
        }

        var scheme = PublicKeys.SchemeOf(sender, source.Settings);
        List<(byte[] Key, string End, OldSecret? Old)> live = [];
        if (Key(source, "present", scheme, () => sources.OpenSecret(source)) is var (presentKey, presentEnd))
        {
            live.Add((presentKey, presentEnd, null));
        }

        foreach (var old in source.OldSecrets)
        {
            if (Key(source, old.Id, scheme, () => sources.OpenSecret(old)) is var (key, end))
            {
                live.Add((key, end, old));
            }
        }

        return new KnownSource(
            source,
            sender,
            scheme,
            [.. live.Select(one => one.Key)],
            [.. live.Select(one => one.End)],
            [.. live.Select(one => one.Old)],
            KeyScope.Of(sender, source.Settings, source.Name, source.Path));
    }

    // Each was tried when it came. But a node of an older version knows nothing of kinds, and may leave another kind's behind.
    private (byte[] Key, string End)? Key(Source source, string id, WebhookScheme scheme, Func<string> open)
    {
        try
        {
            var secret = open();
            if (scheme.Key(secret) is { } key)
            {
                return (key, KnownSource.End(secret));
            }
        }
        catch (CryptographicException)
        {
            // said below
        }

        Bound(_told);
        if (_told.TryAdd($"{source.Path}:{id}", true))
        {
            LogSecretSkipped(source.Name, source.Kind);
        }

        return null;
    }

    private static void Bound<T>(ConcurrentDictionary<string, T> kept)
    {
        if (kept.Count >= Most)
        {
            kept.Clear();
        }
    }

    [LoggerMessage(LogLevel.Error, "A secret of source {Source} cannot be read as one of kind {Kind} and is skipped; give it a new one: cluster source rotate.")]
    private partial void LogSecretSkipped(string source, string kind);

    [LoggerMessage(LogLevel.Warning, "The use of an old secret of source {Source} was not noted; the next use after a minute is the retry.")]
    private partial void LogUseNotNoted(Exception exception, string source);
}
