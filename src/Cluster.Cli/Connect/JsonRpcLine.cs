using System.Text.Json;
using System.Text.Unicode;
using Cluster.Core.Channel;

namespace Cluster.Cli.Connect;

internal enum JsonRpcKind
{
    Request,
    Notification,
    Response,
}

/// <summary>One JSON-RPC message: its bytes as they came, and the little that the connector must know of it.</summary>
internal sealed record JsonRpcLine
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    public required ReadOnlyMemory<byte> Bytes { get; init; }
    public required JsonRpcKind Kind { get; init; }

    /// <summary>Empty for a response.</summary>
    public string Method { get; init; } = "";

    /// <summary>The id as JSON, to be repeated unchanged; <c>null</c> for a notification.</summary>
    public string Id { get; init; } = "null";

    /// <summary>The id in one form, whatever its spelling in JSON.</summary>
    public string IdKey { get; init; } = "";

    public JsonElement? Params { get; init; }

    /// <exception cref="JsonRpcException">The line is no JSON-RPC message; the exception is the answer to give.</exception>
    public static JsonRpcLine Parse(ReadOnlyMemory<byte> bytes)
    {
        var root = ParseJson(bytes);
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonRpcException(ChannelProtocol.InvalidRequest, "A message must be one JSON object.");
        }

        var (id, key) = ReadId(root, "id");
        if (!root.TryGetProperty("jsonrpc", out var version) || version.ValueKind != JsonValueKind.String || !version.ValueEquals("2.0"))
        {
            throw new JsonRpcException(ChannelProtocol.InvalidRequest, "A message must say \"jsonrpc\":\"2.0\".", id ?? "null");
        }

        if (!root.TryGetProperty("method", out var method))
        {
            return id is not null && (root.TryGetProperty("result", out _) || root.TryGetProperty("error", out _))
                ? new JsonRpcLine { Bytes = bytes, Kind = JsonRpcKind.Response, Id = id, IdKey = key }
                : throw new JsonRpcException(ChannelProtocol.InvalidRequest, "A message must have a method, or an id and a result or an error.");
        }

        return new JsonRpcLine
        {
            Bytes = bytes,
            Kind = id is null ? JsonRpcKind.Notification : JsonRpcKind.Request,
            Method = ReadText(method) ?? throw new JsonRpcException(ChannelProtocol.InvalidRequest, "\"method\" must be a string.", id ?? "null"),
            Id = id ?? "null",
            IdKey = key,
            Params = root.TryGetProperty("params", out var parameters) ? parameters : null,
        };
    }

    /// <summary>An id as written and in its one form; null when there is none.</summary>
    public static (string? Raw, string Key) ReadId(JsonElement holder, string property)
    {
        if (!holder.TryGetProperty(property, out var id))
        {
            return (null, "");
        }

        return id.ValueKind switch
        {
            JsonValueKind.Number => (id.GetRawText(), id.GetRawText()),
            JsonValueKind.String when ReadText(id) is { } text => (id.GetRawText(), $"\"{text}"),
            _ => throw new JsonRpcException(ChannelProtocol.InvalidRequest, $"\"{property}\" must be a string or a number."),
        };
    }

    /// <summary>The text of a JSON string; null when it is none, or has half a surrogate pair.</summary>
    public static string? ReadText(JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static JsonElement ParseJson(ReadOnlyMemory<byte> bytes)
    {
        if (!Utf8.IsValid(bytes.Span))
        {
            throw new JsonRpcException(ChannelProtocol.ParseError, "The line is not UTF-8.");
        }

        try
        {
            return JsonElement.Parse(bytes.Span, Strict);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new JsonRpcException(ChannelProtocol.ParseError, "The line is not JSON, or has a doubled key or more than 64 levels.");
        }
    }
}

/// <summary>A message that gets a JSON-RPC error for an answer.</summary>
internal sealed class JsonRpcException(int code, string message, string id = "null") : Exception(message)
{
    public int Code => code;

    public string Id => id;
}
