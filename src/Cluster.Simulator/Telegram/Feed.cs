using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Cluster.Simulator.Telegram;

/// <summary>What happened, by key and in order, for whoever waits for it.</summary>
internal sealed class Feed<TKey, T>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Channel<T>> _channels = new();

    public void Put(TKey key, T item) => Of(key).Writer.TryWrite(item);

    public Task<T> NextAsync(TKey key, CancellationToken ct) => Of(key).Reader.ReadAsync(ct).AsTask();

    private Channel<T> Of(TKey key) => _channels.GetOrAdd(key, static _ => Channel.CreateUnbounded<T>());
}
