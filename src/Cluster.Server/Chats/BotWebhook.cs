using Cluster.Chat;
using Cluster.Server.Nodes;
using Cluster.Storage.Chats;

namespace Cluster.Server.Chats;

/// <summary>What the holder of a bot's lease does while its platform calls in: has it call the nodes' public address, and reports how that goes. Every
/// node takes the calls.</summary>
internal sealed partial class BotWebhook(Bot bot, IChatWebhook webhook, NodeAddress address, TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    public async Task KeepAsync(BotInbox inbox, CancellationToken ct)
    {
        for (var anew = true; ;)
        {
            try
            {
                if (anew)
                {
                    await webhook.SettleAsync(inbox, ct);
                }

                var problem = address.Public is { } node
                    ? await webhook.KeepAsync(new Uri($"{node.Origin}{BotWebhookEndpoints.Prefix}/{webhook.Path}"), anew, ct)
                    : "Its platform is to call the nodes, and this one does not know their address. Set Cluster:PublicUrl, the same on every node.";
                if (problem is null)
                {
                    inbox.Heard();
                }
                else
                {
                    await inbox.FailAsync(problem, ct);
                }

                anew = false;
            }
            catch (HttpRequestException e)
            {
                LogPlatformAway(e, bot.Name); // what was set before still holds
            }

            await Task.Delay(LookEvery, clock, ct);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The platform of {Bot} cannot be reached; its webhook is looked at again.")]
    private partial void LogPlatformAway(Exception e, string bot);
}
