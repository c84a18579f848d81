using Cluster.Testing;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cluster.Server.Tests.OldHouse;

/// <summary>A node on all interfaces, without opening a port to the network.</summary>
[Trait("House", "old")]
public sealed class AllInterfacesTests
{
    private const string Public = "https://cluster.example.com";

    [Theory]
    [InlineData("", 1)]
    [InlineData(Public, 0)]
    public async Task A_node_on_all_interfaces_that_prints_local_addresses_says_so_once(string publicUrl, int warnings)
    {
        await using var node = await NodeHost.StartInProcessAsync([$"--Cluster:PublicUrl={publicUrl}"], builder =>
        {
            var kestrel = builder.Services.Last(service => service.ServiceType == typeof(IServer)).ImplementationType!;
            builder.Services.AddSingleton<IServer>(provider => new OnAllInterfaces((IServer)ActivatorUtilities.CreateInstance(provider, kestrel)));
        });

        var said = node.Log.Lines.Where(line => line.Level == LogLevel.Warning && line.Text.Contains("Cluster:PublicUrl")).ToList();

        Assert.StartsWith("http://127.0.0.1:", node.Url);
        Assert.Equal(warnings, said.Count);
        Assert.All(said, line => Assert.Contains($"begins with {node.Url}", line.Text));
    }

    // Reports the address of all interfaces and listens on loopback: a test opens no port to the network.
    private sealed class OnAllInterfaces(IServer inner) : IServer, IServerAddressesFeature
    {
        private readonly FeatureCollection _features = new(inner.Features);

        public IFeatureCollection Features => _features;

        public bool PreferHostingUrls { get; set; }

        public ICollection<string> Addresses =>
            [.. inner.Features.Get<IServerAddressesFeature>()!.Addresses.Select(url => url.Replace("127.0.0.1", "0.0.0.0", StringComparison.Ordinal))];

        public async Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
            where TContext : notnull
        {
            await inner.StartAsync(application, cancellationToken);
            _features.Set<IServerAddressesFeature>(this);
        }

        public Task StopAsync(CancellationToken cancellationToken) => inner.StopAsync(cancellationToken);

        public void Dispose() => inner.Dispose();
    }
}
