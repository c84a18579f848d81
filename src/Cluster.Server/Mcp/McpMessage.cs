using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Channel;

namespace Cluster.Server.Mcp;

/// <summary>One JSON-RPC message of a client, as far as it must be understood; everything in it is still the client's.</summary>
internal abstract record McpMessage
{
    private McpMessage()
    {
    }

    public sealed record Request(JsonElement Id, string Method, JsonElement? Params) : McpMessage;

    public sealed record Notification(string Method, JsonElement? Params) : McpMessage;

    // The id of our request, when it was a text; ours always are.
    public sealed record Response(string? Id) : McpMessage;

    public sealed record Invalid(int Code, string Reason) : McpMessage;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    /// <summary>Reads one message. JSON-RPC 2.0; batches are not part of the MCP revisions that push.</summary>
    public static McpMessage Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            var root = JsonDocument.Parse(body, Strict).RootElement;
            if (root.ValueKind == JsonValueKind.Array)
            {
                return new Invalid(ChannelProtocol.InvalidRequest, "Batches are not accepted: send one message a request.");
            }

            if (root.ValueKind != JsonValueKind.Object || Text(root, "jsonrpc") != "2.0")
            {
                return new Invalid(ChannelProtocol.InvalidRequest, "Not a JSON-RPC 2.0 message.");
            }

            var hasId = root.TryGetProperty("id", out var id);
            if (hasId && id.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
            {
                return new Invalid(ChannelProtocol.InvalidRequest, "A JSON-RPC id must be a text or a number.");
            }

            if (hasId && id.GetRawText().Length > 256)
            {
                return new Invalid(ChannelProtocol.InvalidRequest, "A JSON-RPC id of more than 256 characters is not accepted.");
            }

            JsonElement? parameters = root.TryGetProperty("params", out var given) ? given : null;
            if (Text(root, "method") is { } method)
            {
                return hasId ? new Request(id, method, parameters) : new Notification(method, parameters);
            }

            return hasId && (root.TryGetProperty("result", out _) || root.TryGetProperty("error", out _))
                ? new Response(id.ValueKind == JsonValueKind.String ? id.GetString() : null)
                : new Invalid(ChannelProtocol.InvalidRequest, "Neither a request, a notification nor a response.");
        }
        catch (JsonException)
        {
            return new Invalid(ChannelProtocol.ParseError, "The body is not valid JSON: one object, no name twice, no deeper than 64.");
        }
        catch (InvalidOperationException)
        {
            return new Invalid(ChannelProtocol.ParseError, "The body has text that is not valid Unicode (half of a surrogate pair).");
        }
    }

    /// <summary>A text member, or null when it is missing or of another type.</summary>
    /// <exception cref="InvalidOperationException">The text has half of a surrogate pair.</exception>
    public static string? Text(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } parent && parent.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.String
            ? found.GetString()
            : null;

    /// <summary>Half of a surrogate pair parses, and fails only when it is read, with this exception of System.Text.Json's.</summary>
    public static bool IsUnreadableText(Exception e) =>
        e is InvalidOperationException && e.Source?.StartsWith("System.Text.Json", StringComparison.Ordinal) == true;

    public static JsonObject Error(JsonElement? id, int code, string message, JsonObject? data = null)
    {
        var error = new JsonObject { ["code"] = code, ["message"] = message };
        if (data is not null)
        {
            error["data"] = data;
        }

        return new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id is { } known ? JsonNode.Parse(known.GetRawText()) : null, ["error"] = error };
    }

    public static JsonObject Result(JsonElement id, JsonNode? result) =>
        new() { ["jsonrpc"] = "2.0", ["id"] = JsonNode.Parse(id.GetRawText()), ["result"] = result };
}
