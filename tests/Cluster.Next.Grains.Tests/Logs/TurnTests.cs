using Cluster.Core.Logs;

namespace Cluster.Next.Grains.Tests.Logs;

public sealed class TurnTests(TwoSilos silos) : IClassFixture<TwoSilos>
{
    [Fact]
    public async Task The_first_records_of_an_activation_come_behind_its_claim()
    {
        var (key, counter) = New();

        await counter.AddAsync(1);
        await counter.AddAsync(2);

        var records = await silos.Store.ReadAsync(CounterGrain.LogOf(key), 0, 10, TestContext.Current.CancellationToken);
        Assert.Equal(["claim", "added", "added"], records.Select(record => record.Kind));
        Assert.All(records, record => Assert.Equal(1, record.Claim));
    }

    [Fact]
    public async Task A_view_claims_nothing()
    {
        var (key, counter) = New();

        Assert.Equal(0, await counter.SumAsync());

        Assert.Empty(await silos.Store.ReadAsync(CounterGrain.LogOf(key), 0, 10, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_comes_during_an_append_is_decided_in_one_pass_and_appended_together()
    {
        var (key, counter) = New();
        var log = CounterGrain.LogOf(key);
        var until = new TaskCompletionSource();
        var came = silos.Writer.Hold(log, "added", until);

        var first = counter.AddAsync(1);
        await came;
        var others = Enumerable.Range(0, 20).Select(_ => counter.AddAsync(1)).ToList();
        await counter.WaitingAsync(20);
        until.SetResult();

        Assert.Equal(21, (await Task.WhenAll([first, .. others])).Max());
        Assert.Equal(2, silos.Writer.Seen(log).Count);
        Assert.Equal(20, silos.Writer.Seen(log)[1].Records.Count);
    }

    [Fact]
    public async Task No_answer_is_given_before_what_it_was_decided_on_is_durable()
    {
        var (key, counter) = New();
        await counter.AddAsync(1);
        var until = new TaskCompletionSource();
        var came = silos.Writer.Hold(CounterGrain.LogOf(key), "added", until);

        var add = counter.AddAsync(1);
        await came;
        var refusal = counter.AddUpToAsync(1, limit: 2);
        var view = counter.SumAsync();
        await counter.WaitingAsync(2);
        Assert.False(add.IsCompleted || refusal.IsCompleted || view.IsCompleted);
        until.SetResult();

        Assert.Equal(2, await add);
        Assert.False(await refusal);
        Assert.Equal(2, await view);
    }

    [Fact]
    public async Task More_than_fits_one_append_goes_in_several()
    {
        var (key, counter) = New();
        var log = CounterGrain.LogOf(key);
        var until = new TaskCompletionSource();
        var came = silos.Writer.Hold(log, "added", until);

        var first = counter.AddAsync(1);
        await came;
        var others = Enumerable.Range(0, 120).Select(_ => counter.AddAsync(1)).ToList();
        await counter.WaitingAsync(120);
        until.SetResult();
        await Task.WhenAll([first, .. others]);

        Assert.Equal(121, await counter.SumAsync());
        Assert.All(silos.Writer.Seen(log), append => Assert.InRange(append.Rows, 1, LogAppend.MaxRows));
    }

    [Fact]
    public async Task A_record_that_is_too_large_fails_alone_and_leaves_nothing()
    {
        var (_, counter) = New();
        await counter.AddAsync(1);

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => counter.NoteAsync(new string('x', LogRecord.MaxBytes)));

        Assert.Contains("'added'", fault.Message);
        Assert.Equal(2, await counter.AddAsync(1));
    }

    [Fact]
    public async Task Effects_begin_only_when_the_own_claim_is_durable()
    {
        var (key, counter) = New();
        await counter.SumAsync();
        var until = new TaskCompletionSource();
        var came = silos.Writer.Hold(CounterGrain.LogOf(key), "added", until);

        var add = counter.AddAsync(1);
        await came;
        Assert.Empty(await counter.EffectsAsync());
        until.SetResult();
        await add;

        Assert.Equal(["1:1"], await counter.EffectsAsync());
    }

    private (string Key, ICounter Counter) New()
    {
        var key = Guid.NewGuid().ToString("N");
        return (key, silos.Grains.GetGrain<ICounter>(key));
    }
}
