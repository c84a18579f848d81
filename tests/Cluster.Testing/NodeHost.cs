using System.Net.Http.Headers;
using Cluster.Server.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Cluster.Testing;

/// <summary>A real node on Kestrel at a free loopback port, over a scratch data folder of its own.</summary>
public sealed class NodeHost : IAsyncDisposable
{
    private readonly string[] _settings;
    private readonly Action<WebApplicationBuilder>? _adjust;
    private WebApplication? _app;

    private NodeHost(string folder, string[] settings, Action<WebApplicationBuilder>? adjust)
    {
        Folder = folder;
        _settings = settings;
        _adjust = adjust;
    }

    public string Folder { get; }

    public string Url { get; private set; } = "";

    public string AdminToken { get; private set; } = "";

    public IServiceProvider Services => _app!.Services;

    /// <summary>What the node has logged.</summary>
    public LogCapture Log { get; } = new();

    /// <param name="settings">Settings as on the command line, <c>--Cluster:Limits:MailboxWaiting=5</c>.</param>
    /// <param name="adjust">Changes to the builder before the node's own services.</param>
    public static async Task<NodeHost> StartAsync(string[]? settings = null, Action<WebApplicationBuilder>? adjust = null)
    {
        var folder = Directory.CreateTempSubdirectory("cluster-test-").FullName;
        var host = new NodeHost(folder, settings ?? [], adjust);
        await host.StartAgainAsync();
        return host;
    }

    /// <summary>Starts a node on the same folder once more, at the same port if it had one.</summary>
    public async Task StartAgainAsync()
    {
        _app = await Node.BuildAsync(
            [
                "--urls", Url.Length > 0 ? Url : "http://127.0.0.1:0",
                $"--Cluster:Data={Path.Combine(Folder, "data")}",
                $"--Cluster:Home={Path.Combine(Folder, "home")}",
                .. _settings,
            ],
            builder =>
            {
                builder.Logging.AddProvider(Log);
                _adjust?.Invoke(builder);
            });
        var node = await Node.StartAsync(_app);
        const string AdminTokenSetting = "--Cluster:AdminToken=";
        AdminToken = _settings.FirstOrDefault(setting => setting.StartsWith(AdminTokenSetting, StringComparison.Ordinal)) is { } given
            ? given[AdminTokenSetting.Length..]
            : (await File.ReadAllTextAsync(node.TokenFile)).Trim();
        Url = node.Url;
    }

    /// <summary>Stops gracefully; the folder stays.</summary>
    public async Task StopAsync()
    {
        if (_app is { } app)
        {
            _app = null;
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }

    /// <summary>A client of the node's API with this token.</summary>
    public HttpClient Api(string? token = null)
    {
        var client = new HttpClient { BaseAddress = new Uri(Url) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token ?? AdminToken);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
