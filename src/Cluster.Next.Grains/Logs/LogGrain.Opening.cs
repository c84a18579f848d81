using System.Text.Json;
using Cluster.Core.Logs;
using Microsoft.Extensions.Logging;

namespace Cluster.Next.Grains.Logs;

// How a grain begins, and how it saves what it would otherwise have to read again.
public abstract partial class LogGrain<TState>
{
    private long _savedAt;
    private Task _saving = Task.CompletedTask;

    private async Task OpenAsync()
    {
        var opening = await _logs.Store.OpenAsync(Log, CancellationToken.None);
        var fold = new Fold<TState>();
        foreach (var snapshot in opening.Snapshots.Where(snapshot => snapshot.Form == SnapshotForm))
        {
            try
            {
                fold.Load(snapshot, _form);
                break;
            }
            catch (JsonException e)
            {
                LogSnapshotUnread(Logger, e, Log, snapshot.Position);
            }
        }

        _savedAt = fold.Position;
        foreach (var stored in opening.Records.Where(stored => stored.Position > fold.Position))
        {
            if (stored.Position != fold.Position + 1)
            {
                throw new UnreadableLogException($"The log of {Log} has no record {fold.Position + 1}, and no snapshot that stands for it.");
            }

            var record = Read(stored);
            fold.Apply(record, stored.Position);
            _last = stored;
        }

        _fold = fold;
        _audit = new AuditChain(_logs.Options.AuditKey, Log, opening.LastAudit);
        _due = opening.Due;
        Outbox.Told(fold.Outbox.Receivers);
    }

    private IRecord Read(LogRecord stored)
    {
        try
        {
            return _kinds.Decode(stored) ?? throw new UnreadableLogException(
                $"The log of {Log} holds '{stored.Kind}' of version {stored.Version} at {stored.Position}, which this release does not know; a newer one wrote it.");
        }
        catch (JsonException e)
        {
            throw new UnreadableLogException($"Record {stored.Position} of {Log} is no '{stored.Kind}' of version {stored.Version}: {e.Message}");
        }
    }

    /// <summary>Saves a snapshot when enough records lie behind the last one. Taken while nothing is in flight: memory and log are the same.</summary>
    private void SaveSnapshot(int every)
    {
        if (_fold is { } fold && _refuses is null && fold.Position - _savedAt >= every && _saving.IsCompleted && _last is { } last && last.Position == fold.Position)
        {
            _savedAt = fold.Position;
            _saving = SaveAsync(new LogSnapshot(fold.Position, last.Hash(), SnapshotForm, fold.Save(_form)));
        }
    }

    private async Task SaveAsync(LogSnapshot snapshot)
    {
        try
        {
            await _logs.Store.SaveSnapshotAsync(Log, snapshot, CancellationToken.None);
        }
        catch (StoreAwayException e)
        {
            LogSnapshotUnsaved(Logger, Log, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The snapshot of {Log} at {Position} cannot be read; the records behind an older one are.")]
    private static partial void LogSnapshotUnread(ILogger logger, Exception fault, LogId log, long position);

    [LoggerMessage(LogLevel.Debug, "No snapshot of {Log}: {Reason}")]
    private static partial void LogSnapshotUnsaved(ILogger logger, LogId log, string reason);
}
