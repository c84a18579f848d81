using System.Security.Cryptography.X509Certificates;

namespace Cluster.Next.Server.Silos.Certificates;

/// <summary>The certificates by which the nodes of a cluster know one another: the one in use, and beside it the next one, which is made
/// a month before the other ends and used from an hour later on, when every node has read it.</summary>
internal sealed class SiloCertificates(ISiloCertificateTable table, TimeProvider clock)
{
    public static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);
    public static readonly TimeSpan ReadBefore = TimeSpan.FromHours(1);

    private volatile IReadOnlyList<SiloCertificate> _known = [];

    /// <summary>What this node presents: the newest that is in use.</summary>
    public X509Certificate2 Presented
    {
        get
        {
            var now = clock.GetUtcNow();
            var known = _known;
            return (known.LastOrDefault(one => one.UsedFrom <= now) ?? known[^1]).Certificate;
        }
    }

    /// <summary>Whether a peer that shows this is a node.</summary>
    public bool Accepts(X509Certificate2 shown)
    {
        var now = clock.GetUtcNow();
        return _known.Any(one => now < one.Ends && one.Is(shown));
    }

    /// <summary>Reads what there is, and makes the next one when it is time. Of several nodes that do so at once, one succeeds.</summary>
    public async Task RefreshAsync(CancellationToken ct)
    {
        while (true)
        {
            var now = clock.GetUtcNow();
            var (number, all) = await table.ReadAsync(ct);
            var living = all.Where(one => now < one.Ends).ToList();
            if (living.Count > 0 && now < living[^1].Ends - RenewBefore)
            {
                _known = living;
                return;
            }

            // With no other one to present meanwhile it is used at once.
            await table.TryAddAsync(number + 1, living.Count == 0 ? now : now + ReadBefore, now, ct);
        }
    }
}
