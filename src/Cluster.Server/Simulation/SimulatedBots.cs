using Cluster.Simulator.Telegram;
using Cluster.Storage.Chats;

namespace Cluster.Server.Simulation;

/// <summary>Knows which bot is one of <c>--simulate</c>. Its row outlives the process that it belongs to, and whoever listens at its address
/// after that could speak as anybody: it runs only where this very process simulates its platform.</summary>
internal sealed class SimulatedBots
{
    /// <summary>The bot's name in the cluster.</summary>
    public const string Name = "sim";

    /// <summary>What is said of one that does not run.</summary>
    public const string Problem = "It is simulated, and no node simulates its platform now. Start the node with --simulate telegram, or remove it: cluster bot remove sim";

    private volatile Uri? _here;

    /// <summary>This process simulates the platform, from now on, at this address.</summary>
    public void StandAt(Uri url) => _here = url;

    public static bool IsSimulated(Bot bot) => bot is { Name: Name, Platform: "telegram", BaseUrl: { IsLoopback: true, Scheme: "http" } }
        && bot.AccountId == TelegramSimulator.BotId.ToString();

    public bool MayRun(Bot bot) => !IsSimulated(bot) || bot.BaseUrl == _here;
}
