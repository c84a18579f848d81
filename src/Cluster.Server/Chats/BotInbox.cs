using System.Collections.Concurrent;
using System.Data.Common;
using Cluster.Chat;
using Cluster.Core.Chats;
using Cluster.Storage.Chats;
using Cluster.Storage.Leases;

namespace Cluster.Server.Chats;

/// <summary>Where one bot puts what it hears.</summary>
/// <param name="bot">The bot.</param>
/// <param name="platform">Answers presses.</param>
/// <param name="lease">Null at a node that is only told: whoever holds the bot's lease reports how it does.</param>
/// <param name="routing">Decides what becomes of it.</param>
/// <param name="bots">For what is reported and remembered.</param>
/// <param name="clock">For how often.</param>
/// <param name="logger">Its owner's.</param>
internal sealed partial class BotInbox(Bot bot, IChatBot platform, Lease? lease, ChatRouting routing, BotStore bots, TimeProvider clock, ILogger logger) : IChatInbox
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(10);

    /// <summary>Later Discord takes none (Discord: Interactions, interaction callback), and what others say would wait as long.</summary>
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(3);

    private long _reported;
    private bool _working;

    public async Task<IReadOnlySet<string>> TakeAsync(IReadOnlyList<ChatUpdate> updates, CancellationToken ct)
    {
        var known = new ConcurrentDictionary<string, bool>();
        // What is said in one place keeps its order; places do not wait for each other.
        try
        {
            await Task.WhenAll(updates.GroupBy(update => (update.Place.Chat, update.Place.Thread)).Select(async place =>
            {
                foreach (var update in place)
                {
                    if (await TakeAsync(update, ct))
                    {
                        known[update.Key] = true;
                    }
                }
            }));
        }
        catch (DbException e)
        {
            LogNotTaken(e, bot.Name);
            throw; // the platform tells them again
        }

        await ReportAsync(ct);
        return known.Keys.ToHashSet();
    }

    public void Heard() => _working = true;

    public void GaveUp(string chat) => LogGaveUp(bot.Name, chat);

    /// <summary>Writes down what keeps the bot from hearing.</summary>
    public Task FailAsync(string problem, CancellationToken ct)
    {
        _working = false;
        return lease is null ? Task.CompletedTask : bots.ReportAsync(lease, bot.Name, problem, ct);
    }

    public Task<string?> RecallAsync(CancellationToken ct) => bots.RecallAsync(bot.Name, ct);

    public Task RememberAsync(string where, CancellationToken ct) =>
        lease is null ? Task.CompletedTask : bots.RememberAsync(lease, bot.Name, where, ct);

    /// <summary>Writes down, now and then, that the platform answers.</summary>
    /// <returns>True when it did.</returns>
    public async Task<bool> ReportAsync(CancellationToken ct)
    {
        if (lease is null || !_working || (_reported != 0 && clock.GetElapsedTime(_reported) < ReportEvery))
        {
            return false;
        }

        await bots.ReportAsync(lease, bot.Name, null, ct);
        (_reported, _working) = (clock.GetTimestamp(), false);
        return true;
    }

    /// <returns>Whether the cluster knows who sent it.</returns>
    private async Task<bool> TakeAsync(ChatUpdate update, CancellationToken ct)
    {
        var conversation = new ConversationId { Platform = bot.Platform, Chat = update.Place.Chat, Thread = update.Place.Thread, Bot = bot.Name };
        if (!ConversationId.TryParse(conversation.ToString(), out _) || !update.Sender.Identity.IsChat)
        {
            return false; // no address of a platform looks like that
        }

        var heard = new Heard(conversation, update, platform);
        var (known, answer) = await routing.TakeAsync(heard, ct);
        switch (update)
        {
            case ChatUpdate.Press { PressId: var press } when answer is not null:
                await AnswerAsync(soon => platform.AnswerPressAsync(press, answer, soon), ct);
                break;
            case ChatUpdate.Command { PressId: var press } when answer is not null:
                await AnswerAsync(soon => platform.AnswerPressAsync(press, answer, soon), ct);
                break;
            case ChatUpdate.Complete complete when platform is ICanOfferCommands menu && await routing.CompleteAsync(heard, complete, ct) is { } choices:
                await AnswerAsync(soon => menu.SuggestAsync(complete.PressId, choices, soon), ct);
                break;
        }

        return known;
    }

    private async Task AnswerAsync(Func<CancellationToken, Task<ChatOutcome>> answer, CancellationToken ct)
    {
        using var late = new CancellationTokenSource(AnswerPatience, clock);
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        try
        {
            await answer(soon.Token);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            LogPressUnanswered(e, bot.Name); // what was asked for is done all the same, and can be looked up
        }
    }

    [LoggerMessage(LogLevel.Warning, "The engine is away; what {Bot} hears waits at its platform.")]
    private partial void LogNotTaken(Exception e, string bot);

    [LoggerMessage(LogLevel.Warning, "More was said in {Chat} while {Bot} did not hear than it asks for; the newest of it was not taken. Who wrote there may have to write again.")]
    private partial void LogGaveUp(string bot, string chat);

    [LoggerMessage(LogLevel.Debug, "A press of a button of {Bot}, or a command, could not be answered.")]
    private partial void LogPressUnanswered(Exception e, string bot);
}
