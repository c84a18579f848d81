using Cluster.Next.Server.Silos;
using Cluster.Server.Nodes;
using Microsoft.Extensions.Options;

namespace Cluster.Next.Server.Nodes;

/// <summary>What a node is told at its start, checked as a whole.</summary>
internal sealed record NodeSettings
{
    public required ClusterOptions Node { get; init; }
    public required SiloEndpointOptions Silo { get; init; }

    /// <summary>The connection string of PostgreSQL; empty for SQLite in the data folder.</summary>
    public required string Store { get; init; }

    /// <summary>The key as it is configured; empty for that of the data folder.</summary>
    public required string Key { get; init; }

    /// <exception cref="OptionsValidationException">All faults at once, in words an operator can act on.</exception>
    public static NodeSettings Read(ConfigurationManager configuration)
    {
        var section = configuration.GetSection("Cluster");
        var node = section.Get<ClusterOptions>() ?? new ClusterOptions();
        var silo = section.GetSection("Silo").Get<SiloEndpointOptions>() ?? new SiloEndpointOptions();
        var store = (section.Get<StoreOptions>() ?? new StoreOptions()).ConnectionString(node);
        var key = node.Key.Length > 0 ? node.Key : configuration["CLUSTER_KEY"] ?? "";
        List<string> faults =
        [
            .. new ClusterOptionsValidator().Validate(null, node).Failures ?? [],
            .. new SiloEndpointOptionsValidator().Validate(null, silo).Failures ?? [],
            .. SingleValues(configuration),
        ];
        if (store.Length > 0 && key.Length == 0)
        {
            // Several nodes share what stands in PostgreSQL, so they must share the key to it too.
            faults.Add("CLUSTER_KEY is missing. The nodes of a cluster share one key: 32 bytes in base64, as `openssl rand -base64 32` prints, the same for every node.");
        }

        return faults.Count == 0
            ? new NodeSettings { Node = node, Silo = silo, Store = store, Key = key }
            : throw new OptionsValidationException("Cluster", typeof(ClusterOptions), faults);
    }

    // A single value for a list is passed over by the binder: what somebody has set would be without effect.
    private static IEnumerable<string> SingleValues(ConfigurationManager configuration)
    {
        string[] lists = [nameof(ClusterOptions.AllowedHosts), nameof(ClusterOptions.TrustedProxies)];
        return lists.Where(list => !string.IsNullOrEmpty(configuration[$"Cluster:{list}"])).Select(list =>
            $"Cluster:{list} is the single value '{configuration[$"Cluster:{list}"]}'; expected a list: Cluster:{list}:0, Cluster:{list}:1 and so on, "
            + $"in the environment Cluster__{list}__0.");
    }
}
