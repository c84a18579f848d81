using System.Text.Json;

namespace Cluster.Core.Events;

/// <summary>Reads what <see cref="Framing.Webhook"/> has written, for those who come when the payload is not there.</summary>
public static class WebhookContent
{
    /// <returns>What stands there of the summary; null for any other content.</returns>
    public static WebhookSummary? Read(string content)
    {
        var line = content.IndexOf('\n', StringComparison.Ordinal);
        if (line < 0)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(content.AsMemory(line + 1));
            return document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("event", out var name)
                && name is { ValueKind: JsonValueKind.String }
                ? new WebhookSummary { Name = name.GetString()!, Trusted = Fields(root, "trusted"), Untrusted = Fields(root, "untrusted") }
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static List<WebhookField> Fields(JsonElement root, string name) =>
        root.TryGetProperty(name, out var fields) && fields.ValueKind == JsonValueKind.Object
            ? [.. fields.EnumerateObject().Select(Field).OfType<WebhookField>()]
            : [];

    private static WebhookField? Field(JsonProperty field) => field.Value.ValueKind switch
    {
        JsonValueKind.String => new WebhookField { Name = field.Name, Text = field.Value.GetString() },
        JsonValueKind.Number when field.Value.TryGetInt64(out var number) => new WebhookField { Name = field.Name, Number = number },
        _ => null,
    };
}
