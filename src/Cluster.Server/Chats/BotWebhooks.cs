using System.Collections.Frozen;
using Cluster.Chat;
using Cluster.Storage.Chats;

namespace Cluster.Server.Chats;

/// <summary>The bots whose platform calls in, by the last part of the address that it calls.</summary>
internal sealed class BotWebhooks
{
    private volatile FrozenDictionary<string, Entry> _entries = FrozenDictionary<string, Entry>.Empty;

    public void Follow(IEnumerable<(Bot Bot, IChatBot Platform)> bots) => _entries = bots
        .Where(one => one.Bot.Webhook && one.Platform is ICanTakeWebhooks)
        .Select(one => new Entry(one.Bot, one.Platform, ((ICanTakeWebhooks)one.Platform).Webhook))
        .ToFrozenDictionary(entry => entry.Webhook.Path);

    public Entry? Find(string path) => _entries.GetValueOrDefault(path);

    public sealed record Entry(Bot Bot, IChatBot Platform, IChatWebhook Webhook);
}
