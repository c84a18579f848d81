using System.Security.Cryptography;
using Cluster.Core.Secrets;
using Cluster.Simulator.Telegram;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Microsoft.AspNetCore.Connections;

namespace Cluster.Server.Simulation;

/// <summary>A Telegram inside this process, on this machine's own addresses, with a page for the people in it: routing can be tried without an
/// account or a token. The node's bot there is the same as any other, and is there again when the node is started so again.</summary>
internal sealed class TelegramSimulation : IAsyncDisposable
{
    private readonly TelegramSimulator _telegram;
    private readonly string _token;
    private readonly string _key;

    private TelegramSimulation(TelegramSimulator telegram, string token, string key) => (_telegram, _token, _key) = (telegram, token, key);

    /// <summary>The page; whoever has the address can speak for the people there.</summary>
    public string PageUrl => $"{_telegram.Url.ToString().TrimEnd('/')}/#{_key}";

    /// <summary>Starts it where the bot of an earlier start expects it, or anywhere.</summary>
    /// <exception cref="EngineUnusableException">The bot's name is another one's.</exception>
    public static async Task<TelegramSimulation> StartAsync(IServiceProvider services)
    {
        var bots = services.GetRequiredService<BotStore>();
        var known = await FindAsync(bots);
        if (known is not null && !SimulatedBots.IsSimulated(known))
        {
            throw new EngineUnusableException(
                $"--simulate telegram needs the name '{SimulatedBots.Name}' for its bot, and a bot of that name is here already. Start without --simulate, or remove that one: cluster bot remove {SimulatedBots.Name}");
        }

        var telegram = await StartAsync(bots, known);
        services.GetRequiredService<SimulatedBots>().StandAt(telegram._telegram.Url);
        return telegram;
    }

    /// <summary>Lets the cluster own the bot, on a node that has started.</summary>
    /// <exception cref="EngineUnusableException">It may not be added from here.</exception>
    public async Task AddBotAsync(IServiceProvider services, string adminToken)
    {
        var bots = services.GetRequiredService<BotStore>();
        var known = await FindAsync(bots);
        if (known is not null && known.BaseUrl == _telegram.Url && bots.OpenToken(known) == _token)
        {
            return;
        }

        var admin = await services.GetRequiredService<PrincipalStore>().AuthenticateAsync(adminToken, page: false, CancellationToken.None);
        if (admin is not { Admin: true })
        {
            throw new EngineUnusableException(
                "--simulate telegram adds a bot, which only an admin does, and this node does not have the admin's token. Start it on the node that was started first, or set Cluster:AdminToken.");
        }

        if (known is not null)
        {
            await bots.RemoveAsync(SimulatedBots.Name, admin, CancellationToken.None);
        }

        // Without a link for pairing: that would lead to a bot of the real Telegram.
        await bots.AddAsync(
            SimulatedBots.Name, "telegram", _telegram.Url, _token, (TelegramSimulator.BotId.ToString(), TelegramSimulator.BotName, null), webhook: false, admin, CancellationToken.None);
    }

    public ValueTask DisposeAsync() => _telegram.DisposeAsync();

    private static async Task<TelegramSimulation> StartAsync(BotStore bots, Bot? known)
    {
        var key = Secret.NewPath();
        if (known is not null)
        {
            try
            {
                return await StartAsync(bots.OpenToken(known), key, known.BaseUrl.Port);
            }
            catch (Exception e) when (e is CryptographicException || (e is IOException && e.InnerException is AddressInUseException))
            {
                // Somebody else listens there by now: it begins anew at another address. Or the key is another, of which the node's start will speak.
            }
        }

        return await StartAsync($"{TelegramSimulator.BotId}:{Secret.NewPath()}", key, 0);
    }

    private static async Task<TelegramSimulation> StartAsync(string token, string key, int port)
    {
        // The node remembers ids of messages and updates over starts: seconds grow faster than anybody writes.
        var telegram = new TelegramSimulator(token: token, pageKey: key, after: DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        try
        {
            await telegram.StartAsync(port);
        }
        catch
        {
            await telegram.DisposeAsync();
            throw;
        }

        return new TelegramSimulation(telegram, token, key);
    }

    private static async Task<Bot?> FindAsync(BotStore bots) => (await bots.RunnableAsync(CancellationToken.None)).Find(bot => bot.Name == SimulatedBots.Name);
}
