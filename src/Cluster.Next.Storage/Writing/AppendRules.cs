using System.Text;
using Cluster.Core.Logs;

namespace Cluster.Next.Storage.Writing;

/// <summary>What no store would take, told by name before it is sent: one append that is wrong must not spoil a trip.</summary>
public static class AppendRules
{
    /// <summary>Why an append is refused; null when it may go. Names what is wrong, never what a body says.</summary>
    public static string? Refusal(LogAppend append)
    {
        var wrong = Wrong(append);
        return wrong is null ? null : $"Log {append.Log}: {wrong}";
    }

    /// <summary>Whether every store keeps this text as it is: no NUL in it, and no half of a surrogate pair.</summary>
    public static bool IsStorable(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (text[i] == '\0' || char.IsSurrogate(text[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static string? Wrong(LogAppend append)
    {
        var (records, beside) = (append.Records, append.Beside);
        if (!IsName(append.Log))
        {
            return $"its name does not read back, or is longer than {LogId.MaxLength} characters.";
        }

        if (records.Count == 0)
        {
            return "an append needs a record: only that is fenced.";
        }

        if (append.Expected < 0 || append.Claim < 1 || append.Claim > append.Expected + 1)
        {
            return $"position {append.Expected} and claim {append.Claim} do not go together; a claim stands before what is written under it.";
        }

        if (append.Rows > LogAppend.MaxRows)
        {
            return $"{append.Rows} rows at once, from '{records[0].Kind}' on; the limit is {LogAppend.MaxRows}. Append them in several turns.";
        }

        return records.Select(Wrong)
            .Concat(beside.Keys.Select(key => Name("scope", key.Scope) ?? Key($"key of scope '{key.Scope}'", key.Key)))
            .Concat(beside.Puts.Select(put => Wrong(put.Entry) ?? Value(put)))
            .Concat(beside.Removes.Select(Wrong))
            .Concat(beside.Audits.Select(audit => TooLarge($"audit row {audit.Number}", audit.Body.Length + audit.Chain.Length)))
            .FirstOrDefault(wrong => wrong is not null)
            ?? (append.Bytes <= LogAppend.MaxBytes ? null
                : $"{append.Bytes} bytes at once, from '{records[0].Kind}' on; the limit is {LogAppend.MaxBytes}. Append them in several turns.");
    }

    private static string? Wrong(NewRecord record) => Name("kind", record.Kind) ?? TooLarge($"record '{record.Kind}'", record.Body.Length);

    private static string? Wrong(IndexEntry entry) =>
        Name("index", entry.Index) ?? Key($"key of index '{entry.Index}'", entry.Key)
        ?? (IsName(entry.Grain) ? null : $"an entry of index '{entry.Index}' names no grain.");

    private static string? Value(IndexRow put) =>
        put.Value.Length > IndexRow.MaxLength
            ? $"a value of index '{put.Entry.Index}' has {put.Value.Length} characters; the limit is {IndexRow.MaxLength}."
            : IsStorable(put.Value) ? null : $"a value of index '{put.Entry.Index}' has a character that no store keeps.";

    private static string? TooLarge(string what, int bytes) =>
        bytes <= LogRecord.MaxBytes ? null : $"{what} has {bytes} bytes; the limit is {LogRecord.MaxBytes}. Keep the larger part as a blob.";

    private static string? Name(string what, string name) =>
        name.Length > 0 && Encoding.UTF8.GetByteCount(name) <= RowsBeside.MaxNameBytes && IsStorable(name)
            ? null
            : $"a {what} has {name.Length} characters; expected 1 to {RowsBeside.MaxNameBytes} bytes of plain text.";

    private static string? Key(string what, string key) =>
        !IsStorable(key) ? $"a {what} has a character that no store keeps."
        : Encoding.UTF8.GetByteCount(key) is var bytes && bytes > RowsBeside.MaxKeyBytes
            ? $"a {what} has {bytes} bytes; the limit is {RowsBeside.MaxKeyBytes}. Use its hash."
            : null;

    private static bool IsName(LogId log) =>
        log.Kind is not null && LogId.TryParse(log.ToString(), out var read) && read == log && IsStorable(log.Kind) && IsStorable(log.Key);
}
