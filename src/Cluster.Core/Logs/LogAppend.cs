namespace Cluster.Core.Logs;

/// <summary>What one grain appends at once: all of it or nothing.</summary>
public sealed record LogAppend
{
    /// <summary>Rows of one append at the most, those beside the log included; with <see cref="MaxBytes"/> it fits one
    /// transaction of every store (Azure Tables: 100 entities, 4 MiB).</summary>
    public const int MaxRows = 50;

    /// <summary>Bytes of all rows of one append at the most.</summary>
    public const int MaxBytes = 1024 * 1024;

    public required LogId Log { get; init; }

    /// <summary>The position of the last record that the grain knows; its own come right behind it. 0 for a log without any.</summary>
    public required long Expected { get; init; }

    /// <summary>The position of the claim under which it writes; that of its first record when that is the claim.</summary>
    public required long Claim { get; init; }

    /// <summary>One at least: rows beside alone would not be fenced.</summary>
    public required IReadOnlyList<NewRecord> Records { get; init; }

    public RowsBeside Beside { get; init; } = RowsBeside.None;

    /// <summary>Where the grain stands when this is appended.</summary>
    public long Last => Expected + Records.Count;

    public int Rows => Records.Count + Beside.Count;

    /// <summary>What it weighs, in bytes; the columns beside a body are counted roughly.</summary>
    public int Bytes => Records.Sum(record => record.Body.Length + 64) + Beside.Bytes;
}

/// <summary>Rows that commit together with records.</summary>
public sealed record RowsBeside
{
    /// <summary>Bytes of the name of a scope, an index or a kind of record at the most.</summary>
    public const int MaxNameBytes = 64;

    /// <summary>Bytes of a key at the most; what is longer is kept by its hash.</summary>
    public const int MaxKeyBytes = 512;

    public static readonly RowsBeside None = new();

    public IReadOnlyList<KeyRow> Keys { get; init; } = [];

    public IReadOnlyList<IndexRow> Puts { get; init; } = [];

    /// <summary>Entries that go; one that is also put stays.</summary>
    public IReadOnlyList<IndexEntry> Removes { get; init; } = [];

    /// <summary>When the grain wants to be woken; null leaves that as it is.</summary>
    public DueChange? Due { get; init; }

    public IReadOnlyList<AuditRow> Audits { get; init; } = [];

    public int Count => Keys.Count + Puts.Count + Removes.Count + Audits.Count + (Due is null ? 0 : 1);

    public int Bytes =>
        Keys.Sum(key => key.Key.Length + 64) + Puts.Sum(put => put.Value.Length + put.Entry.Key.Length + 64) + Audits.Sum(audit => audit.Body.Length + 64);
}

/// <summary>A thing that may enter a grain once, and the position of the record that it became.</summary>
/// <param name="Scope">What makes the key one: a source's delivery ids, its bodies.</param>
/// <param name="Key">The key within the scope.</param>
/// <param name="Position">The record.</param>
public sealed record KeyRow(string Scope, string Key, long Position);

/// <summary>A key that was looked up and is known.</summary>
public sealed record KnownKey(string Scope, string Key, long Position, DateTimeOffset At);

/// <summary>One entry of an index: under which key a grain is found.</summary>
/// <param name="Index">The index, such as <c>sessions-of</c>.</param>
/// <param name="Key">What one asks for.</param>
/// <param name="Grain">The grain that is found; it decides what the entry is worth.</param>
public sealed record IndexEntry(string Index, string Key, LogId Grain);

/// <summary>An index entry with what it says, such as a summary for a list. Written again, it says the newer.</summary>
public sealed record IndexRow(IndexEntry Entry, string Value)
{
    /// <summary>Characters of a value at the most.</summary>
    public const int MaxLength = 4096;
}

/// <summary>When a grain is woken next.</summary>
/// <param name="At">By the store's clock; null for never.</param>
public sealed record DueChange(DateTimeOffset? At);

/// <summary>A grain that is due.</summary>
/// <param name="Grain">The grain.</param>
/// <param name="At">Since when.</param>
/// <param name="Failures">How often it was woken without success.</param>
public sealed record DueRow(LogId Grain, DateTimeOffset At, int Failures);

/// <summary>Who changed which right or started what, for whoever asks later.</summary>
/// <param name="Number">Its number in the grain's audit; the first is 1.</param>
/// <param name="Position">The record that it belongs to.</param>
/// <param name="Body">JSON, in UTF-8.</param>
/// <param name="Chain">HMAC over the one before and this; what is changed or missing breaks it.</param>
public sealed record AuditRow(long Number, long Position, ReadOnlyMemory<byte> Body, ReadOnlyMemory<byte> Chain);
