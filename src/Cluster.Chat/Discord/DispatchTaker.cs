using System.Threading.Channels;

namespace Cluster.Chat.Discord;

/// <summary>Hands what one connection hears to the inbox, and moves the whereabouts after each commit.</summary>
internal sealed class DispatchTaker(IChatInbox inbox, ResumeMemory memory, MissedMessages missed, string bot)
{
    private const int LongestBatch = 100;

    /// <summary>Discord has let the connection in.</summary>
    public bool Ready { get; private set; }

    public async Task TakeAsync(ChannelReader<GatewayPayload> dispatches, CancellationToken ct)
    {
        while (await dispatches.WaitToReadAsync(ct))
        {
            var updates = new List<ChatUpdate>();
            var at = memory.At;
            while (updates.Count < LongestBatch && dispatches.TryRead(out var dispatch))
            {
                if (dispatch.T == "READY")
                {
                    // Before anything newer, and before the session counts: whoever fails here begins another one and asks again.
                    at = await missed.TakeAsync(at, ct) with { Point = NewSession(dispatch) };
                }

                if (dispatch.T is "READY" or "RESUMED")
                {
                    Ready = true;
                    inbox.Heard();
                }

                if (DiscordUpdates.Read(dispatch.T, dispatch.D, bot) is { } update)
                {
                    updates.Add(update);
                }

                at = at.Point is { } point && dispatch.S > point.Sequence ? at with { Point = point with { Sequence = dispatch.S.Value } } : at;
            }

            var before = memory.At;
            memory.At = updates.Count > 0 ? at.After(updates, await inbox.TakeAsync(updates, ct)) : at;
            if (memory.At.IsElsewhere(before))
            {
                // Whoever receives next, if this node dies now, would not know of it: nothing could be asked for again.
                await memory.KeepAsync(ct);
            }
        }
    }

    private static ResumePoint? NewSession(GatewayPayload ready) =>
        DiscordJson.Read(ready.D, DiscordJson.Default.GatewayReady) is { } session
            ? ResumePoint.Of(session.SessionId, session.ResumeGatewayUrl, ready.S ?? 0)
            : null;
}
