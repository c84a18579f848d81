using System.Net.WebSockets;

namespace Cluster.Chat.Discord;

/// <summary>Keeps one connection to Discord's gateway, and after each end goes on where the inbox is (Discord: Gateway, connection lifecycle).
/// What the inbox throws climbs: the platform cannot mend it, and the next receiver resumes all the same.</summary>
internal sealed class DiscordGateway(string token, DiscordApi api, TimeProvider clock)
{
    /// <summary>After so many connections in vain the address for resuming may be gone; the session may still be known at the front door.</summary>
    private const int TriesAtResumeAddress = 3;

    /// <summary>Who starts more than 1,000 sessions a day loses the token (Discord: Gateway, identifying); others may need some too.</summary>
    private const int SessionStartsToSpare = 10;

    private static readonly TimeSpan RememberEvery = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    public async Task ReceiveAsync(IChatInbox inbox, CancellationToken ct)
    {
        using var memory = new ResumeMemory(inbox);
        await memory.RecallAsync(ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var remembering = RememberAsync(memory, stop.Token);
        var connecting = StayConnectedAsync(inbox, memory, stop.Token);
        var first = await Task.WhenAny(connecting, remembering);
        await stop.CancelAsync();
        await Task.WhenAll(connecting, remembering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var soon = new CancellationTokenSource(LastWords, clock);
        await memory.KeepAsync(soon.Token);
        await first;
    }

    private async Task StayConnectedAsync(IChatInbox inbox, ResumeMemory memory, CancellationToken ct)
    {
        var bot = "";
        var inVain = 0;
        var backoff = new Backoff();
        while (true)
        {
            var end = GatewayEnd.Broken;
            DispatchTaker? taker = null;
            try
            {
                bot = bot.Length > 0 ? bot : (await api.MeAsync(ct)).Id!;
                var address = await AddressAsync(memory.At.Point, inVain, ct);
                using var socket = new GatewaySocket();
                taker = new(inbox, memory, new(api, inbox, bot, clock), bot);
                end = await new GatewayConnection(socket, inbox, memory, taker, clock).RunAsync(address, token, ct);
            }
            catch (Exception e) when (e is HttpRequestException or WebSocketException or IOException)
            {
                // The next try is the answer.
            }

            inVain++;
            if (taker?.Ready == true)
            {
                inVain = 0;
                backoff.Reset();
            }

            memory.At = end.Resumable ? memory.At : memory.At with { Point = null };
            var wait = backoff.Next();
            await Task.Delay(end.Wait > wait ? end.Wait : wait, clock, ct);
        }
    }

    private async Task<Uri> AddressAsync(ResumePoint? point, int inVain, CancellationToken ct)
    {
        if (point is not null && inVain < TriesAtResumeAddress && api.MayHearToken(point.Url))
        {
            return point.Url;
        }

        var info = await api.GatewayAsync(ct);
        if (!GatewayAddress.TryParse(info.Url, out var address) || !api.MayHearToken(address))
        {
            throw new HttpRequestException("Discord names no gateway.");
        }

        if (point is null && info.SessionStartLimit is { Remaining: < SessionStartsToSpare, ResetAfter: { } reset })
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Clamp(reset, 0, 86_400_000)), clock, ct);
        }

        return address;
    }

    private async Task RememberAsync(ResumeMemory memory, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(RememberEvery, clock);
        while (await timer.WaitForNextTickAsync(ct))
        {
            await memory.KeepAsync(ct);
        }
    }
}
