namespace Cluster.Chat.Discord;

/// <summary>Discord's ids: 64 bits, written as digits (Discord: API Reference, Snowflakes).</summary>
internal static class Snowflake
{
    /// <summary>Nothing else may become part of an address or of an identity.</summary>
    public static bool IsValid(string? id) =>
        id is { Length: > 0 and <= 20 } && id.All(char.IsAsciiDigit) && ulong.TryParse(id, out _);
}
