using System.Collections.Concurrent;

namespace Cluster.Testing;

/// <summary>A node for all tests of a class that leave each other alone: a fixture, which starts one for the first of them that asks.</summary>
public sealed class SharedNode : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Task<NodeHost>>> _nodes = new();

    /// <summary>The node with exactly these settings.</summary>
    public Task<NodeHost> StartedAsync(params string[] settings) =>
        _nodes.GetOrAdd(string.Join('\n', settings), _ => new(() => NodeHost.StartSharedAsync(settings))).Value;

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Values)
        {
            if (node.Value.IsCompletedSuccessfully)
            {
                await (await node.Value).DisposeAsync();
            }
        }
    }
}
