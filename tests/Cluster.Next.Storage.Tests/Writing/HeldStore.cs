using Cluster.Core.Logs;

namespace Cluster.Next.Storage.Tests.Writing;

/// <summary>A store that answers a trip when the test says so; all else it refuses.</summary>
internal sealed class HeldStore : ILogStore, IDisposable
{
    private readonly SemaphoreSlim _asked = new(0);
    private readonly SemaphoreSlim _answers = new(0);

    /// <summary>The trips so far, also the one that waits for its answer.</summary>
    public List<IReadOnlyList<LogAppend>> Trips { get; } = [];

    /// <summary>What the next trips throw; null for the usual answer.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Returns when the writer has sent one more trip.</summary>
    public Task AskedAsync() => _asked.WaitAsync(TestContext.Current.CancellationToken);

    public void Answer(int trips = 1) => _answers.Release(trips);

    public async Task<IReadOnlyList<LogOutcome>> AppendAsync(IReadOnlyList<LogAppend> appends, CancellationToken ct)
    {
        Trips.Add(appends);
        _asked.Release();
        await _answers.WaitAsync(ct);
        return Fault is null ? [.. appends.Select(_ => new LogOutcome.Appended(DateTimeOffset.UnixEpoch))] : throw Fault;
    }

    public void Dispose()
    {
        _asked.Dispose();
        _answers.Dispose();
    }

    public Task<LogOpening> OpenAsync(LogId log, CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<LogRecord>> ReadAsync(LogId log, long after, int limit, CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<LogRecord>> ReadBackAsync(LogId log, long before, int limit, CancellationToken ct) => throw new NotSupportedException();

    public Task CutAsync(LogId log, long before, CancellationToken ct) => throw new NotSupportedException();

    public Task SaveSnapshotAsync(LogId log, LogSnapshot snapshot, CancellationToken ct) => throw new NotSupportedException();

    public Task<DateTimeOffset> TimeAsync(CancellationToken ct) => throw new NotSupportedException();
}
