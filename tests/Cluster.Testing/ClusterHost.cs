using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;

namespace Cluster.Testing;

/// <summary>Several real nodes over one database on the real PostgreSQL server.</summary>
public sealed class ClusterHost : IAsyncDisposable
{
    private readonly List<NodeHost> _nodes = [];
    private readonly string[] _settings;

    private ClusterHost(string connectionString, string[] settings)
    {
        ConnectionString = connectionString;
        AdminToken = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        _settings =
        [
            $"--Cluster:Engine={connectionString}",
            $"--Cluster:Key={Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}",
            $"--Cluster:AdminToken={AdminToken}",
            .. settings,
        ];
    }

    public string ConnectionString { get; }

    public string AdminToken { get; }

    public IReadOnlyList<NodeHost> Nodes => _nodes;

    public NodeHost this[int index] => _nodes[index];

    public static async Task<ClusterHost> StartAsync(int nodes, params string[] settings)
    {
        var cluster = new ClusterHost(await PostgresServer.CreateDatabaseAsync(), settings);
        for (var i = 0; i < nodes; i++)
        {
            await cluster.AddAsync();
        }

        return cluster;
    }

    /// <summary>One more node.</summary>
    public async Task<NodeHost> AddAsync(Action<WebApplicationBuilder>? adjust = null)
    {
        var node = await NodeHost.StartAsync([.. _settings, $"--Cluster:NodeName=node-{_nodes.Count + 1}"], adjust);
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
