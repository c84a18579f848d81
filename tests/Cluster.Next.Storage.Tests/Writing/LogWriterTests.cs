using Cluster.Core.Logs;
using Cluster.Next.Storage.Writing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Next.Storage.Tests.Writing;

public sealed class LogWriterTests : IAsyncDisposable
{
    private readonly HeldStore _store = new();
    private readonly LogWriter _writer;

    public LogWriterTests() => _writer = new LogWriter(_store, NullLogger<LogWriter>.Instance);

    public async ValueTask DisposeAsync()
    {
        _store.Answer(10_000);
        await _writer.DisposeAsync();
        _store.Dispose();
    }

    [Fact]
    public async Task What_waits_while_a_trip_is_under_way_goes_together_in_the_next()
    {
        var first = _writer.AppendAsync(To("first"));
        await _store.AskedAsync();
        var others = Enumerable.Range(0, 50).Select(i => _writer.AppendAsync(To($"{i}"))).ToList();
        _store.Answer();
        await _store.AskedAsync();
        _store.Answer();

        await Task.WhenAll([first, .. others]);

        Assert.Equal([1, 50], _store.Trips.Select(trip => trip.Count));
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), _store.Trips[1].Select(append => append.Log.Key));
    }

    [Fact]
    public async Task Nobody_is_answered_before_the_store_has_answered()
    {
        var append = _writer.AppendAsync(To("one"));
        await _store.AskedAsync();

        Assert.False(append.IsCompleted);
        _store.Answer();

        Assert.IsType<LogOutcome.Appended>(await append);
    }

    [Fact]
    public async Task Appends_of_one_log_that_wait_together_go_in_their_order_each_in_a_trip_of_its_own()
    {
        var blocked = _writer.AppendAsync(To("other"));
        await _store.AskedAsync();
        var waiting = Enumerable.Range(0, 3).Select(i => _writer.AppendAsync(To("one", expected: i))).ToList();
        waiting.Add(_writer.AppendAsync(To("two")));
        waiting.Add(_writer.AppendAsync(To("one", expected: 3)));
        _store.Answer(10);
        await Task.WhenAll([blocked, .. waiting]);

        Assert.All(_store.Trips, trip => Assert.Equal(trip.Count, trip.DistinctBy(append => append.Log).Count()));
        Assert.Equal([0L, 1, 2, 3], _store.Trips.SelectMany(trip => trip).Where(append => append.Log.Key == "one").Select(append => append.Expected));
    }

    [Fact]
    public async Task A_trip_has_bounds_in_number_and_bytes()
    {
        var first = _writer.AppendAsync(To("first"));
        await _store.AskedAsync();
        var many = Enumerable.Range(0, LogWriter.MostAppends + 50).Select(i => _writer.AppendAsync(To($"{i}"))).ToList();
        var heavy = Enumerable.Range(0, 5).Select(i => _writer.AppendAsync(To($"heavy {i}", bodies: 15))).ToList();
        _store.Answer(10);
        await Task.WhenAll([first, .. many, .. heavy]);

        Assert.All(_store.Trips, trip => Assert.InRange(trip.Count, 1, LogWriter.MostAppends));
        Assert.All(_store.Trips, trip => Assert.InRange(trip.Sum(append => append.Bytes), 1, LogWriter.MostBytes));
        Assert.Equal(LogWriter.MostAppends, _store.Trips[1].Count);
    }

    [Fact]
    public async Task Who_comes_when_too_many_wait_waits_for_room()
    {
        var first = _writer.AppendAsync(To("first"));
        await _store.AskedAsync();
        var many = Enumerable.Range(0, LogWriter.MostWaiting + 500).Select(i => _writer.AppendAsync(To($"{i}"))).ToList();

        Assert.Equal(LogWriter.MostWaiting, _writer.WaitingNow);
        _store.Answer(100);
        await Task.WhenAll([first, .. many]);

        Assert.Equal(LogWriter.MostWaiting + 501, _store.Trips.Sum(trip => trip.Count));
    }

    [Fact]
    public async Task Its_end_finishes_what_waits_and_takes_no_more()
    {
        var first = _writer.AppendAsync(To("first"));
        await _store.AskedAsync();
        var waiting = Enumerable.Range(0, 3).Select(i => _writer.AppendAsync(To("one", expected: i))).ToList();
        var ended = _writer.DisposeAsync().AsTask();
        var late = await _writer.AppendAsync(To("late"));
        Assert.False(ended.IsCompleted);
        _store.Answer(10);

        await ended;

        Assert.IsType<LogOutcome.Unknown>(late);
        Assert.All(await Task.WhenAll([first, .. waiting]), outcome => Assert.IsType<LogOutcome.Appended>(outcome));
        Assert.DoesNotContain(_store.Trips.SelectMany(trip => trip), append => append.Log.Key == "late");
    }

    [Fact]
    public async Task A_store_that_fails_leaves_its_trip_unknown_and_the_writer_at_work()
    {
        _store.Answer(2);
        _store.Fault = new InvalidOperationException("secret");

        var unknown = Assert.IsType<LogOutcome.Unknown>(await _writer.AppendAsync(To("one")));
        _store.Fault = null;

        Assert.DoesNotContain("secret", unknown.Reason);
        Assert.IsType<LogOutcome.Appended>(await _writer.AppendAsync(To("two")));
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task What_no_store_takes_is_refused_by_name_and_never_sent(string why, LogAppend append)
    {
        var refused = Assert.IsType<LogOutcome.Refused>(await _writer.AppendAsync(append));

        Assert.Contains(why, refused.Reason);
        Assert.StartsWith("Log ", refused.Reason);
        Assert.Empty(_store.Trips);
    }

    public static TheoryData<string, LogAppend> Wrong()
    {
        var one = To("one");
        LogAppend Beside(RowsBeside rows) => one with { Beside = rows };
        LogAppend Records(params NewRecord[] records) => one with { Records = records };
        return new()
        {
            { "session/one: record 'large' has 65537 bytes; the limit is 65536", Records(new NewRecord("large", 1, new byte[65_537])) },
            { "51 rows at once, from 'event' on; the limit is 50", Records([.. Enumerable.Repeat(one.Records[0], 51)]) },
            { "51 rows at once", Beside(new RowsBeside { Keys = [.. Enumerable.Range(0, 50).Select(i => new KeyRow("id", $"{i}", 1))] }) },
            { "bytes at once, from 'event' on; the limit is 1048576", To("one", bodies: 16) with { Beside = new RowsBeside { Audits = [new AuditRow(1, 1, new byte[60_000], default)] } } },
            { "a key of scope 'id' has 513 bytes; the limit is 512", Beside(new RowsBeside { Keys = [new KeyRow("id", new string('k', 513), 1)] }) },
            { "a key of index 'tokens' has 600 bytes", Beside(new RowsBeside { Removes = [new IndexEntry("tokens", new string('ü', 300), one.Log)] }) },
            { "a value of index 'tokens' has 4097 characters", Beside(new RowsBeside { Puts = [new IndexRow(new IndexEntry("tokens", "k", one.Log), new string('v', 4097))] }) },
            { "audit row 1 has 65537 bytes", Beside(new RowsBeside { Audits = [new AuditRow(1, 1, new byte[65_505], new byte[32])] }) },
            { "a kind has 0 characters", Records(new NewRecord("", 1, default)) },
            { "has a character that no store keeps", Beside(new RowsBeside { Keys = [new KeyRow("id", "a\0b", 1)] }) },
            { "has a character that no store keeps", Beside(new RowsBeside { Keys = [new KeyRow("id", "half \ud83d of a pair", 1)] }) },
            { "names no grain", Beside(new RowsBeside { Removes = [new IndexEntry("tokens", "k", default)] }) },
            { "does not read back", one with { Log = new LogId("a/b", "c") } },
            { "does not read back", one with { Log = new LogId("session", new string('x', 400)) } },
            { "an append needs a record", Records() },
            { "do not go together", one with { Claim = 2 } },
        };
    }

    private static LogAppend To(string key, long expected = 0, int bodies = 0) => new()
    {
        Log = new LogId("session", key),
        Expected = expected,
        Claim = 1,
        Records = bodies == 0 ? [new NewRecord("event", 1, "{}"u8.ToArray())] : [.. Enumerable.Repeat(new NewRecord("event", 1, new byte[LogRecord.MaxBytes - 64]), bodies)],
    };
}
