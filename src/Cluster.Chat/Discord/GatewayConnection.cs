using System.Text.Json;

namespace Cluster.Chat.Discord;

/// <summary>One connection to the gateway, from its hello to its end. Three loops share it: one reads, so that heartbeats are seen in time
/// however long a commit takes; one hands what was read to the inbox; one sends heartbeats.</summary>
internal sealed class GatewayConnection(
    int shard, GatewaySocket socket, IChatInbox inbox, ResumeMemory memory, DispatchTaker taker, TimeProvider clock)
{
    private static readonly TimeSpan HelloPatience = TimeSpan.FromSeconds(20);

    private readonly DispatchQueue _dispatches = new();
    private volatile bool _answered = true;

    /// <summary>Connects, and resumes where there is something to resume.</summary>
    /// <param name="address">Where.</param>
    /// <param name="token">The bot's.</param>
    /// <param name="turn">For a new session.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<GatewayEnd> RunAsync(Uri address, string token, IdentifyPace.Turn? turn, CancellationToken ct)
    {
        if (await GreetAsync(address, token, ct) is not { } interval)
        {
            return GatewayEnd.Closed(socket.CloseCode);
        }

        turn?.Identified();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var taking = taker.TakeAsync(_dispatches, ct);
        var reading = ReadAsync(stop.Token);
        var beating = BeatAsync(interval, stop.Token);
        await Task.WhenAny(reading, beating, taking);
        await stop.CancelAsync();
        await Task.WhenAll(reading, beating).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await taking; // What was read before the end may never be told again.
        if (reading.IsCanceled)
        {
            await beating;
        }

        return await reading;
    }

    /// <returns>How often to send heartbeats; null when Discord closed.</returns>
    private async Task<TimeSpan?> GreetAsync(Uri address, string token, CancellationToken ct)
    {
        using var late = new CancellationTokenSource(HelloPatience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        try
        {
            await socket.OpenAsync(address, either.Token);
            GatewayPayload? hello;
            do
            {
                hello = await socket.ReadAsync(either.Token);
                if (hello is null)
                {
                    return null;
                }
            }
            while (hello.Op != GatewayOpcode.Hello);

            const int intents = Identify.Guilds | Identify.GuildMessages | Identify.DirectMessages | Identify.MessageContent;
            var points = memory.At.Points;
            int[]? which = points.Count > 1 ? [shard, points.Count] : null;
            await (points[shard] is not { } from
                ? socket.SendAsync(new(GatewayOpcode.Identify, new(token, intents, which)), DiscordJson.Default.GatewaySendIdentify, either.Token)
                : socket.SendAsync(
                    new(GatewayOpcode.Resume, new(token, from.Session, from.Sequence)), DiscordJson.Default.GatewaySendResume, either.Token));
            var interval = DiscordJson.Read(hello.D, DiscordJson.Default.GatewayHello)?.HeartbeatInterval ?? 45_000;
            return TimeSpan.FromMilliseconds(Math.Clamp(interval, 1_000, 300_000));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new IOException("Discord's gateway did not greet in time.");
        }
    }

    private async Task<GatewayEnd> ReadAsync(CancellationToken ct)
    {
        try
        {
            while (await socket.ReadAsync(ct) is { } payload)
            {
                switch (payload.Op)
                {
                    case GatewayOpcode.Dispatch:
                        _dispatches.Write(payload);
                        break;
                    case GatewayOpcode.Heartbeat:
                        await SendHeartbeatAsync(ct);
                        break;
                    case GatewayOpcode.HeartbeatAck:
                        _answered = true;
                        inbox.Heard();
                        break;
                    case GatewayOpcode.Reconnect:
                        return GatewayEnd.Broken;
                    case GatewayOpcode.InvalidSession:
                        return GatewayEnd.InvalidSession(payload.D.ValueKind == JsonValueKind.True);
                }
            }

            return GatewayEnd.Closed(socket.CloseCode);
        }
        finally
        {
            _dispatches.Complete();
        }
    }

    /// <summary>Discord: Gateway, sending heartbeats: the first after a part of the interval that chance picks; one that was not answered
    /// before the next is due means that the connection is dead.</summary>
    private async Task BeatAsync(TimeSpan interval, CancellationToken ct)
    {
        for (var wait = interval * Random.Shared.NextDouble(); ; wait = interval)
        {
            await Task.Delay(wait, clock, ct);
            if (!_answered)
            {
                throw new IOException("Discord's gateway no longer answers heartbeats.");
            }

            _answered = false;
            await SendHeartbeatAsync(ct);
        }
    }

    /// <summary>Only what the inbox has committed counts here too: Discord may take the number for a receipt.</summary>
    private Task SendHeartbeatAsync(CancellationToken ct) =>
        socket.SendAsync(new Heartbeat(memory.At.Points[shard]?.Sequence), DiscordJson.Default.Heartbeat, ct);
}
