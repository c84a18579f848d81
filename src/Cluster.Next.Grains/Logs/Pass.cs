using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Cluster.Core.Logs;

namespace Cluster.Next.Grains.Logs;

/// <summary>The commands that one pass has decided, and the one append that makes them true.</summary>
internal sealed class Pass(LogId log, RecordKinds kinds, AuditChain audit, long expected, long claim, DateTimeOffset now)
{
    /// <summary>Receivers whose acknowledgements go with one pass at the most, all in one record.</summary>
    public const int MostAcknowledged = 64;

    /// <summary>Bytes of that record at the most.</summary>
    public const int MostAcknowledgedBytes = 32 * 1024;

    private const int Kept = 2; // rows that are left for that record, and for when the grain is due

    private readonly List<NewRecord> _records = [];
    private readonly List<KeyRow> _keys = [];
    private readonly List<IndexRow> _puts = [];
    private readonly List<IndexEntry> _removes = [];
    private readonly List<AuditRow> _audits = [];
    private readonly List<string> _told = [];
    private readonly List<(Command Command, Action Answer)> _answers = [];
    private long _claim = claim;
    private int _bytes;

    public int Records => _records.Count;

    /// <summary>The last record, as it will stand in the log.</summary>
    public LogRecord Last => new()
    {
        Position = Position,
        Claim = _claim,
        Kind = _records[^1].Kind,
        Version = _records[^1].Version,
        Body = _records[^1].Body,
    };

    /// <summary>Where the log stands with all of it.</summary>
    public long Position => expected + _records.Count;

    /// <summary>The keys that enter with it.</summary>
    public IReadOnlyList<KeyRow> Keys => _keys;

    /// <summary>Whom it tells something.</summary>
    public IReadOnlyList<string> Told => _told;

    public IEnumerable<Command> Commands => _answers.Select(answer => answer.Command);

    /// <summary>Begins with the claim of an activation that has none yet.</summary>
    public Claimed Claim(string node)
    {
        var claimed = new Claimed(node);
        _claim = expected + 1;
        _records.Add(kinds.Encode(claimed));
        return claimed;
    }

    /// <summary>Takes a record that nobody waits for.</summary>
    public void Add(IRecord record) => Add(kinds.Encode(record));

    /// <summary>Takes what a command has decided, if it still fits.</summary>
    /// <param name="decided">The decision; its records are final.</param>
    /// <param name="encoded">The records, encoded.</param>
    public bool Fits(Decided decided, IReadOnlyList<NewRecord> encoded)
    {
        var rows = _records.Count + _keys.Count + _puts.Count + _removes.Count + _audits.Count + encoded.Count
            + decided.Keys.Count + decided.Puts.Count + decided.Removes.Count + decided.Audits.Count + Kept;
        var bytes = _bytes + encoded.Sum(record => record.Body.Length + 64) + decided.Puts.Sum(put => put.Value.Length + 128) + (decided.Keys.Count * 128);
        return rows <= LogAppend.MaxRows && bytes <= LogAppend.MaxBytes - MostAcknowledgedBytes;
    }

    public void Add(Command command, Decided decided, IReadOnlyList<NewRecord> encoded)
    {
        var first = encoded.Count > 0 ? Position + 1 : Position;
        _answers.Add((command, decided.Answer));
        foreach (var record in encoded)
        {
            Add(record);
        }

        _keys.AddRange(decided.Keys.Select(key => new KeyRow(key.Scope, key.Key, first)));
        _bytes += decided.Keys.Count * 128;
        foreach (var put in decided.Puts)
        {
            // The same entry twice in one statement is an error at PostgreSQL; the later one counts.
            _puts.RemoveAll(earlier => earlier.Entry == put.Entry);
            _removes.Remove(put.Entry);
            _puts.Add(put);
            _bytes += put.Value.Length + 128;
        }

        _audits.AddRange(decided.Audits.Select(note => audit.Next(note, first, now)));
        _told.AddRange(decided.Tells.Select(telling => telling.To.ToString()));
        foreach (var remove in decided.Removes)
        {
            _puts.RemoveAll(earlier => earlier.Entry == remove);
            _removes.Add(remove);
        }
    }

    public LogAppend ToAppend(DueChange? due) => new()
    {
        Log = log,
        Expected = expected,
        Claim = _claim,
        Records = _records,
        Beside = new RowsBeside { Keys = _keys, Puts = _puts, Removes = _removes, Audits = _audits, Due = due },
    };

    public void Answer()
    {
        foreach (var (_, answer) in _answers)
        {
            answer();
        }
    }

    public void Fail(Exception reason)
    {
        foreach (var (command, _) in _answers)
        {
            command.Fail(reason);
        }
    }

    /// <summary>Encodes the records of a decision with its receipt and what it tells, in their final form.</summary>
    /// <param name="decided">The decision.</param>
    /// <param name="first">Where its first record will stand; the last position there is when it has none.</param>
    /// <param name="number">Gives the next number of a lane, and what of the lane is acknowledged.</param>
    /// <param name="kinds">The forms.</param>
    /// <param name="records">The records, as the state takes them in.</param>
    /// <param name="fault">A record that is too large, in words.</param>
    public static List<NewRecord> Encode(
        Decided decided, long first, Func<string, (long Number, long Acknowledged)> number, RecordKinds kinds, out List<IRecord> records, [MaybeNull] out string fault)
    {
        records = [.. decided.Records];
        var tellings = new Dictionary<string, int>();
        foreach (var telling in decided.Tells)
        {
            var to = telling.To.ToString();
            var earlier = tellings.GetValueOrDefault(to);
            tellings[to] = earlier + 1;
            var (next, acknowledged) = number(to);
            records.Add(new EntrySent(new OutboxEntry(to, next + earlier, telling.Kind, telling.Body), acknowledged));
        }

        if (decided.Settle(first) is { } receipt)
        {
            var carrier = records.FindIndex(record => record is ICarriesReceipt);
            if (carrier >= 0)
            {
                records[carrier] = ((ICarriesReceipt)records[carrier]).With(receipt);
            }
            else
            {
                records.Add(new EntryReceived(receipt));
            }
        }

        var encoded = records.ConvertAll(kinds.Encode);
        var large = encoded.Find(record => record.Body.Length > LogRecord.MaxBytes);
        fault = large is null ? null : $"A record '{large.Kind}' has {large.Body.Length} bytes; {LogRecord.MaxBytes} is the most.";
        return encoded;
    }

    public static JsonElement Json<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> form) => JsonSerializer.SerializeToElement(value, form);

    private void Add(NewRecord record)
    {
        _records.Add(record);
        _bytes += record.Body.Length + 64;
    }
}
