using System.Buffers;
using System.Text;
using System.Text.Json;
using Cluster.Core.Channel;

namespace Cluster.Cli.Connect;

/// <summary>What the connector itself says to a node, beside what it pipes.</summary>
internal static class LinkMessages
{
    public static ReadOnlyMemory<byte> Initialized { get; } = """{"jsonrpc":"2.0","method":"notifications/initialized"}"""u8.ToArray();

    /// <summary>The headers say where to.</summary>
    public static ReadOnlyMemory<byte> Moved { get; } =
        Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","method":"{{ChannelProtocol.WorkplaceNotification}}"}""");

    public static ReadOnlyMemory<byte> Name { get; } =
        Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":"cluster-connect-name","method":"{{ChannelProtocol.NameMethod}}"}""");

    public static ReadOnlyMemory<byte> Initialize(ClientIntroduction introduction)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc", "2.0");
            writer.WriteString("id", "cluster-connect");
            writer.WriteString("method", "initialize");
            writer.WriteStartObject("params");
            writer.WriteString("protocolVersion", ChannelProtocol.Latest);
            writer.WritePropertyName("capabilities");
            writer.WriteRawValue(introduction.Capabilities?.GetRawText() ?? "{}");
            writer.WritePropertyName("clientInfo");
            writer.WriteRawValue(introduction.ClientInfo?.GetRawText() ?? """{"name":"unknown","version":"0"}""");
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
