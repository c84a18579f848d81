using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace Cluster.Simulator.Discord;

/// <summary>Somebody who came to the gateway.</summary>
/// <param name="Session">The session that was begun or asked for.</param>
/// <param name="ResumedAfter">The number after which to go on; null for a new session.</param>
/// <param name="LetIn">Whether there is such a session.</param>
public sealed record GatewayVisit(string Session, long? ResumedAfter, bool LetIn)
{
    /// <summary>Which connection of how many, <c>0/2</c>.</summary>
    public required string Shard { get; init; }
}

/// <summary>The simulated gateway: sessions, and the connections that carry them.</summary>
public sealed class DiscordGatewayEnd
{
    private const int MessageContent = 1 << 15;
    private const int KnownIntents = ((1 << 17) - 1) | (3 << 20) | (3 << 24);

    private readonly DiscordSimulator _discord;
    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DiscordSession> _sessions = [];
    private readonly List<DiscordLink> _links = [];
    private readonly Dictionary<int, DateTimeOffset> _begun = [];
    private readonly Channel<GatewayVisit> _visits = Channel.CreateUnbounded<GatewayVisit>();
    private readonly Channel<long?> _heartbeats = Channel.CreateUnbounded<long?>();
    private int _made;

    internal DiscordGatewayEnd(DiscordSimulator discord, TimeProvider clock) => (_discord, _clock) = (discord, clock);

    /// <summary>What the hello says.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(41.25);

    /// <summary>How many connections are recommended.</summary>
    public int Shards { get; set; } = 1;

    /// <summary>With fewer connections nobody is let in.</summary>
    public int LeastShards { get; set; } = 1;

    /// <summary>How many connections of several may begin sessions within five seconds.</summary>
    public int MaxConcurrency { get; set; } = 1;

    /// <summary>How often one began too soon.</summary>
    public int TooSoon { get; private set; }

    /// <summary>Sessions that may still be begun today.</summary>
    public int SessionStarts { get; set; } = 1000;

    /// <summary>Who came, each after it was let in or turned away.</summary>
    public ChannelReader<GatewayVisit> Visits => _visits.Reader;

    /// <summary>The numbers that came with heartbeats.</summary>
    public ChannelReader<long?> Heartbeats => _heartbeats.Reader;

    /// <summary>Breaks all connections without a word; sessions stay.</summary>
    public void Drop() => ForEachLink(link => link.Cut());

    /// <summary>Closes all connections with a code; sessions stay.</summary>
    public void Close(int code) => ForEachLink(link => link.Close(code));

    /// <summary>Opcode 7.</summary>
    public void AskToReconnect() => ForEachLink(link => link.Send("""{"op":7,"d":null}"""));

    /// <summary>Opcode 9.</summary>
    public void Invalidate(bool resumable)
    {
        if (!resumable)
        {
            ForgetSessions();
        }

        ForEachLink(link => link.Send(resumable ? """{"op":9,"d":true}""" : """{"op":9,"d":false}"""));
    }

    /// <summary>Opcode 1.</summary>
    public void AskForHeartbeat() => ForEachLink(link => link.Send("""{"op":1,"d":null}"""));

    /// <summary>No session can be resumed.</summary>
    public void ForgetSessions()
    {
        lock (_lock)
        {
            _sessions.Clear();
        }
    }

    /// <summary>Tells all sessions whatever it is; <c>SEQ</c> in it becomes its number.</summary>
    public void TellRaw(string payload)
    {
        foreach (var session in Sessions())
        {
            session.TellRaw(payload);
        }
    }

    internal void Tell(string type, JsonObject data)
    {
        foreach (var session in Sessions().Where(session => session.Hears((string?)data["guild_id"])))
        {
            session.Tell(type, data);
        }
    }

