using System.Security.Cryptography;
using Cluster.Testing;

namespace Cluster.Next.Server.Tests;

/// <summary>Nodes as processes over one database, which has the old node's tables as well.</summary>
internal sealed class NodeCluster : IAsyncDisposable
{
    private readonly List<NodeProcess> _nodes = [];

    private NodeCluster(string connectionString) => ConnectionString = connectionString;

    public string ConnectionString { get; }

    public string Key { get; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public NodeProcess this[int index] => _nodes[index];

    public string[] Settings => [$"--Cluster:Store={ConnectionString}", $"--Cluster:Key={Key}"];

    public static async Task<NodeCluster> CreateAsync() => new(await PostgresServer.CreateDatabaseAsync());

    /// <summary>Nodes <c>a</c>, <c>b</c> and so on, started at once.</summary>
    public static async Task<NodeCluster> StartAsync(int nodes)
    {
        var cluster = await CreateAsync();
        cluster._nodes.AddRange(await Task.WhenAll(
            Enumerable.Range(0, nodes).Select(n => NodeProcess.StartAsync([.. cluster.Settings, $"--Cluster:NodeName={(char)('a' + n)}"]))));
        return cluster;
    }

    public async Task<NodeProcess> AddAsync(string name)
    {
        var node = await NodeProcess.StartAsync([.. Settings, $"--Cluster:NodeName={name}"]);
        _nodes.Add(node);
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        await PostgresServer.DropDatabaseAsync(ConnectionString);
    }
}
