using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Core.Events;
using Cluster.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Cluster.Benchmarks;

/// <summary>A real node with one session and one webhook source, its limits out of the way.</summary>
internal sealed class BenchNode : IAsyncDisposable
{
    private readonly NodeHost _host;

    private BenchNode(NodeHost host, NewSource source)
    {
        _host = host;
        Source = source;
    }

    public NewSource Source { get; }

    public string Url => _host.Url;

    public HttpClient Api() => _host.Api();

    /// <param name="appends">Stands in for the node's append store; null for the real one.</param>
    public static async Task<BenchNode> StartAsync(IAppendStore? appends = null)
    {
        var host = await NodeHost.StartInProcessAsync(
            [
                "--Cluster:Limits:WebhooksPerSecond=1000000",
                "--Cluster:Limits:MessagesPerMinute=1000000",
                "--Cluster:Limits:MailboxWaiting=10000000",
            ],
            builder =>
            {
                if (appends is not null)
                {
                    // Run when the node is built, so after its own registrations.
                    builder.Host.ConfigureContainer<IServiceCollection>(services => services.AddSingleton(appends));
                }
            });
        using var api = host.Api();
        using var made = await api.PostAsync("/api/sessions/admin/api", null);
        made.EnsureSuccessStatusCode();
        using var added = await api.PostAsJsonAsync(
            "/api/sources",
            new AddSource { Kind = "github", Name = "ci", Session = "api", Playbook = "Find out why it failed, then reply with what you found." },
            ApiJson.Default.AddSource);
        added.EnsureSuccessStatusCode();
        return new BenchNode(host, (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
