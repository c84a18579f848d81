using Cluster.Core.Logs;
using Cluster.Next.Grains.Logs;

namespace Cluster.Next.Grains.Tests.Logs;

/// <summary>What one grain tells another: once, in order, and never from an activation that has lost its grain.</summary>
public sealed class SendingTests(TwoSilos silos) : IClassFixture<TwoSilos>
{
    private readonly string _from = Guid.NewGuid().ToString("N");
    private readonly string _to = Guid.NewGuid().ToString("N");

    private ICounter From => silos.Grains.GetGrain<ICounter>(_from);

    private ICounter To => silos.Grains.GetGrain<ICounter>(_to);

    private ILogGrain Receiver => silos.Grains.GetGrain<ILogGrain>(GrainId.Create("counter", _to));

    [Fact]
    public async Task The_receivers_answer_comes_back()
    {
        Assert.Equal("0@2", await From.TellAsync(_to, 5));

        Assert.Equal(5, await To.SumAsync());
    }

    [Fact]
    public async Task Everything_that_is_told_arrives_once_and_in_order()
    {
        for (var i = 1; i <= 30; i++)
        {
            await From.TellLaterAsync(_to, i);
        }

        Assert.StartsWith("465@", await From.TellAsync(_to, 31));
        var records = (await silos.Store.ReadAsync(CounterGrain.LogOf(_to), 0, 100, default)).Select(CounterGrain.Kinds.Decode).OfType<Added>();
        Assert.Equal(Enumerable.Range(1, 31), records.Select(added => added.By));
    }

    [Fact]
    public async Task An_entry_is_sent_only_when_it_is_durable()
    {
        await From.TellAsync(_to, 1);
        var until = new TaskCompletionSource();
        var came = silos.Writer.Hold(CounterGrain.LogOf(_from), "sent", until);

        var told = From.TellAsync(_to, 2);
        await came;
        Assert.Equal(1, await To.SumAsync());
        until.SetResult();
        await told;

        Assert.Equal(3, await To.SumAsync());
    }

    [Fact]
    public async Task A_lane_at_work_goes_on_only_with_what_is_durable_by_then()
    {
        await From.TellAsync(_to, 1);
        var (receives, records) = (new TaskCompletionSource(), new TaskCompletionSource());
        var receiving = silos.Writer.Hold(CounterGrain.LogOf(_to), "added", receives);
        var second = From.TellAsync(_to, 2);
        await receiving;
        var recording = silos.Writer.Hold(CounterGrain.LogOf(_from), "sent", records);
        var third = From.TellAsync(_to, 4);
        await recording;

        receives.SetResult();
        await second;
        Assert.Equal(3, await To.SumAsync());
        records.SetResult();
        await third;

        Assert.Equal(7, await To.SumAsync());
    }

    [Fact]
    public async Task An_entry_of_an_append_that_failed_is_never_sent()
    {
        await From.TellAsync(_to, 1);
        silos.Writer.Lose(CounterGrain.LogOf(_from), "sent");

        await Assert.ThrowsAsync<TryAgainException>(() => From.TellAsync(_to, 2));
        Assert.StartsWith("1@", await FenceTests.AgainAsync(() => From.TellAsync(_to, 4)));

        Assert.Equal(5, await To.SumAsync());
    }

    [Fact]
    public async Task What_was_not_acknowledged_is_sent_by_the_next_activation_and_known_to_the_receiver()
    {
        // The receiver is away while the sender's activation ends.
        silos.Writer.Lose(CounterGrain.LogOf(_to), "added");
        await From.TellLaterAsync(_to, 3);
        await From.EndAsync();
        await FenceTests.AgainAsync(async () =>
        {
            await silos.Grains.GetGrain<ILogGrain>(GrainId.Create("counter", _from)).DueAsync(default);
            return true;
        });

        Assert.StartsWith("3@", await FenceTests.AgainAsync(() => From.TellAsync(_to, 4)));
        Assert.Equal(7, await To.SumAsync());
    }

