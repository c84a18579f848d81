using System.Collections.Concurrent;
using System.Data.Common;
using Cluster.Storage.Audit;

namespace Cluster.Server.Security;

/// <summary>Counts what was refused, by class, and writes the counts to the audit: a flood of refusals is a few rows.</summary>
public sealed partial class Refusals(AuditStore audit, TimeProvider clock, ILogger<Refusals> logger) : BackgroundService
{
    private const int MostSubjects = 1_000;

    private readonly ConcurrentDictionary<(string Class, string Subject), long> _counts = new();

    /// <param name="class">A fixed word: <c>token</c>, <c>signature</c>, <c>host</c>.</param>
    /// <param name="subject">What it was aimed at, from our own store; never the sender's text.</param>
    public void Count(string @class, string subject = "")
    {
        var key = _counts.Count < MostSubjects ? (@class, subject) : (@class, "others");
        _counts.AddOrUpdate(key, 1, (_, count) => count + 1);
    }

    /// <summary>Writes what was counted since the last time.</summary>
    public async Task FlushAsync(CancellationToken ct)
    {
        var counted = new List<(string, string, long)>();
        foreach (var key in _counts.Keys)
        {
            if (_counts.TryRemove(key, out var count))
            {
                counted.Add((key.Class, key.Subject, count));
            }
        }

        if (counted.Count > 0)
        {
            await audit.RefusedAsync(counted, ct);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(10), clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryFlushAsync();
            }
        }
        catch (OperationCanceledException)
        {
            await TryFlushAsync();
        }
    }

    private async Task TryFlushAsync()
    {
        try
        {
            await FlushAsync(CancellationToken.None);
        }
        catch (DbException e)
        {
            LogFlushFailed(e); // the next tick counts on
        }
    }

    [LoggerMessage(LogLevel.Warning, "Refusals could not be written to the audit.")]
    private partial void LogFlushFailed(Exception e);
}
