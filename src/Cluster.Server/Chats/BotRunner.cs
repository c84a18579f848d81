using System.Data.Common;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;

namespace Cluster.Server.Chats;

/// <summary>Keeps a worker for every bot of the cluster at this node; which of the nodes works is decided by lease.</summary>
internal sealed partial class BotRunner(BotStore bots, ChatPlatforms platforms, BotTools tools, Wakeups wakeups, TimeProvider clock, ILogger<BotRunner> logger) : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, (Bot Bot, BotWorker Worker)> _workers = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var watcher = wakeups.Watch(BotStore.Topic);
        try
        {
            while (true)
            {
                try
                {
                    await FollowAsync(await bots.RunnableAsync(stoppingToken), stoppingToken);
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

        foreach (var (_, worker) in _workers.Values)
        {
            await worker.DisposeAsync();
        }
    }

    private async Task FollowAsync(List<Bot> wanted, CancellationToken ct)
    {
        foreach (var (name, (bot, worker)) in _workers.ToList())
        {
            if (!wanted.Exists(one => one.Name == name && one.AccountId == bot.AccountId && one.BaseUrl == bot.BaseUrl && one.SealedToken.AsSpan().SequenceEqual(bot.SealedToken)))
            {
                _workers.Remove(name);
                await worker.DisposeAsync();
            }
        }

        foreach (var bot in wanted.Where(bot => !_workers.ContainsKey(bot.Name)))
        {
            if (platforms.Find(bot.Platform) is { } platform)
            {
                var worker = new BotWorker(bot, platform.Create(bots.OpenToken(bot), bot.BaseUrl), tools);
                _workers[bot.Name] = (bot, worker);
                await worker.StartAsync(ct);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The engine is away; which bots there are is not known.")]
    private partial void LogEngineAway(Exception e);
}
