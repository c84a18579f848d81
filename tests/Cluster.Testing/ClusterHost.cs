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
        try
        {
            for (var i = 0; i < nodes; i++)
            {
                await cluster.AddAsync();
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>One more node.</summary>
    /// <param name="more">Settings of this node alone.</param>
    public Task<NodeHost> AddAsync(params string[] more) => AddAsync(settings => NodeHost.StartAsync([.. settings, .. more]));

    /// <summary>One more node, in this process.</summary>
    public Task<NodeHost> AddInProcessAsync(Action<WebApplicationBuilder> adjust) => AddAsync(settings => NodeHost.StartInProcessAsync(settings, adjust));

    private async Task<NodeHost> AddAsync(Func<string[], Task<NodeHost>> start)
    {
        var node = await start([.. _settings, $"--Cluster:NodeName=node-{_nodes.Count + 1}"]);
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
