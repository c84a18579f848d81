using Cluster.Core.Logs;
using Cluster.Next.Grains.Logs;

namespace Cluster.Next.Grains.Tests.Logs;

public sealed class SnapshotTests(TwoSilos silos) : IClassFixture<TwoSilos>
{
    [Fact]
    public async Task A_grain_is_its_log_whatever_its_snapshots_say()
    {
        var (log, counter) = New();
        for (var i = 0; i < 30; i++)
        {
            await counter.AddAsync(1);
        }

        await EndAsync(counter);
        var opening = await silos.Store.OpenAsync(log, default);
        var good = opening.Snapshots[0];
        await silos.Store.SaveSnapshotAsync(log, new LogSnapshot(31, "0123", 1, good.Body), default); // of another history
        await silos.Store.SaveSnapshotAsync(log, new LogSnapshot(99, good.Hash, 1, good.Body), default); // of a future that did not come

        await EndAsync(counter);

        Assert.Equal(30, await FenceTests.AgainAsync(counter.SumAsync));
    }

    [Fact]
    public async Task A_snapshot_stands_for_the_records_that_were_cut()
    {
        var (log, counter) = New();
        for (var i = 0; i < 30; i++)
        {
            await counter.AddAsync(2);
        }

        await EndAsync(counter);
        var snapshot = (await silos.Store.OpenAsync(log, default)).Snapshots[0];
        await silos.Store.CutAsync(log, snapshot.Position, default);
        await EndAsync(counter);

        Assert.Equal(60, await FenceTests.AgainAsync(counter.SumAsync));
        Assert.Equal(61, await FenceTests.AgainAsync(() => counter.AddAsync(1)));
    }

    [Fact]
    public async Task A_log_with_a_gap_and_no_snapshot_that_stands_for_it_is_refused_by_name()
    {
        var (log, counter) = New();
        var added = CounterGrain.Kinds.Encode(new Added(1));
        await silos.Store.AppendAsync(
            [new LogAppend { Log = log, Expected = 0, Claim = 1, Records = [CounterGrain.Kinds.Encode(new Claimed("elsewhere")), added, added] }], default);
        await silos.Store.CutAsync(log, 3, default);

        var fault = await Assert.ThrowsAsync<UnreadableLogException>(() => FenceTests.AgainAsync(counter.SumAsync));

        Assert.Contains($"{log} has no record 2", fault.Message);
    }

    private static async Task EndAsync(ICounter counter)
    {
        await FenceTests.AgainAsync(async () =>
        {
            await counter.EndAsync();
            return true;
        });
        await FenceTests.AgainAsync(counter.EffectsAsync);
    }

    private (LogId Log, ICounter Counter) New()
    {
        var key = Guid.NewGuid().ToString("N");
        return (CounterGrain.LogOf(key), silos.Grains.GetGrain<ICounter>(key));
    }
}
