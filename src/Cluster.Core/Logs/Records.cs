using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Cluster.Core.Logs;

/// <summary>One thing that happened to one grain; named in the past tense, never changed.</summary>
public interface IRecord;

/// <summary>A record that can say itself that a sender's entry was received, so that no second one is needed.</summary>
public interface ICarriesReceipt : IRecord
{
    Receipt? Receipt { get; }

    IRecord With(Receipt receipt);
}

/// <summary>An activation has taken the grain over.</summary>
public sealed record Claimed(string Node) : IRecord;

/// <summary>The grain was removed. Its number in every lane stays, so that nobody is mistaken for somebody else's future.</summary>
public sealed record Removed : IRecord;

/// <summary>The grain was woken for nothing, and has said when to come again.</summary>
public sealed record Woken : IRecord;

/// <summary>The grain has decided to tell another grain something.</summary>
/// <param name="Entry">What, to whom, and its number.</param>
/// <param name="Acknowledged">Of the entries before it to the same receiver, the last one that is acknowledged; 0 for none.</param>
public sealed record EntrySent(OutboxEntry Entry, long Acknowledged) : IRecord;

/// <summary>Entries have reached their receivers.</summary>
/// <param name="Numbers">By receiver: all up to this one.</param>
public sealed record EntriesAcknowledged(IReadOnlyDictionary<string, long> Numbers) : IRecord;

/// <summary>A sender's entry was received, and nothing else happened.</summary>
public sealed record EntryReceived(Receipt Receipt) : IRecord;

/// <summary>The records that a kind of grain writes, and the form of each.</summary>
public sealed class RecordKinds
{
    private readonly Dictionary<(string Kind, int Version), Func<ReadOnlyMemory<byte>, IRecord>> _readers = [];
    private readonly Dictionary<Type, Func<IRecord, NewRecord>> _writers = [];

    public RecordKinds()
    {
        Add(LogKinds.Claim, LogJson.Default.Claimed);
        Add(LogKinds.Removed, LogJson.Default.Removed);
        Add("sent", LogJson.Default.EntrySent);
        Add("acknowledged", LogJson.Default.EntriesAcknowledged);
        Add("woken", LogJson.Default.Woken);
        Add("received", LogJson.Default.EntryReceived);
    }

    /// <summary>A kind that is read and written.</summary>
    /// <exception cref="ArgumentException">Its name or type is taken.</exception>
    public RecordKinds Add<T>(string kind, JsonTypeInfo<T> form, int version = 1)
        where T : class, IRecord
    {
        Read(kind, form, version);
        _writers.Add(typeof(T), record => new NewRecord(kind, version, JsonSerializer.SerializeToUtf8Bytes((T)record, form)));
        return this;
    }

    /// <summary>A kind that is only read yet: a release reads a kind before any release writes it.</summary>
    public RecordKinds Read<T>(string kind, JsonTypeInfo<T> form, int version = 1)
        where T : class, IRecord
    {
        _readers.Add((kind, version), body => JsonSerializer.Deserialize(body.Span, form) ?? throw new JsonException($"A record '{kind}' is null."));
        return this;
    }

    public NewRecord Encode(IRecord record) => _writers[record.GetType()](record);

    /// <returns>Null for a kind or version that this release does not know.</returns>
    /// <exception cref="JsonException">The body is none of this kind.</exception>
    public IRecord? Decode(LogRecord record) =>
        _readers.TryGetValue((record.Kind, record.Version), out var read) ? read(record.Body) : null;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Claimed))]
[JsonSerializable(typeof(Removed))]
[JsonSerializable(typeof(Woken))]
[JsonSerializable(typeof(EntrySent))]
[JsonSerializable(typeof(EntriesAcknowledged))]
[JsonSerializable(typeof(EntryReceived))]
[JsonSerializable(typeof(Outbox))]
[JsonSerializable(typeof(Inbox))]
internal sealed partial class LogJson : JsonSerializerContext;
