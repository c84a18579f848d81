using Cluster.Next.Server.Silos.Certificates;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Next.Server.Tests.Silos;

public sealed class SiloCertificatesTests
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly Table _table = new();

    [Fact]
    public async Task Nodes_that_start_at_once_present_and_accept_the_same_certificate()
    {
        var nodes = Enumerable.Range(0, 3).Select(_ => new SiloCertificates(_table, _clock)).ToList();

        await Task.WhenAll(nodes.Select(node => node.RefreshAsync(CancellationToken.None)));

        Assert.Single(_table.Rows);
        Assert.All(nodes, node => Assert.True(nodes[0].Accepts(node.Presented)));
    }

    [Fact]
    public async Task A_certificate_is_renewed_before_its_end_with_both_accepted_meanwhile()
    {
        var (renewing, late) = (new SiloCertificates(_table, _clock), new SiloCertificates(_table, _clock));
        await renewing.RefreshAsync(CancellationToken.None);
        await late.RefreshAsync(CancellationToken.None);
        var old = renewing.Presented;

        _clock.Advance(TimeSpan.FromDays(336));
        await renewing.RefreshAsync(CancellationToken.None);
        var atFirst = renewing.Presented;
        _clock.Advance(SiloCertificates.ReadBefore / 2);
        await late.RefreshAsync(CancellationToken.None);
        _clock.Advance(SiloCertificates.ReadBefore / 2);
        var next = renewing.Presented;

        Assert.Equal(2, _table.Rows.Count);
        Assert.Equal(old, atFirst);
        Assert.NotEqual(old, next);
        Assert.True(late.Accepts(next));
        Assert.True(renewing.Accepts(old));
        _clock.Advance(TimeSpan.FromDays(30));
        Assert.False(late.Accepts(old));
        Assert.True(late.Accepts(next));
    }

    [Fact]
    public async Task A_cluster_that_stood_still_for_years_makes_a_new_one_and_uses_it_at_once()
    {
        var node = new SiloCertificates(_table, _clock);
        await node.RefreshAsync(CancellationToken.None);
        var old = node.Presented;

        _clock.Advance(TimeSpan.FromDays(1_000));
        await node.RefreshAsync(CancellationToken.None);

        Assert.NotEqual(old, node.Presented);
        Assert.True(node.Accepts(node.Presented));
        Assert.False(node.Accepts(old));
    }

    [Fact]
    public async Task A_certificate_of_another_making_is_not_accepted()
    {
        var node = new SiloCertificates(_table, _clock);
        await node.RefreshAsync(CancellationToken.None);

        Assert.False(node.Accepts(SiloCertificate.Make(_clock.GetUtcNow(), _clock.GetUtcNow()).Certificate.Certificate));
    }

    private sealed class Table : ISiloCertificateTable
    {
        public SortedList<int, (string Text, DateTimeOffset UsedFrom)> Rows { get; } = [];

        public async Task<(int Highest, IReadOnlyList<SiloCertificate> All)> ReadAsync(CancellationToken ct)
        {
            await Task.Yield(); // so that nodes read before any of them adds
            lock (Rows)
            {
                return (Rows.Keys.LastOrDefault(), [.. Rows.Values.Select(row => SiloCertificate.Read(row.Text, row.UsedFrom))]);
            }
        }

        public async Task TryAddAsync(int number, DateTimeOffset usedFrom, DateTimeOffset now, CancellationToken ct)
        {
            await Task.Yield();
            lock (Rows)
            {
                Rows.TryAdd(number, (SiloCertificate.Make(now, usedFrom).Text, usedFrom));
            }
        }
    }
}