    internal async Task HandleAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest || context.Request.Query["v"] != "10" || context.Request.Query["encoding"] != "json")
        {
            context.Response.StatusCode = 400;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        using var link = new DiscordLink(socket, this, _clock);
        lock (_lock)
        {
            _links.Add(link);
        }

        try
        {
            await link.RunAsync();
        }
        finally
        {
            lock (_lock)
            {
                _links.Remove(link);
            }
        }
    }

    /// <summary>Whether to answer.</summary>
    internal bool HearHeartbeat(long? sequence)
    {
        _heartbeats.Writer.TryWrite(sequence);
        return !_discord.Faults.Deaf;
    }

    internal DiscordSession? Identify(DiscordLink link, JsonObject identify)
    {
        var intents = (long?)identify["intents"] ?? -1;
        var (shard, shards) = identify["shard"] is JsonArray { Count: 2 } which ? ((int)which[0]!, (int)which[1]!) : (0, 1);
        var fault = _discord.Faults.CloseAtDoor
            ?? ((string?)identify["token"] != _discord.Token ? 4004
            : DiscordForm.Unknown(identify, ["token", "intents", "properties", "shard"]) is not null
                || DiscordForm.Unknown(identify["properties"] as JsonObject, ["os", "browser", "device"]) is not null
                || identify["properties"] is not JsonObject { Count: 3 } ? 4002
            : shard < 0 || shard >= shards ? 4010
            : shards < LeastShards ? 4011
            : intents < 0 || (intents & ~KnownIntents) != 0 ? 4013
            : (intents & MessageContent) != 0 && !_discord.MayReadMessages ? 4014
            : (int?)null);
        if (fault is { } code)
        {
            link.Close(code);
            return null;
        }

        if (shards > 1 && IsTooSoon(shard))
        {
            link.Send("""{"op":9,"d":false}""");
            return null;
        }

        var session = new DiscordSession($"session-{Interlocked.Increment(ref _made)}", shard, shards);
        lock (_lock)
        {
            _sessions[session.Id] = session;
        }

        session.Attach(link, after: 0);
        session.Tell("READY", new()
        {
            ["v"] = 10,
            ["user"] = _discord.Bot.ToJson(),
            ["guilds"] = new JsonArray(),
            ["session_id"] = session.Id,
            ["resume_gateway_url"] = _discord.GatewayUrl("resume"),
            ["application"] = new JsonObject { ["id"] = _discord.Bot.Id, ["flags"] = _discord.ApplicationFlags },
        });
        _visits.Writer.TryWrite(new(session.Id, null, true) { Shard = $"{shard}/{shards}" });
        return session;
    }

    internal DiscordSession? Resume(DiscordLink link, JsonObject resume)
    {
        if (_discord.Faults.CloseAtDoor is not null || (string?)resume["token"] != _discord.Token
            || DiscordForm.Unknown(resume, ["token", "session_id", "seq"]) is not null)
        {
            link.Close(_discord.Faults.CloseAtDoor ?? 4004);
            return null;
        }

        var (id, after) = ((string?)resume["session_id"] ?? "", (long?)resume["seq"] ?? -1);
        DiscordSession? session;
        lock (_lock)
        {
            session = _sessions.GetValueOrDefault(id);
        }

        if (session is null)
        {
            link.Send("""{"op":9,"d":false}""");
        }
        else if (after < 0 || after > session.Sequence)
        {
            link.Close(4007);
            session = null;
        }
        else
        {
            session.Attach(link, after);
            session.Tell("RESUMED", []);
        }

        _visits.Writer.TryWrite(new(id, after, session is not null) { Shard = session?.Name ?? "" });
        return session;
    }

    /// <summary>Discord: Gateway, max concurrency.</summary>
    private bool IsTooSoon(int shard)
    {
        lock (_lock)
        {
            var (key, now) = (shard % MaxConcurrency, _clock.GetUtcNow());
            var soon = _begun.TryGetValue(key, out var last) && now - last < TimeSpan.FromSeconds(5);
            _begun[key] = now;
            TooSoon += soon ? 1 : 0;
            return soon;
        }
    }

    private List<DiscordSession> Sessions()
    {
        lock (_lock)
        {
            return [.. _sessions.Values];
        }
    }

    private void ForEachLink(Action<DiscordLink> act)
    {
        lock (_lock)
        {
            _links.ForEach(act);
        }
    }
}
