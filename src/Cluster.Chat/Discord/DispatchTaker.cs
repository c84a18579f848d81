using System.Threading.Channels;

namespace Cluster.Chat.Discord;

/// <summary>Hands what one connection hears to the inbox, and moves the whereabouts after each commit.</summary>
internal sealed class DispatchTaker(int shard, IChatInbox inbox, ResumeMemory memory, MissedMessages missed, string bot)
{
    private const int LongestBatch = 100;

    private static readonly HashSet<string> NobodyKnown = [];

    /// <summary>Discord has let the connection in.</summary>
    public bool Ready { get; private set; }

    public async Task TakeAsync(ChannelReader<GatewayPayload> dispatches, CancellationToken ct)
    {
        while (await dispatches.WaitToReadAsync(ct))
        {
            var updates = new List<ChatUpdate>();
            var point = memory.At.Points[shard];
            while (updates.Count < LongestBatch && dispatches.TryRead(out var dispatch))
            {
                if (dispatch.T == "READY")
                {
                    // Before anything newer, and before the session counts: whoever fails here begins another one and asks again.
                    await missed.TakeAsync(ct);
                    point = NewSession(dispatch);
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

                point = point is not null && dispatch.S > point.Sequence ? point with { Sequence = dispatch.S.Value } : point;
            }

            var known = updates.Count > 0 ? await inbox.TakeAsync(updates, ct) : NobodyKnown;
            if (memory.Move(at => at.At(shard, point).After(updates, known)))
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
