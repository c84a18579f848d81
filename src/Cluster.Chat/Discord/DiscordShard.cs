using System.Net.WebSockets;

namespace Cluster.Chat.Discord;

/// <summary>Keeps one of the connections to Discord's gateway, and after each end goes on where the inbox is (Discord: Gateway, connection
/// lifecycle).</summary>
internal sealed class DiscordShard(
    int shard, string token, DiscordApi api, IChatInbox inbox, ResumeMemory memory, IdentifyPace pace, TimeProvider clock)
{
    /// <summary>After so many connections in vain the address for resuming may be gone; the session may still be known at the front door.</summary>
    private const int TriesAtResumeAddress = 3;

    /// <summary>Who starts more than 1,000 sessions a day loses the token (Discord: Gateway, identifying); others may need some too.</summary>
    private const int SessionStartsToSpare = 10;

    private bool _needsShards;

    /// <summary>Returns only when Discord wants more connections: how many.</summary>
    public async Task<int> StayConnectedAsync(CancellationToken ct)
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
                using var turn = memory.At.Points[shard] is null ? await pace.TakeTurnAsync(shard, ct) : null;
                bot = bot.Length > 0 ? bot : (await api.MeAsync(ct)).Id!;
                var (address, shards) = await AddressAsync(inVain, ct);
                if (shards > memory.At.Points.Count)
                {
                    return shards;
                }

                using var socket = new GatewaySocket();
                taker = new(shard, inbox, memory, new(api, inbox, memory, bot, clock), bot);
                end = await new GatewayConnection(shard, socket, inbox, memory, taker, clock).RunAsync(address, token, turn, ct);
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

            _needsShards = end.NeedsShards;
            if (!end.Resumable)
            {
                memory.Move(at => at.At(shard, null));
            }

            var wait = backoff.Next();
            await Task.Delay(end.Wait > wait ? end.Wait : wait, clock, ct);
        }
    }

    /// <returns>And how many connections there should be.</returns>
    private async Task<(Uri Address, int Shards)> AddressAsync(int inVain, CancellationToken ct)
    {
        var at = memory.At;
        var point = at.Points[shard];
        if (point is not null && inVain < TriesAtResumeAddress && api.MayHearToken(point.Url))
        {
            return (point.Url, at.Points.Count);
        }

        var info = await api.GatewayAsync(ct);
        if (!GatewayAddress.TryParse(info.Url, out var address) || !api.MayHearToken(address))
        {
            throw new HttpRequestException("Discord names no gateway.");
        }

        pace.AtOnce = info.SessionStartLimit?.MaxConcurrency ?? 1;
        if (point is not null)
        {
            return (address, at.Points.Count);
        }

        var shards = info.Shards ?? 1;
        if (_needsShards && shards <= at.Points.Count)
        {
            throw GatewayEnd.TooManyServers();
        }

        if (shards <= at.Points.Count && info.SessionStartLimit is { Remaining: < SessionStartsToSpare, ResetAfter: { } reset })
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Clamp(reset, 0, 86_400_000)), clock, ct);
        }

        return (address, shards);
    }
}
