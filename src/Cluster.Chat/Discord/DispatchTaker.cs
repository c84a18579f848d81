namespace Cluster.Chat.Discord;

/// <summary>Hands what one connection hears to the inbox, and moves the whereabouts after each commit.</summary>
internal sealed class DispatchTaker(int shard, IChatInbox inbox, ResumeMemory memory, MissedMessages missed, string bot)
{
    private const int LongestBatch = 100;

    private static readonly HashSet<string> NobodyKnown = [];

    private readonly Queue<GatewayPayload> _heldBack = [];

    /// <summary>Discord has let the connection in.</summary>
    public bool Ready { get; private set; }

    public async Task TakeAsync(DispatchQueue dispatches, CancellationToken ct)
    {
        while (_heldBack.Count > 0 || await dispatches.WaitToReadAsync(ct))
        {
            var updates = new List<ChatUpdate>();
            var point = memory.At.Points[shard];
            var size = 0L;
            while (updates.Count < LongestBatch && (_heldBack.TryDequeue(out var dispatch) || dispatches.TryRead(out dispatch)))
            {
                size += dispatch.Size;
                if (dispatch.T == "READY")
                {
                    // Before anything newer, and before the session counts: whoever fails here begins another one and asks again.
                    await CatchUpAsync(dispatches, ct);
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
            dispatches.Release(size);
            if (memory.Move(at => at.At(shard, point).After(updates, known)))
            {
                // Whoever receives next, if this node dies now, would not know of it: nothing could be asked for again.
                await memory.KeepAsync(ct);
            }
        }
    }

    /// <summary>Asks for what was missed. What comes meanwhile is held back behind it, but for presses and commands: Discord gives them three
    /// seconds (Discord: Interactions, interaction callback).</summary>
    private async Task CatchUpAsync(DispatchQueue dispatches, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var asking = missed.TakeAsync(stop.Token);
        if (asking.IsCompleted)
        {
            await asking; // nothing to ask for
            return;
        }

        var handing = HandOnAsync(dispatches, stop.Token, ct);
        var first = await Task.WhenAny(asking, handing);
        if (first == asking || !handing.IsCompletedSuccessfully)
        {
            await stop.CancelAsync();
        }

        await Task.WhenAll(asking, handing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (handing.IsFaulted ? handing : asking);
    }

    private async Task HandOnAsync(DispatchQueue dispatches, CancellationToken enough, CancellationToken ct)
    {
        while (await dispatches.WaitToReadAsync(enough))
        {
            var urgent = new List<ChatUpdate>();
            while (dispatches.TryRead(out var dispatch))
            {
                var update = dispatch.T == DiscordUpdates.Interaction ? DiscordUpdates.Read(dispatch.T, dispatch.D, bot) : null;
                if (update is not null)
                {
                    urgent.Add(update);
                    dispatches.Release(dispatch.Size);
                    dispatch = new() { S = dispatch.S }; // that it came still counts
                }

                _heldBack.Enqueue(dispatch);
            }

            if (urgent.Count > 0)
            {
                await inbox.TakeAsync(urgent, ct);
            }
        }
    }

    private static ResumePoint? NewSession(GatewayPayload ready) =>
        DiscordJson.Read(ready.D, DiscordJson.Default.GatewayReady) is { } session
            ? ResumePoint.Of(session.SessionId, session.ResumeGatewayUrl, ready.S ?? 0)
            : null;
}
