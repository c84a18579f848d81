using System.Text;
using Cluster.Core.Logs;

namespace Cluster.Next.Storage.Tests;

/// <summary>What the suites of all stores stand on: an open store, and logs in short.</summary>
public abstract class LogSuite(TestStore place) : IAsyncLifetime
{
    private LogStores? _stores;

    protected static readonly LogId Api = new("session", "alice/api");
    protected static readonly LogId Bob = new("user", "telegram:18");

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected TestStore Place => place;

    protected LogStores Stores => _stores!;

    protected ILogStore Logs => Stores.Logs;

    protected IIndexStore Indexes => Stores.Indexes;

    public virtual async ValueTask InitializeAsync() => _stores = await place.OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Stores.DisposeAsync();
        await place.DisposeAsync();
    }

    protected static NewRecord Claim { get; } = new(LogKinds.Claim, 1, "{}"u8.ToArray());

    protected static NewRecord Removed { get; } = new(LogKinds.Removed, 1, "{}"u8.ToArray());

    protected static NewRecord Record(string text) => new("event-accepted", 2, Encoding.UTF8.GetBytes(text));

    protected static NewRecord[] Records(int count) => [.. Enumerable.Range(1, count).Select(i => Record($"event {i}"))];

    protected static LogAppend Append(LogId log, long expected, long claim, params NewRecord[] records) =>
        new() { Log = log, Expected = expected, Claim = claim, Records = records };

    protected static LogAppend Begin(LogId log, params NewRecord[] records) => Append(log, 0, 1, [Claim, .. records]);

    protected async Task<LogOutcome> AppendAsync(LogAppend append) => Assert.Single(await Logs.AppendAsync([append], Ct));

    protected async Task<LogOutcome.Appended> AppendedAsync(LogAppend append) => Assert.IsType<LogOutcome.Appended>(await AppendAsync(append));

    protected async Task<IEnumerable<long>> PositionsAsync(LogId log) => (await Logs.ReadAsync(log, 0, 1000, Ct)).Select(record => record.Position);

    protected async Task<LogRecord> RecordAsync(LogId log, long position) => Assert.Single(await Logs.ReadAsync(log, position - 1, 1, Ct));

    protected static string Text(LogRecord record) => Encoding.UTF8.GetString(record.Body.Span);

    protected static long[] Range(long first, long last) => [.. Enumerable.Range((int)first, (int)(last - first + 1)).Select(i => (long)i)];
}
