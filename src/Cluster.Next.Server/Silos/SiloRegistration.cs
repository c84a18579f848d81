using System.Net;
using Cluster.Next.Server.Silos.Certificates;
using Cluster.Next.Server.Silos.Postgres;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;

namespace Cluster.Next.Server.Silos;

/// <summary>The node's silo. Every figure here was found by killing and freezing nodes.</summary>
internal static class SiloRegistration
{
    private const string Name = "channel-cluster";

    /// <param name="builder">The node.</param>
    /// <param name="name">How the node is called in lists.</param>
    /// <param name="endpoint">Where other nodes reach it; without a database it stays unused.</param>
    /// <param name="database">Where the nodes of a cluster find one another; null for a single node.</param>
    public static WebApplicationBuilder AddSilo(this WebApplicationBuilder builder, string name, SiloEndpointOptions endpoint, SiloDatabase? database)
    {
        builder.Services
            .AddSingleton<OpenConnections>()
            .AddSingleton<NodeList>()
            .AddSingleton<SiloHealth>()
            .AddSingleton<IFatalErrorHandler, DeclaredDead>()
            .TryAddSingleton<INodeEnd, HostEnd>();
        builder.Services.AddHealthChecks().AddCheck<SiloHealth>("silo", tags: [SiloHealth.Live]);
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.ConfigureEndpointDefaults(kestrel.ApplicationServices.GetRequiredService<OpenConnections>().Watch));
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(cluster => (cluster.ServiceId, cluster.ClusterId) = (Name, Name))
                .Configure<SiloOptions>(options => options.SiloName = name)
                .Configure<ClusterMembershipOptions>(membership =>
                {
                    membership.ProbeTimeout = TimeSpan.FromSeconds(2);
                    membership.MaxProbeTimeout = membership.ProbeTimeout; // else one slow answer lets later probes wait four times as long
                    membership.NumMissedProbesLimit = 3;
                    membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(2);
                    membership.EnableConnectionLivenessCheck = false; // else a frozen peer, whose sockets stay open, is dead 12 s later
                })
                .Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(10))
                .Configure<GrainDirectoryOptions>(directory => directory.CacheSize = 2_000);
            if (database is null)
            {
                UseNoPort(silo);
            }
            else
            {
                UseDatabase(silo, endpoint.Choose(), database);
            }
        });
        return builder;
    }

    private static void UseNoPort(ISiloBuilder silo)
    {
        silo.UseLocalhostClustering(gatewayPort: 0, serviceId: Name, clusterId: Name);

        // Its keys are the silo's own objects, so each is replaced where it stands.
        foreach (var listener in silo.Services.Where(service => service.IsKeyedService && service.ServiceType == typeof(IConnectionListenerFactory)).ToList())
        {
            silo.Services.Remove(listener);
            silo.Services.AddKeyedSingleton<IConnectionListenerFactory, NoListener>(listener.ServiceKey);
        }
    }

    private static void UseDatabase(ISiloBuilder silo, IPEndPoint endpoint, SiloDatabase database)
    {
        silo.Services
            .AddSingleton(_ => database) // made by a factory, so that the container closes it last
            .AddSingleton(_ => database.Certificates)
            .AddHostedService<CertificateRenewal>()
            .AddHostedService<ThawWatch>()
            .AddSingleton<DatabaseHealth>()
            .AddHealthChecks().AddCheck<DatabaseHealth>("engine");
        silo.UseAdoNetClustering(clustering =>
            {
                clustering.Invariant = "Npgsql";
                clustering.DataSource = database.Source;
            })
            .Configure<EndpointOptions>(options =>
            {
                options.AdvertisedIPAddress = endpoint.Address;
                options.SiloPort = endpoint.Port;
                options.GatewayPort = 0; // no client gateway: all callers are nodes
            })
            .UseClusterTls(database.Certificates);
    }
}
