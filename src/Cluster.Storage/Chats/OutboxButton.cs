using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cluster.Storage.Chats;

/// <summary>A button under something that waits to be sent.</summary>
/// <param name="Label">What people see.</param>
/// <param name="Data">What comes back with a press.</param>
public sealed record OutboxButton(string Label, string Data)
{
    internal static string? Pack(IReadOnlyList<OutboxButton> buttons) =>
        buttons.Count == 0 ? null : JsonSerializer.Serialize(buttons, OutboxJson.Default.IReadOnlyListOutboxButton);

    internal static IReadOnlyList<OutboxButton> Unpack(string? stored) =>
        stored is null ? [] : JsonSerializer.Deserialize(stored, OutboxJson.Default.IReadOnlyListOutboxButton) ?? [];
}

[JsonSerializable(typeof(IReadOnlyList<OutboxButton>))]
internal sealed partial class OutboxJson : JsonSerializerContext;
