using System.Collections.Concurrent;
using System.Data.Common;
using Cluster.Chat;
using Cluster.Core.Chats;
using Cluster.Storage.Chats;
using Cluster.Storage.Leases;

namespace Cluster.Server.Chats;

/// <summary>Where one bot puts what it hears, while this node holds its lease.</summary>
internal sealed partial class BotInbox(Bot bot, IChatBot platform, Lease lease, ChatRouting routing, BotStore bots, TimeProvider clock, ILogger logger) : IChatInbox
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(10);

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

    public Task<string?> RecallAsync(CancellationToken ct) => bots.RecallAsync(bot.Name, ct);

    public Task RememberAsync(string where, CancellationToken ct) => bots.RememberAsync(lease, bot.Name, where, ct);

    /// <summary>Writes down, now and then, that the platform answers.</summary>
    /// <returns>True when it did.</returns>
    public async Task<bool> ReportAsync(CancellationToken ct)
    {
        if (!_working || (_reported != 0 && clock.GetElapsedTime(_reported) < ReportEvery))
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

        var (known, answer) = await routing.TakeAsync(new Heard(conversation, update), ct);
        if (answer is not null && update is ChatUpdate.Press press)
        {
            try
            {
                await platform.AnswerPressAsync(press.PressId, answer, ct);
            }
            catch (HttpRequestException e)
            {
                LogPressUnanswered(e, bot.Name); // the prompt itself shows what came of it
            }
        }

        return known;
    }

    [LoggerMessage(LogLevel.Warning, "The engine is away; what {Bot} hears waits at its platform.")]
    private partial void LogNotTaken(Exception e, string bot);

    [LoggerMessage(LogLevel.Debug, "A press of a button of {Bot} could not be answered.")]
    private partial void LogPressUnanswered(Exception e, string bot);
}
