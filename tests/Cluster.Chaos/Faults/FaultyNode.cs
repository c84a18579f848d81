using Cluster.Core.Events;
using Cluster.Server.Nodes;
using Cluster.Storage.Engines;
using Cluster.Storage.Leases;
using Cluster.Storage.Mailboxes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Cluster.Chaos.Faults;

/// <summary>A node that differs from the product in one thing. It runs as a process of its own, since scenarios kill and freeze it.</summary>
internal static class FaultyNode
{
    public const string AckBeforeCommit = "ack-before-commit";
    public const string DedupeByIdOnly = "dedupe-by-id-only";
    public const string NoFencing = "no-fencing";
    public const string LeaseByNodeClock = "lease-by-node-clock";

    public static async Task<int> RunAsync(string fault, string[] args)
    {
        await using var app = await Node.BuildAsync(args, builder => Apply(fault, builder));
        await Node.StartAsync(app);
        await app.WaitForShutdownAsync();
        return 0;
    }

    // What is registered before the node's own services takes their place.
    private static void Apply(string fault, WebApplicationBuilder builder)
    {
        switch (fault)
        {
            case AckBeforeCommit:
                builder.Services.AddSingleton<IAppendStore>(services => new AckBeforeCommit(Appends(services)));
                break;
            case DedupeByIdOnly:
                builder.Services.AddSingleton<IAppendStore>(services => new DedupeByIdOnly(Appends(services)));
                break;
            case NoFencing:
                builder.Services.AddSingleton<LeaseStore, UnfencedLeases>();
                break;
            case LeaseByNodeClock:
                builder.Services.AddSingleton<LeaseStore>(services => new LeasesByNodeClock(services.GetRequiredService<Engine>(), new SkewedClock()));
                break;
            default:
                throw new ArgumentException($"'{fault}' is no fault.", nameof(fault));
        }
    }

    private static IAppendStore Appends(IServiceProvider services) =>
        services.GetRequiredService<Engine>().Appends(services.GetRequiredService<MailboxLimits>());
}
