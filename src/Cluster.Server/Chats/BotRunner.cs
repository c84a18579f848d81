using System.Data.Common;
using Cluster.Chat;
using Cluster.Server.Simulation;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;

namespace Cluster.Server.Chats;

/// <summary>Keeps a worker for every bot of the cluster at this node; which of the nodes works is decided by lease.</summary>
internal sealed partial class BotRunner(BotStore bots, ChatPlatforms platforms, SimulatedBots simulated, BotTools tools, BotWebhooks webhooks, Wakeups wakeups, TimeProvider clock, ILogger<BotRunner> logger) : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, (Bot Bot, IChatBot Platform, BotWorker Worker)> _workers = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var watcher = wakeups.Watch(BotStore.Topic);
        try
        {
            while (true)
            {
                try
                {
                    await FollowAsync((await bots.RunnableAsync(stoppingToken)).FindAll(simulated.MayRun), stoppingToken);
                }
                catch (DbException e)
                {
                    LogEngineAway(e); // the next look is the retry
                }

                await watcher.WaitAsync(Poll, clock, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }

        foreach (var (_, _, worker) in _workers.Values)
        {
            await worker.DisposeAsync();
        }
    }

    private async Task FollowAsync(List<Bot> wanted, CancellationToken ct)
    {
        foreach (var (name, (bot, _, worker)) in _workers.ToList())
        {
            if (!wanted.Exists(one => one.Name == name && one.AccountId == bot.AccountId && one.BaseUrl == bot.BaseUrl && one.Webhook == bot.Webhook && one.SealedToken.AsSpan().SequenceEqual(bot.SealedToken)))
            {
                _workers.Remove(name);
                await worker.DisposeAsync();
            }
        }

        foreach (var bot in wanted.Where(bot => !_workers.ContainsKey(bot.Name)))
        {
            if (platforms.Find(bot.Platform) is { } platform)
            {
                var client = platform.Create(bots.OpenToken(bot), bot.BaseUrl);
                var worker = new BotWorker(bot, client, tools);
                _workers[bot.Name] = (bot, client, worker);
                await worker.StartAsync(ct);
            }
        }

        webhooks.Follow(_workers.Values.Select(one => (one.Bot, one.Platform)));
    }

    [LoggerMessage(LogLevel.Warning, "The engine is away; which bots there are is not known.")]
    private partial void LogEngineAway(Exception e);
}
