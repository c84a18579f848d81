using System.Globalization;

namespace Cluster.Chat.Discord;

/// <summary>Where a gateway session is to go on: after the last event that is safe (Discord: Gateway, preparing to resume).</summary>
/// <param name="Session">Discord's id of the session.</param>
/// <param name="Url">The address for resuming, and no other.</param>
/// <param name="Sequence">Of the last event that was taken.</param>
internal sealed record ResumePoint(string Session, Uri Url, long Sequence)
{
    /// <summary>Null for what no receiver has kept.</summary>
    public static ResumePoint? Parse(string? text) =>
        text?.Split(' ') is [var sequence, var session, var url]
        && long.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            ? Of(session, url, last)
            : null;

    /// <summary>Null for what cannot be resumed.</summary>
    public static ResumePoint? Of(string? session, string? url, long sequence) =>
        session is { Length: > 0 and < 200 } && !session.Contains(' ') && GatewayAddress.TryParse(url, out var address)
            ? new(session, address, sequence)
            : null;

    public override string ToString() => $"{Sequence} {Session} {Url}";
}
