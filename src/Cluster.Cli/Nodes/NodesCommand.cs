using System.CommandLine;
using System.Globalization;
using Cluster.Core.Api;

namespace Cluster.Cli.Nodes;

/// <summary><c>cluster nodes</c>: the nodes of the cluster.</summary>
internal static class NodesCommand
{
    public static Command Create(NodeOptions node) =>
        new Command("nodes", "List the nodes of the cluster.").Calls(node, async call =>
        {
            var now = TimeProvider.System.GetUtcNow();
            call.Show(
                await call.Node.GetAsync("api/nodes", ApiJson.Default.IReadOnlyListNodeInfo, call.Ct),
                nodes => call.Screen.Table(
                    "No node has said yet that it lives.",
                    ["NODE", "VERSION", "UP", "ATTACHMENTS", "LEASES", "HEARTBEAT"],
                    nodes.Select(one => (string[])
                    [
                        one.Here ? $"{one.Name} (this one)" : one.Name,
                        one.Version,
                        Span(now - one.StartedAt),
                        one.Attachments.ToString(CultureInfo.InvariantCulture),
                        one.Leases.Count == 0 ? "-" : string.Join(", ", one.Leases),
                        one.HeartbeatAgeSeconds < 8
                            ? string.Create(CultureInfo.InvariantCulture, $"{one.HeartbeatAgeSeconds:0.0} s ago")
                            : string.Create(CultureInfo.InvariantCulture, $"silent for {one.HeartbeatAgeSeconds:0} s"),
                    ])));
        });

    private static string Span(TimeSpan span) =>
        span.TotalDays >= 1 ? $"{(int)span.TotalDays} d {span.Hours} h"
        : span.TotalHours >= 1 ? $"{(int)span.TotalHours} h {span.Minutes} min"
        : span.TotalMinutes >= 1 ? $"{(int)span.TotalMinutes} min {span.Seconds} s"
        : $"{Math.Max(0, (int)span.TotalSeconds)} s";
}
