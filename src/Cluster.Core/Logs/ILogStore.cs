namespace Cluster.Core.Logs;

/// <summary>Where logs are kept. Knows nothing of what they mean.</summary>
public interface ILogStore
{
    /// <summary>Appends for many grains in one trip, each all or nothing; one that fails does no harm to the others.</summary>
    /// <param name="appends">At most one for each log.</param>
    /// <param name="ct">Ends the waiting; what was sent may be written all the same.</param>
    /// <returns>One outcome for each, in their order.</returns>
    Task<IReadOnlyList<LogOutcome>> AppendAsync(IReadOnlyList<LogAppend> appends, CancellationToken ct);

    /// <summary>What a grain needs to begin: its latest snapshot that belongs to this log, every record behind it, and the end of its audit, in one trip.</summary>
    /// <exception cref="StoreAwayException"/>
    Task<LogOpening> OpenAsync(LogId log, CancellationToken ct);

    /// <summary>Records behind a position, the oldest first.</summary>
    /// <exception cref="StoreAwayException"/>
    Task<IReadOnlyList<LogRecord>> ReadAsync(LogId log, long after, int limit, CancellationToken ct);

    /// <summary>Records before a position, the newest first.</summary>
    /// <exception cref="StoreAwayException"/>
    Task<IReadOnlyList<LogRecord>> ReadBackAsync(LogId log, long before, int limit, CancellationToken ct);

    /// <summary>Removes the records before a position: but no claim, nor the last record, nor what is needed behind a snapshot that is kept.
    /// Only what a removed grain was before its end goes with its snapshots.</summary>
    /// <exception cref="StoreAwayException"/>
    Task CutAsync(LogId log, long before, CancellationToken ct);

    /// <summary>Keeps a snapshot and the one before it; older ones go. One whose record does not stand in the log with its hash is not kept.</summary>
    /// <exception cref="StoreAwayException"/>
    Task SaveSnapshotAsync(LogId log, LogSnapshot snapshot, CancellationToken ct);

    /// <summary>The store's time.</summary>
    /// <exception cref="StoreAwayException"/>
    Task<DateTimeOffset> TimeAsync(CancellationToken ct);
}

/// <summary>The rows beside logs: what was seen, what finds a grain, what is due.</summary>
public interface IIndexStore
{
    /// <summary>Which of these keys have entered this grain.</summary>
    /// <exception cref="StoreAwayException"/>
    Task<IReadOnlyList<KnownKey>> FindKnownAsync(LogId log, IReadOnlyList<(string Scope, string Key)> keys, CancellationToken ct);

    /// <summary>Forgets keys that entered before a day.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="StoreAwayException"/>
    Task<int> ForgetKeysAsync(DateOnly before, CancellationToken ct);

    /// <summary>The entries of a key, in the order of their grains.</summary>
    /// <param name="index">The index.</param>
    /// <param name="key">What is asked for.</param>
    /// <param name="after">The grain behind which to begin; null from the first.</param>
    /// <param name="limit">How many at the most.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <exception cref="StoreAwayException"/>
    Task<IReadOnlyList<IndexRow>> FindAsync(string index, string key, LogId? after, int limit, CancellationToken ct);

    /// <summary>The grains that are due by the store's clock, the longest due first.</summary>
    /// <exception cref="StoreAwayException"/>
    Task<IReadOnlyList<DueRow>> DueAsync(int limit, CancellationToken ct);

    /// <summary>Puts a grain off that could not be woken. Does nothing when its row has changed meanwhile.</summary>
    /// <exception cref="StoreAwayException"/>
    Task PutOffAsync(DueRow row, DateTimeOffset until, CancellationToken ct);

    /// <summary>The audit of a grain behind a number, the oldest first.</summary>
    /// <exception cref="StoreAwayException"/>
    Task<IReadOnlyList<AuditRow>> ReadAuditAsync(LogId log, long after, int limit, CancellationToken ct);
}

/// <summary>Bodies that are too large for a record, payloads and files.</summary>
public interface IBlobStore
{
    /// <exception cref="StoreAwayException"/>
    Task PutBlobAsync(string key, ReadOnlyMemory<byte> bytes, CancellationToken ct);

    /// <returns>Null when there is none.</returns>
    /// <exception cref="StoreAwayException"/>
    Task<ReadOnlyMemory<byte>?> ReadBlobAsync(string key, CancellationToken ct);

    /// <exception cref="StoreAwayException"/>
    Task RemoveBlobAsync(string key, CancellationToken ct);
}

/// <summary>A node's only way to write: gathers what waits of all its grains into one trip after another.</summary>
public interface ILogWriter
{
    /// <summary>Returns when it is durable, or certainly or possibly not; never throws for what the store does.</summary>
    Task<LogOutcome> AppendAsync(LogAppend append);
}

/// <summary>A grain's state at one position.</summary>
/// <param name="Position">The position.</param>
/// <param name="Hash">That of the record there; see <see cref="LogRecord.Hash"/>.</param>
/// <param name="Form">The form of the body; one that a release does not know is ignored.</param>
/// <param name="Body">JSON, in UTF-8.</param>
public sealed record LogSnapshot(long Position, string Hash, int Form, ReadOnlyMemory<byte> Body);

/// <summary>What a grain begins with.</summary>
public sealed record LogOpening
{
    /// <summary>The snapshots whose record stands in the log with their hash, the newest first; two at the most.</summary>
    public required IReadOnlyList<LogSnapshot> Snapshots { get; init; }

    /// <summary>Every record behind the older snapshot, or of the whole log where there is none; the oldest first.</summary>
    public required IReadOnlyList<LogRecord> Records { get; init; }

    /// <summary>The last row of its audit; null where there is none.</summary>
    public AuditRow? LastAudit { get; init; }

    /// <summary>When the grain is due; null for never.</summary>
    public DateTimeOffset? Due { get; init; }
}
