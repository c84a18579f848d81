using Cluster.Core.Logs;
using Cluster.Next.Grains.Logs;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Storage;
using Cluster.Next.Storage.Starting;
using Cluster.Next.Storage.Writing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.TestingHost;

namespace Cluster.Next.Grains.Tests;

/// <summary>Two silos in this process over a real store on SQLite, with a writer between that can be held up or made to fail.</summary>
public sealed class TwoSilos : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-grains-").FullName;
    private InProcessTestCluster? _cluster;
    private LogStores? _stores;
    private LogWriter? _writer;

    public InProcessTestCluster Cluster => _cluster!;

    public IGrainFactory Grains => _cluster!.Client;

    public ILogStore Store => _stores!.Logs;

    public IIndexStore Index => _stores!.Indexes;

    internal FaultyWriter Writer { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _stores = await LogStores.OpenAsync(new StoreOptions { Data = _folder }, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        _writer = new LogWriter(_stores.Logs, NullLogger<LogWriter>.Instance);
        Writer = new FaultyWriter(_writer);
        var builder = new InProcessTestClusterBuilder(2);
        builder.ConfigureSilo((options, silo) =>
        {
            silo.Services
                .AddSingleton(_stores.Logs)
                .AddSingleton(_stores.Indexes)
                .AddSingleton<ILogWriter>(Writer)
                .AddSingleton(new SessionLimits { MailboxWaiting = 50 })
                .AddSingleton(new StoreClock(TimeProvider.System))
                .AddSingleton(new GrainLogOptions
                {
                    NodeName = options.SiloName,
                    AuditKey = new byte[32],
                    SnapshotEvery = 20,
                    AcknowledgeWithin = TimeSpan.FromMilliseconds(20),
                    LookUpFor = TimeSpan.Zero, // so that the log alone knows repeats
                })
                .AddSingleton<GrainLogs>();
            silo.ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
        });
        _cluster = builder.Build();
        await _cluster.DeployAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster!.StopAllSilosAsync();
        await _cluster.DisposeAsync();
        await _writer!.DisposeAsync();
        await _stores!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>The way to the store, which a test can hold up or break for one log.</summary>
internal sealed class FaultyWriter(ILogWriter inner) : ILogWriter
{
    private readonly Lock _gate = new();
    private readonly Dictionary<LogId, (string Kind, Func<LogAppend, Task<LogOutcome?>> Fault)> _faults = [];
    private readonly Dictionary<LogId, List<LogAppend>> _seen = [];

    /// <summary>What was appended to a log, in order.</summary>
    public IReadOnlyList<LogAppend> Seen(LogId log)
    {
        lock (_gate)
        {
            return [.. _seen.GetValueOrDefault(log) ?? []];
        }
    }

    /// <summary>Meets the next append of a log with a record of this kind; null lets it through afterwards.</summary>
    public void Next(LogId log, string kind, Func<LogAppend, Task<LogOutcome?>> fault)
    {
        lock (_gate)
        {
            _faults[log] = (kind, fault);
        }
    }

    /// <summary>The outcome of the next such append is not known; it is not written.</summary>
    public void Lose(LogId log, string kind) => Next(log, kind, _ => Task.FromResult<LogOutcome?>(new LogOutcome.Unknown("cut off")));

    /// <summary>Holds the next such append until the source is set.</summary>
    /// <returns>Ends when the append has come.</returns>
    public Task Hold(LogId log, string kind, TaskCompletionSource until)
    {
        var came = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Next(log, kind, async _ =>
        {
            came.SetResult();
            await until.Task;
            return null;
        });
        return came.Task;
    }

    public async Task<LogOutcome> AppendAsync(LogAppend append) =>
        Fault(append) is { } fault && await fault(append) is { } outcome ? outcome : await inner.AppendAsync(append);

    private Func<LogAppend, Task<LogOutcome?>>? Fault(LogAppend append)
    {
        lock (_gate)
        {
            if (!_seen.TryGetValue(append.Log, out var seen))
            {
                _seen.Add(append.Log, seen = []);
            }

            seen.Add(append);
            if (!_faults.TryGetValue(append.Log, out var next) || append.Records.All(record => record.Kind != next.Kind))
            {
                return null;
            }

            _faults.Remove(append.Log);
            return next.Fault;
        }
    }
}
