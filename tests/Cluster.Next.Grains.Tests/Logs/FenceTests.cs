using System.Text;
using Cluster.Core.Logs;
using Cluster.Next.Grains.Logs;

namespace Cluster.Next.Grains.Tests.Logs;

/// <summary>What an activation does that has lost its grain, or cannot know whether it has.</summary>
public sealed class FenceTests(TwoSilos silos) : IClassFixture<TwoSilos>
{
    [Fact]
    public async Task An_activation_that_meets_a_newer_claim_writes_nothing_more_and_the_next_one_goes_on()
    {
        var (log, counter) = New();
        await counter.AddAsync(1);
        await ClaimElsewhereAsync(log, 2);

        await Assert.ThrowsAsync<TryAgainException>(() => counter.AddAsync(10));
        Assert.Equal(101, await AgainAsync(() => counter.AddAsync(0)));

        var records = await ReadAsync(log);
        Assert.Equal([1, 1, 3, 3, 5, 5], records.Select(record => record.Claim));
    }

    [Fact]
    public async Task All_that_waited_behind_a_collision_is_refused_and_none_of_it_happened()
    {
        var (log, counter) = New();
        await counter.AddAsync(1);
        await ClaimElsewhereAsync(log, 2);
        var until = new TaskCompletionSource();
        var came = silos.Writer.Hold(log, "added", until);

        var first = counter.AddAsync(10);
        await came;
        var others = Enumerable.Range(0, 5).Select(_ => counter.AddAsync(10)).ToList();
        await counter.WaitingAsync(5);
        until.SetResult();

        foreach (var add in (List<Task<long>>)[first, .. others])
        {
            await Assert.ThrowsAsync<TryAgainException>(() => add);
        }

        Assert.Equal(101, await AgainAsync(counter.SumAsync));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_append_whose_outcome_is_not_known_ends_the_activation_and_the_next_one_reads_what_is_true(bool written)
    {
        var (log, counter) = New();
        await counter.AddAsync(1);
        silos.Writer.Next(log, "added", async append =>
        {
            if (written)
            {
                await silos.Store.AppendAsync([append], CancellationToken.None);
            }

            return new LogOutcome.Unknown("cut off");
        });

        await Assert.ThrowsAsync<TryAgainException>(() => counter.AddAsync(10));

        Assert.Equal(written ? 11 : 1, await AgainAsync(counter.SumAsync));
    }

    [Fact]
    public async Task A_poisoned_activation_writes_no_snapshot()
    {
        var (log, counter) = New();
        for (var i = 0; i < 15; i++)
        {
            await counter.AddAsync(1);
        }

        var (came, until) = (new TaskCompletionSource(), new TaskCompletionSource());
        silos.Writer.Next(log, "added", async _ =>
        {
            came.SetResult();
            await until.Task;
            return new LogOutcome.Unknown("cut off");
        });
        var first = counter.AddAsync(100);
        await came.Task;
        var others = Enumerable.Range(0, 10).Select(_ => counter.AddAsync(100)).ToList();
        await counter.WaitingAsync(10);
        until.SetResult();
        foreach (var add in (List<Task<long>>)[first, .. others])
        {
            await Assert.ThrowsAsync<TryAgainException>(() => add);
        }

        Assert.Equal(15, await AgainAsync(counter.SumAsync));
        Assert.All((await silos.Store.OpenAsync(log, default)).Snapshots, snapshot => Assert.DoesNotContain("100", Encoding.UTF8.GetString(snapshot.Body.Span)));
    }

    [Fact]
    public async Task A_key_that_entered_elsewhere_after_it_was_looked_up_takes_only_its_own_command_back()
    {
        var (log, counter) = New();
        await counter.AddAsync(1);
        silos.Writer.Next(log, "added", _ => Task.FromResult<LogOutcome?>(new LogOutcome.Known("test", "twice")));

        var once = counter.AddOnceAsync("twice", 5);

        Assert.Equal((3, false), await once); // it was not in the store, so it was looked up again and entered
        Assert.Equal((3, true), await counter.AddOnceAsync("twice", 5));
        Assert.Equal(6, await counter.SumAsync());
    }

    [Fact]
    public async Task A_key_of_an_earlier_activation_enters_no_second_time_though_nobody_has_looked_for_it()
    {
        var (log, counter) = New();
        var (position, _) = await counter.AddOnceAsync("old", 5);
        await counter.EndAsync();
        await AgainAsync(counter.SumAsync);

        var others = Enumerable.Range(0, 5).Select(_ => counter.AddAsync(1)).ToList();
        var again = await counter.AddOnceAsync("old", 5);
        await Task.WhenAll(others);

        Assert.Equal((position, true), again);
        Assert.Equal(10, await counter.SumAsync());
        Assert.Contains(silos.Writer.Seen(log), append => append.Claim > 1 && append.Beside.Keys.Any(key => key.Key == "old")); // it was tried, and refused
    }

    [Fact]
    public async Task A_key_enters_once_though_many_bring_it_at_the_same_time()
    {
        var (_, counter) = New();

        var all = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => counter.AddOnceAsync("one", 7)));

        Assert.Single(all, one => !one.Known);
        Assert.Single(all.Select(one => one.Position).Distinct());
        Assert.Equal(7, await counter.SumAsync());
    }

    [Fact]
    public async Task A_grain_that_meets_a_kind_which_it_does_not_know_refuses_everything_and_stays_as_it_is()
    {
        var (log, counter) = New();
        await counter.AddAsync(1);
        await counter.EndAsync();
        await AgainAsync(counter.SumAsync);
        var claimed = await AppendElsewhereAsync(log, 2, new NewRecord("from-the-future", 1, "{}"u8.ToArray()));
        Assert.IsType<LogOutcome.Appended>(claimed);
        await counter.EndAsync();

        var fault = await Assert.ThrowsAsync<UnreadableLogException>(() => AgainAsync(() => counter.AddAsync(1)));

        Assert.Contains("from-the-future", fault.Message);
        Assert.Equal(4, (await ReadAsync(log))[^1].Position);
    }

    internal static async Task<T> AgainAsync<T>(Func<Task<T>> ask)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                return await ask();
            }
            catch (TryAgainException) when (failures < 50)
            {
                await Task.Yield();
            }
        }
    }

    private async Task ClaimElsewhereAsync(LogId log, long expected) =>
        Assert.IsType<LogOutcome.Appended>(await AppendElsewhereAsync(log, expected, CounterGrain.Kinds.Encode(new Added(100))));

    private async Task<LogOutcome> AppendElsewhereAsync(LogId log, long expected, NewRecord record) =>
        (await silos.Store.AppendAsync(
            [
                new LogAppend
                {
                    Log = log, Expected = expected, Claim = expected + 1, Records = [CounterGrain.Kinds.Encode(new Claimed("elsewhere")), record],
                },
            ],
            TestContext.Current.CancellationToken))[0];

    private Task<IReadOnlyList<LogRecord>> ReadAsync(LogId log) => silos.Store.ReadAsync(log, 0, 100, TestContext.Current.CancellationToken);

    private (LogId Log, ICounter Counter) New()
    {
        var key = Guid.NewGuid().ToString("N");
        return (CounterGrain.LogOf(key), silos.Grains.GetGrain<ICounter>(key));
    }
}
