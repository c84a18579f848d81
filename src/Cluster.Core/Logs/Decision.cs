using System.Text.Json;

namespace Cluster.Core.Logs;

/// <summary>What a command decides: the records of what happens, the rows beside them, what other grains are told, and the answer.</summary>
public sealed class Decision<T>
{
    private readonly Func<long, T> _result;

    internal Decision(IReadOnlyList<IRecord> records, Func<long, T> result)
    {
        Records = records;
        _result = result;
    }

    public IReadOnlyList<IRecord> Records { get; }

    /// <summary>Keys that have entered with it.</summary>
    public IReadOnlyList<(string Scope, string Key)> Keys { get; init; } = [];

    public IReadOnlyList<IndexRow> Puts { get; init; } = [];

    public IReadOnlyList<IndexEntry> Removes { get; init; } = [];

    public IReadOnlyList<AuditNote> Audits { get; init; } = [];

    public IReadOnlyList<Telling> Tells { get; init; } = [];

    /// <summary>The answer, once the first record stands at this position; where there is no record, the last position that there is.</summary>
    public T ResultAt(long position) => _result(position);

    /// <summary>Nothing happens; this is the answer.</summary>
    public static implicit operator Decision<T>(T result) => new([], _ => result);

    public Decision<T> With(
        IReadOnlyList<(string Scope, string Key)>? keys = null,
        IReadOnlyList<IndexRow>? puts = null,
        IReadOnlyList<IndexEntry>? removes = null,
        IReadOnlyList<AuditNote>? audits = null,
        IReadOnlyList<Telling>? tells = null) =>
        new(Records, _result)
        {
            Keys = keys ?? Keys,
            Puts = puts ?? Puts,
            Removes = removes ?? Removes,
            Audits = audits ?? Audits,
            Tells = tells ?? Tells,
        };

    /// <summary>The same with another answer.</summary>
    public Decision<TOther> Select<TOther>(Func<T, TOther> select) =>
        new(Records, position => select(_result(position))) { Keys = Keys, Puts = Puts, Removes = Removes, Audits = Audits, Tells = Tells };
}

/// <summary>Makes decisions.</summary>
public static class Decision
{
    public static Decision<T> Of<T>(IRecord record, T result) => new([record], _ => result);

    /// <param name="record">What happens.</param>
    /// <param name="result">The answer, given the record's position.</param>
    public static Decision<T> Of<T>(IRecord record, Func<long, T> result) => new([record], result);

    public static Decision<T> Of<T>(IReadOnlyList<IRecord> records, T result) => new(records, _ => result);

    public static Decision<T> Of<T>(IReadOnlyList<IRecord> records, Func<long, T> result) => new(records, result);
}

/// <summary>What another grain is told.</summary>
/// <param name="To">The receiver.</param>
/// <param name="Kind">What it is, as the receiver reads it.</param>
/// <param name="Body">JSON.</param>
public sealed record Telling(LogId To, string Kind, JsonElement Body);

/// <summary>What the audit says of a decision.</summary>
/// <param name="Who">The identity that asked.</param>
/// <param name="Act">What was done, such as <c>allow</c>.</param>
/// <param name="Subject">To whom or what.</param>
public sealed record AuditNote(string Who, string Act, string Subject);
