namespace Cluster.Chat.Discord;

/// <summary>How a connection to the gateway ended, and what that asks for.</summary>
/// <param name="Resumable">The session goes on with the next connection.</param>
/// <param name="Wait">At least so long before the next try.</param>
internal sealed record GatewayEnd(bool Resumable, TimeSpan Wait)
{
    /// <summary>Discord asks for more connections.</summary>
    public const int ShardingRequired = 4011;


    /// <summary>The bot is in more servers than so many connections may serve.</summary>
    public bool NeedsShards { get; private init; }

    /// <summary>Dropped, told to reconnect, or fallen silent.</summary>
    public static GatewayEnd Broken { get; } = new(Resumable: true, TimeSpan.Zero);

    /// <summary>The session is over.</summary>
    public static GatewayEnd SessionOver { get; } = new(Resumable: false, TimeSpan.Zero);

    /// <summary>Identifying takes part in Discord's limits, so it rests a little: 1 to 5 s.</summary>
    public static GatewayEnd InvalidSession(bool resumable) =>
        resumable ? Broken : new(Resumable: false, TimeSpan.FromSeconds(1 + (4 * Random.Shared.NextDouble())));

    /// <summary>Discord: Opcodes and Status Codes, gateway close event codes.</summary>
    /// <exception cref="ChatRefusedException">For those after which nobody should reconnect.</exception>
    public static GatewayEnd Closed(int? code) => code switch
    {
        4004 => throw Refused(code, Refusals.UnknownToken),
        4010 => throw Refused(code, "Discord refuses the bot's shard, though it recommended so many itself: report this as a fault."),
        ShardingRequired => new(Resumable: false, TimeSpan.Zero) { NeedsShards = true },
        4012 => throw Refused(code, "Discord no longer speaks version 10 of its gateway: update this program."),
        4013 => throw Refused(code, "Discord does not know an intent that this program asks for: update this program."),
        4014 => throw Refused(code, Refusals.NoMessageContent),
        4003 or 4007 or 4009 => SessionOver,
        _ => Broken,
    };

    /// <summary>It asks for more connections and recommends no more.</summary>
    public static ChatRefusedException TooManyServers() => Refused(
        ShardingRequired, "The bot is in too many servers for the connections that Discord recommends. Take it out of some servers, or try again later.");

    private static ChatRefusedException Refused(int? code, string why) => new($"{why} ({code})");
}
