using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Cluster.Simulator;

/// <summary>A chat platform on a port of this machine, as strict as the real one.</summary>
public abstract class SimulatedPlatform : IAsyncDisposable
{
    private WebApplication? _app;

    /// <summary>Where it listens; the base address that a bot is given.</summary>
    public Uri Url => new(_app!.Urls.First());

    /// <summary>Starts listening.</summary>
    /// <param name="port">0 for any that is free.</param>
    public async Task StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.Limits.MaxRequestBodySize = null; // how large a file may be is the platform's own to say
        });
        builder.Logging.ClearProviders();
        _app = builder.Build();
        Map(_app);
        await _app.StartAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Maps the platform's own addresses.</summary>
    protected abstract void Map(WebApplication app);
}
