using System.Threading.Channels;
using Cluster.Core.Logs;
using Microsoft.Extensions.Logging;

namespace Cluster.Next.Storage.Writing;

/// <summary>The node's writer: while one trip is under way, the next gathers by itself; nobody waits for a timer. Whoever is disposed of
/// it finishes what waits.</summary>
public sealed partial class LogWriter : ILogWriter, IAsyncDisposable
{
    /// <summary>Appends of one trip at the most.</summary>
    public const int MostAppends = 300;

    /// <summary>Bytes of one trip at the most, unless a single append has them.</summary>
    public const int MostBytes = 2 * LogAppend.MaxBytes;

    /// <summary>Appends that wait; who comes then waits until there is room.</summary>
    public const int MostWaiting = 4096;

    private readonly ILogStore _store;
    private readonly ILogger<LogWriter> _logger;
    private readonly Channel<Waiting> _coming =
        Channel.CreateBounded<Waiting>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    // Those for which the last trip had no room, or an earlier append of their log. They go before all that come.
    private readonly List<Waiting> _held = [];
    private readonly Task _writing;
    private bool _away;

    public LogWriter(ILogStore store, ILogger<LogWriter> logger)
    {
        _store = store;
        _logger = logger;
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Those that wait for a trip; who waits for room is not among them.</summary>
    internal int WaitingNow => _coming.Reader.Count;

    public Task<LogOutcome> AppendAsync(LogAppend append)
    {
        if (AppendRules.Refusal(append) is { } reason)
        {
            return Task.FromResult<LogOutcome>(new LogOutcome.Refused(reason));
        }

        var waiting = new Waiting(append, append.Bytes);
        return _coming.Writer.TryWrite(waiting) ? waiting.Done.Task : WaitAsync(waiting);
    }

    public async ValueTask DisposeAsync()
    {
        _coming.Writer.TryComplete();
        await _writing;
    }

    private async Task<LogOutcome> WaitAsync(Waiting waiting)
    {
        try
        {
            await _coming.Writer.WriteAsync(waiting);
        }
        catch (ChannelClosedException)
        {
            return new LogOutcome.Unknown("This node's writer has ended.");
        }

        return await waiting.Done.Task;
    }

    private async Task WriteAsync()
    {
        while (_held.Count > 0 || await _coming.Reader.WaitToReadAsync())
        {
            var trip = Gather();
            var outcomes = await SendAsync(trip.ConvertAll(waiting => waiting.Append));
            _ = Task.Run(() => Answer(trip, outcomes)); // whoever goes on in there keeps no trip waiting
        }
    }

    private static void Answer(List<Waiting> trip, IReadOnlyList<LogOutcome> outcomes)
    {
        for (var i = 0; i < trip.Count; i++)
        {
            trip[i].Done.SetResult(outcomes[i]);
        }
    }

    // At most one of a log: what comes behind an append that fails must not be there yet. And none overtakes another of its log.
    private List<Waiting> Gather()
    {
        var trip = new List<Waiting>();
        var logs = new HashSet<LogId>();
        var (bytes, full) = (0, false);

        bool Take(Waiting next)
        {
            full = full || trip.Count == MostAppends || (trip.Count > 0 && bytes + next.Bytes > MostBytes);
            if (full || !logs.Add(next.Append.Log))
            {
                return false;
            }

            trip.Add(next);
            bytes += next.Bytes;
            return true;
        }

        _held.RemoveAll(Take);
        while (!full && _held.Count < MostAppends && _coming.Reader.TryRead(out var next))
        {
            if (!Take(next))
            {
                _held.Add(next);
            }
        }

        return trip;
    }

    private async Task<IReadOnlyList<LogOutcome>> SendAsync(List<LogAppend> trip)
    {
        IReadOnlyList<LogOutcome> outcomes;
        try
        {
            outcomes = await _store.AppendAsync(trip, CancellationToken.None);
        }
        catch (Exception e)
        {
            // A fault of the store's code. Every caller learns that it does not know; the writer serves the next ones.
            LogFault(trip.Count, e);
            return [.. trip.Select(_ => new LogOutcome.Unknown($"The store failed: {e.GetType().Name}."))];
        }

        Tell(outcomes);
        return outcomes;
    }

    // Told once when it begins and once when it is over.
    private void Tell(IReadOnlyList<LogOutcome> outcomes)
    {
        var lost = outcomes.OfType<LogOutcome.Unknown>().ToList();
        if (lost.Count > 0 && !_away)
        {
            _away = true;
            LogAway(lost.Count, lost[0].Reason);
        }
        else if (lost.Count == 0 && _away)
        {
            _away = false;
            LogBack();
        }
    }

    [LoggerMessage(LogLevel.Warning, "Of {Count} grains it is not known whether the store has their records; they read their logs again. {Reason}")]
    private partial void LogAway(int count, string reason);

    [LoggerMessage(LogLevel.Information, "The store takes records again.")]
    private partial void LogBack();

    [LoggerMessage(LogLevel.Error, "The store failed with {Count} appends in a way that it should not.")]
    private partial void LogFault(int count, Exception e);

    private sealed record Waiting(LogAppend Append, int Bytes)
    {
        public TaskCompletionSource<LogOutcome> Done { get; } = new();
    }
}
