using System.Diagnostics.CodeAnalysis;

namespace Cluster.Chat.Discord;

/// <summary>Where to open a WebSocket to the gateway.</summary>
internal static class GatewayAddress
{
    public static bool TryParse(string? text, [NotNullWhen(true)] out Uri? address) =>
        Uri.TryCreate(text, UriKind.Absolute, out address) && address.Scheme is "wss" or "ws";

    /// <summary>The same version and encoding for every connection of a session (Discord: Gateway, connecting).</summary>
    public static Uri WithVersion(Uri address) => new UriBuilder(address) { Query = "v=10&encoding=json" }.Uri;
}