    [Fact]
    public async Task A_repeated_entry_gets_the_answer_that_was_kept()
    {
        var first = await Receiver.ReceiveAsync(Entry(claim: 1, number: 1), default);
        var again = await Receiver.ReceiveAsync(Entry(claim: 1, number: 1), default);
        await To.EndAsync();
        var later = await FenceTests.AgainAsync(() => Receiver.ReceiveAsync(Entry(claim: 9, number: 1), default));

        Assert.Equal("0@2", first.Result);
        Assert.Equal(first, again);
        Assert.Equal(first, later);
        Assert.Equal(7, await To.SumAsync());
    }

    [Fact]
    public async Task An_entry_of_an_older_claim_is_refused()
    {
        await Receiver.ReceiveAsync(Entry(claim: 5, number: 1), default);

        var stale = await Receiver.ReceiveAsync(Entry(claim: 4, number: 2), default);

        Assert.Equal(ReceivingState.Stale, stale.State);
        Assert.Equal(7, await To.SumAsync());
    }

    [Fact]
    public async Task An_entry_before_its_turn_is_refused_for_now()
    {
        var early = await Receiver.ReceiveAsync(Entry(claim: 1, number: 2), default);

        Assert.Equal(ReceivingState.Early, early.State);
        Assert.Equal(0, await To.SumAsync());
    }

    [Fact]
    public async Task A_refusal_is_an_answer_too_and_is_kept()
    {
        Assert.Equal("refused", await From.TellAsync(_to, 0));
        Assert.Equal("0@3", await From.TellAsync(_to, 1));

        var kinds = (await silos.Store.ReadAsync(CounterGrain.LogOf(_to), 0, 100, default)).Select(record => record.Kind);
        Assert.Equal(["claim", "received", "added"], kinds);
    }

    [Fact]
    public async Task A_grain_with_entries_on_their_way_is_due_until_they_are_acknowledged()
    {
        var until = new TaskCompletionSource();
        var came = silos.Writer.Hold(CounterGrain.LogOf(_to), "added", until);

        await From.TellLaterAsync(_to, 1);
        await came;
        Assert.NotNull((await silos.Store.OpenAsync(CounterGrain.LogOf(_from), default)).Due);
        until.SetResult();
        await From.TellAsync(_to, 2);

        while ((await silos.Store.OpenAsync(CounterGrain.LogOf(_from), default)).Due is not null)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Who_waits_for_an_answer_is_told_to_ask_again_when_the_activation_ends()
    {
        var until = new TaskCompletionSource();
        var came = silos.Writer.Hold(CounterGrain.LogOf(_to), "added", until);
        var telling = From.TellAsync(_to, 5);
        await came;

        silos.Writer.Lose(CounterGrain.LogOf(_from), "added");
        await Assert.ThrowsAsync<TryAgainException>(() => From.AddAsync(1));
        await Assert.ThrowsAsync<TryAgainException>(() => telling);

        until.SetResult();
        Assert.StartsWith("5@", await FenceTests.AgainAsync(() => From.TellAsync(_to, 1))); // what was told is sent by the next one
    }

    [Fact]
    public async Task What_many_receivers_have_acknowledged_is_one_record()
    {
        var others = Enumerable.Range(0, 30).Select(i => $"{_to}{i}").ToList();
        await Task.WhenAll(others.Select(other => From.TellAsync(other, 1)));

        while ((await silos.Store.OpenAsync(CounterGrain.LogOf(_from), default)).Due is not null)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        var acknowledged = (await silos.Store.ReadAsync(CounterGrain.LogOf(_from), 0, 200, default)).Select(CounterGrain.Kinds.Decode).OfType<EntriesAcknowledged>().ToList();
        Assert.Equal(30, acknowledged.SelectMany(record => record.Numbers).DistinctBy(lane => lane.Key).Count());
        Assert.InRange(acknowledged.Count, 1, 15);
    }

    private static Envelope Entry(long claim, long number) => new() { From = "counter/somebody", Claim = claim, Number = number, Kind = "add", Body = "7" };
}
