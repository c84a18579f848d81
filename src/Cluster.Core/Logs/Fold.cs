using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Cluster.Core.Logs;

/// <summary>What a grain holds in memory, and nothing else: a fold of its log.</summary>
public interface IGrainState
{
    /// <summary>Takes in what happened. Never refuses: it has happened.</summary>
    void Apply(IRecord record, long position);

    /// <summary>When something is to be done that nobody asks for; null for never.</summary>
    DateTimeOffset? NextDue { get; }
}

/// <summary>A grain's log in memory: its own state, and what every grain has.</summary>
public sealed class Fold<TState>
    where TState : class, IGrainState, new()
{
    public TState State { get; private set; } = new();

    public Outbox Outbox { get; private set; } = new();

    public Inbox Inbox { get; private set; } = new();

    /// <summary>The position of the last record that is in here.</summary>
    public long Position { get; private set; }

    /// <summary>The position of the latest claim.</summary>
    public long Claim { get; private set; }

    public void Apply(IRecord record, long position)
    {
        switch (record)
        {
            case Claimed:
                Claim = position;
                break;
            case Woken:
                break;
            case EntrySent sent:
                Outbox.Apply(sent);
                break;
            case EntriesAcknowledged acknowledged:
                Outbox.Apply(acknowledged);
                break;
            case EntryReceived received:
                Inbox.Apply(received.Receipt);
                break;
            case Removed:
                State = new TState();
                break;
            default:
                State.Apply(record, position);
                break;
        }

        if (record is ICarriesReceipt { Receipt: { } receipt })
        {
            Inbox.Apply(receipt);
        }

        Position = position;
    }

    /// <summary>As JSON, for a snapshot.</summary>
    public byte[] Save(JsonTypeInfo<TState> form)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            writer.WriteNumber("claim"u8, Claim);
            writer.WritePropertyName("outbox"u8);
            JsonSerializer.Serialize(writer, Outbox, LogJson.Default.Outbox);
            writer.WritePropertyName("inbox"u8);
            JsonSerializer.Serialize(writer, Inbox, LogJson.Default.Inbox);
            writer.WritePropertyName("state"u8);
            JsonSerializer.Serialize(writer, State, form);
            writer.WriteEndObject();
        }

        return bytes.ToArray();
    }

    /// <summary>Takes a snapshot in; what was here before is gone.</summary>
    /// <exception cref="JsonException">The snapshot is none; then nothing has changed.</exception>
    public void Load(LogSnapshot snapshot, JsonTypeInfo<TState> form)
    {
        using var json = JsonDocument.Parse(snapshot.Body);
        var root = json.RootElement;
        var claim = Part("claim").GetInt64();
        var outbox = Part("outbox").Deserialize(LogJson.Default.Outbox) ?? throw new JsonException("The snapshot's outbox is null.");
        var inbox = Part("inbox").Deserialize(LogJson.Default.Inbox) ?? throw new JsonException("The snapshot's inbox is null.");
        State = Part("state").Deserialize(form) ?? throw new JsonException("The snapshot's state is null.");
        (Position, Claim, Outbox, Inbox) = (snapshot.Position, claim, outbox, inbox);

        JsonElement Part(string name) =>
            root.TryGetProperty(name, out var part) ? part : throw new JsonException($"The snapshot has no '{name}'.");
    }
}
