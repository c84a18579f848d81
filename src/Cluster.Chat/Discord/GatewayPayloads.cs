using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cluster.Chat.Discord;

/// <summary>Discord: Opcodes and Status Codes, gateway opcodes.</summary>
internal static class GatewayOpcode
{
    public const int Dispatch = 0;
    public const int Heartbeat = 1;
    public const int Identify = 2;
    public const int Resume = 6;
    public const int Reconnect = 7;
    public const int InvalidSession = 9;
    public const int Hello = 10;
    public const int HeartbeatAck = 11;
}

/// <summary>Discord: Gateway Events, payload structure.</summary>
internal sealed record GatewayPayload
{
    public int? Op { get; init; }

    public JsonElement D { get; init; }

    public long? S { get; init; }

    public string? T { get; init; }

    /// <summary>Bytes, as it came.</summary>
    [JsonIgnore]
    public int Size { get; init; }
}

/// <summary>Discord: Gateway Events, hello.</summary>
internal sealed record GatewayHello
{
    /// <summary>Milliseconds.</summary>
    public long? HeartbeatInterval { get; init; }
}

/// <summary>Discord: Gateway Events, ready.</summary>
internal sealed record GatewayReady
{
    public string? SessionId { get; init; }

    public string? ResumeGatewayUrl { get; init; }
}

internal sealed record GatewaySend<T>(int Op, T D);

/// <summary>Discord: Gateway Events, heartbeat; null before the first event, and it has to be said.</summary>
internal sealed record Heartbeat([property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] long? D)
{
    public int Op { get; } = GatewayOpcode.Heartbeat;
}

/// <summary>Discord: Gateway Events, identify; a class, lest its token be printed.</summary>
/// <param name="token">The bot's.</param>
/// <param name="intents">What it wants to hear.</param>
/// <param name="shard">Which of how many connections; null for the only one.</param>
internal sealed class Identify(string token, int intents, IReadOnlyList<int>? shard)
{
    /// <summary>Discord: Gateway, list of intents.</summary>
    public const int Guilds = 1 << 0;
    public const int GuildMessages = 1 << 9;
    public const int DirectMessages = 1 << 12;
    public const int MessageContent = 1 << 15;

    public string Token => token;

    public int Intents => intents;

    public IReadOnlyList<int>? Shard => shard;

    public IdentifyProperties Properties { get; } = new();
}

internal sealed record IdentifyProperties
{
    public string Os { get; } = OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "macos" : "linux";

    public string Browser { get; } = "channel-cluster";

    public string Device { get; } = "channel-cluster";
}

/// <summary>Discord: Gateway Events, resume; a class, lest its token be printed.</summary>
internal sealed class Resume(string token, string sessionId, long seq)
{
    public string Token => token;

    public string SessionId => sessionId;

    public long Seq => seq;
}
