using System.Data.Common;
using Cluster.Chat;
using Cluster.Server.Leases;
using Cluster.Server.Nodes;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;
using Cluster.Storage.Leases;

namespace Cluster.Server.Chats;

/// <summary>What a bot's work needs of the node.</summary>
internal sealed record BotTools(
    BotStore Bots, OutboxStore Outbox, UploadStore Uploads, ChatStore Chats, ShownStates Shown, LeaseStore Leases, ChatRouting Routing, Wakeups Wakeups, NodeAddress Address,
    TimeProvider Clock, ILoggerFactory Loggers);

/// <summary>
/// One bot at this node. It <i>waits</i> for the bot's lease; with the lease it <i>works</i>: receives, and sends what waits. It stops
/// working before the lease's time has passed, and waits again. A bot that the platform refuses says why and is tried again later.
/// </summary>
internal sealed partial class BotWorker : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RefusedOnce = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan RefusedAgain = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan OfferAgain = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FailedAgain = TimeSpan.FromSeconds(2);

    private readonly Bot _bot;
    private readonly IChatBot _platform;
    private readonly BotTools _tools;
    private readonly LeaseHolder _holder;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;
    private bool _refused;

    public BotWorker(Bot bot, IChatBot platform, BotTools tools)
    {
        (_bot, _platform, _tools) = (bot, platform, tools);
        _holder = new LeaseHolder(bot.LeaseName, tools.Leases, tools.Clock, tools.Loggers.CreateLogger<LeaseHolder>());
        _logger = tools.Loggers.CreateLogger<BotWorker>();
    }

    public async Task StartAsync(CancellationToken ct)
    {
        await _holder.StartAsync(ct);
        _running = Task.Run(() => RunAsync(_stopping.Token), CancellationToken.None);
    }

    /// <summary>Stops, and gives the lease up so that another node need not wait for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        await _holder.StopAsync(CancellationToken.None);
        _holder.Dispose();
        await _platform.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Look, _tools.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(ct))
            {
                if (_holder.Current is { } lease)
                {
                    await Task.Delay(await WorkAsync(lease, ct), _tools.Clock, ct);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The node stops, or the bot is gone.
        }
    }

    /// <returns>How long to wait before it works again.</returns>
    private async Task<TimeSpan> WorkAsync(Lease lease, CancellationToken ct)
    {
        using var held = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var inbox = new BotInbox(_bot, _platform, lease, _tools.Routing, _tools.Bots, _tools.Clock, _logger);
        var sender = new BotSender(_bot, _platform, lease, _tools.Bots, _tools.Outbox, _tools.Uploads, _tools.Shown, _tools.Wakeups, _tools.Clock, _logger);
        Task[] work =
        [
            ReceiveAsync(inbox, held.Token),
            sender.RunAsync(held.Token),
            OfferAsync(held.Token),
            new TypingLoop(_bot, _platform, _tools.Chats, _tools.Wakeups, _tools.Clock, _logger).RunAsync(held.Token),
            WatchAsync(lease, inbox, held.Token),
        ];
        var first = await Task.WhenAny(work);
        await held.CancelAsync();
        await Task.WhenAll(work.Select(one => one.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default)));
        try
        {
            await first;
            return TimeSpan.Zero;
        }
        catch (ChatRefusedException) when (!_refused)
        {
            // A holder that was just replaced may have asked once more: it is somebody's business only when it stays so.
            _refused = true;
            return RefusedOnce;
        }
        catch (ChatRefusedException e)
        {
            LogRefused(_bot.Name, e.Message);
            await ReportAsync(lease, e.Message);
            return RefusedAgain;
        }
        catch (LeaseLostException)
        {
            _holder.Lost();
            return TimeSpan.Zero;
        }
        catch (DbException e)
        {
            LogEngineAway(e, _bot.Name);
            return FailedAgain;
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            // Whatever it was, this node holds the lease, so nobody else would work.
            LogFailed(e, _bot.Name);
            return FailedAgain;
        }
    }

    // A silent platform answers the first poll late; who the bot is, it says at once.
    private async Task ReceiveAsync(BotInbox inbox, CancellationToken ct)
    {
        try
        {
            await _platform.CheckAsync(ct);
            inbox.Heard();
        }
        catch (HttpRequestException e)
        {
            LogPlatformAway(e, _bot.Name); // receiving comes back by itself
        }

        var webhook = (_platform as ICanTakeWebhooks)?.Webhook;
        if (_bot.Webhook && webhook is not null)
        {
            await new BotWebhook(_bot, webhook, _tools.Address, _tools.Clock, _logger).KeepAsync(inbox, ct);
            return;
        }

        if (webhook is not null)
        {
            await ForgetAsync(webhook, ct);
        }

        await _platform.ReceiveAsync(inbox, ct);
    }

    // Puts the bot's commands into its platform's menu. It stays: when any part of the work ends, all of it does.
    private async Task OfferAsync(CancellationToken ct)
    {
        if (_platform is ICanOfferCommands menu)
        {
            while (await TryOfferAsync(menu, ct) is { } wait)
            {
                await Task.Delay(wait, _tools.Clock, ct);
            }
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, _tools.Clock, ct);
    }

    /// <returns>How long to wait before the next try; null for none.</returns>
    private async Task<TimeSpan?> TryOfferAsync(ICanOfferCommands menu, CancellationToken ct)
    {
        try
        {
            switch (await menu.OfferAsync(CommandMenu.All, ct))
            {
                case ChatOutcome.Later(var wait):
                    return wait;
                case ChatOutcome.Refused(var reason):
                    LogMenuRefused(_bot.Name, reason); // people can still write them
                    return null;
                default:
                    return null;
            }
        }
        catch (HttpRequestException e)
        {
            LogPlatformAway(e, _bot.Name);
            return OfferAgain;
        }
    }

    // The bot may have been told before. What is left of that would keep it from asking.
    private async Task ForgetAsync(IChatWebhook webhook, CancellationToken ct)
    {
        try
        {
            await webhook.ForgetAsync(ct);
        }
        catch (HttpRequestException e)
        {
            LogPlatformAway(e, _bot.Name); // asking will show
        }
    }

    // Ends when this node may not act under the lease any more.
    private async Task WatchAsync(Lease lease, BotInbox inbox, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Look, _tools.Clock);
        while (_holder.Current == lease && await timer.WaitForNextTickAsync(ct))
        {
            if (await inbox.ReportAsync(ct))
            {
                _refused = false;
            }
        }
    }

    private async Task ReportAsync(Lease lease, string problem)
    {
        try
        {
            await _tools.Bots.ReportAsync(lease, _bot.Name, problem, CancellationToken.None);
        }
        catch (Exception e) when (e is DbException or LeaseLostException)
        {
            LogEngineAway(e, _bot.Name); // whoever works next reports it anew
        }
    }

    [LoggerMessage(LogLevel.Warning, "The platform of {Bot} cannot be reached; it is tried again.")]
    private partial void LogPlatformAway(Exception e, string bot);

    [LoggerMessage(LogLevel.Warning, "The platform of {Bot} does not take its commands into the menu: {Problem}")]
    private partial void LogMenuRefused(string bot, string problem);

    [LoggerMessage(LogLevel.Error, "{Bot} cannot work: {Problem}")]
    private partial void LogRefused(string bot, string problem);

    [LoggerMessage(LogLevel.Error, "{Bot} stopped working and begins again.")]
    private partial void LogFailed(Exception e, string bot);

    [LoggerMessage(LogLevel.Warning, "The engine is away; {Bot} waits for it.")]
    private partial void LogEngineAway(Exception e, string bot);
}
