using Cluster.Next.Storage.Writing;

namespace Cluster.Next.Storage.Tests.Writing;

public sealed class GatheredReadsTests : IDisposable
{
    private readonly SemaphoreSlim _asked = new(0);
    private readonly SemaphoreSlim _answers = new(0);
    private readonly List<int[]> _trips = [];
    private readonly GatheredReads<int, string> _reads;

    public GatheredReadsTests() => _reads = new GatheredReads<int, string>(TravelAsync, atOnce: 1);

    public void Dispose()
    {
        _asked.Dispose();
        _answers.Dispose();
    }

    [Fact]
    public async Task Asks_that_come_while_a_trip_is_under_way_go_together_and_each_gets_its_own_answer()
    {
        var first = _reads.AskAsync(1);
        await AskedAsync();
        Task<string>[] others = [_reads.AskAsync(2), _reads.AskAsync(3), _reads.AskAsync(4)];
        _answers.Release(2);

        Assert.Equal("1", await first);
        Assert.Equal(["2", "3", "4"], await Task.WhenAll(others));
        Assert.Equal([[1], [2, 3, 4]], _trips);
    }

    [Fact]
    public async Task A_trip_that_fails_fails_its_own_asks_and_the_next_goes()
    {
        var bad = _reads.AskAsync(-1);
        await AskedAsync();
        var good = _reads.AskAsync(5);
        _answers.Release(2);

        await Assert.ThrowsAsync<ArgumentException>(() => bad);
        Assert.Equal("5", await good);
    }

    [Fact]
    public async Task A_trip_has_a_bound()
    {
        var first = _reads.AskAsync(0);
        await AskedAsync();
        var others = Enumerable.Range(1, GatheredReads<int, string>.Most + 1).Select(_reads.AskAsync).ToList();
        _answers.Release(3);

        await Task.WhenAll([first, .. others]);

        Assert.Equal([1, GatheredReads<int, string>.Most, 1], _trips.Select(trip => trip.Length));
    }

    private Task AskedAsync() => _asked.WaitAsync(TestContext.Current.CancellationToken);

    private async Task<IReadOnlyList<string>> TravelAsync(IReadOnlyList<int> asks)
    {
        _trips.Add([.. asks]);
        _asked.Release();
        await _answers.WaitAsync(TestContext.Current.CancellationToken);
        return asks.Any(ask => ask < 0) ? throw new ArgumentException("bad") : [.. asks.Select(ask => $"{ask}")];
    }
}
