using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Cluster.Core.Channel;
using Cluster.Core.Sessions;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Cluster.Cli.Connect;

/// <summary>The answers that need no node.</summary>
internal static class LocalAnswers
{
    // JSON-RPC between two programs: nothing here is ever pasted into a web page.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ReadOnlyMemory<byte> Initialize(string id, string? requestedVersion, GivenName? name) =>
        Result(id, writer => JsonSerializer.Serialize(writer, ChannelProtocol.Initialize(requestedVersion, name), TypeInfo<InitializeResult>()));

    public static ReadOnlyMemory<byte> ListTools(string id) =>
        Result(id, writer => JsonSerializer.Serialize(writer, ChannelTools.List, TypeInfo<ListToolsResult>()));

    public static ReadOnlyMemory<byte> Ping(string id) => Result(id, writer =>
    {
        writer.WriteStartObject();
        writer.WriteEndObject();
    });

    /// <summary>A tool's answer that tells Claude, in a sentence, why there is no better one.</summary>
    public static ReadOnlyMemory<byte> ToolFailure(string id, string sentence) => Tool(id, sentence, isError: true);

    /// <summary>A tool's answer that needs no node.</summary>
    public static ReadOnlyMemory<byte> ToolText(string id, string text) => Tool(id, text, isError: false);

    private static ReadOnlyMemory<byte> Tool(string id, string text, bool isError) => Result(id, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("content");
        writer.WriteStartObject();
        writer.WriteString("type", "text");
        writer.WriteString("text", text);
        writer.WriteEndObject();
        writer.WriteEndArray();
        if (isError)
        {
            writer.WriteBoolean("isError", true);
        }

        writer.WriteEndObject();
    });

    public static ReadOnlyMemory<byte> Error(string id, int code, string message) => Message(id, writer =>
    {
        writer.WriteStartObject("error");
        writer.WriteNumber("code", code);
        writer.WriteString("message", message);
        writer.WriteEndObject();
    });

    private static ReadOnlyMemory<byte> Result(string id, Action<Utf8JsonWriter> write) => Message(id, writer =>
    {
        writer.WritePropertyName("result");
        write(writer);
    });

    private static ReadOnlyMemory<byte> Message(string id, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Plain))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc", "2.0");
            writer.WritePropertyName("id");
            writer.WriteRawValue(id);
            write(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(T));
}
