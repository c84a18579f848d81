using System.Text.Json.Serialization;
using Cluster.Core.Api;
using Cluster.Next.Server.Api;
using Cluster.Next.Server.Grains;
using Cluster.Next.Server.Mcp;
using Cluster.Next.Server.Security;
using Cluster.Next.Server.Silos;
using Cluster.Next.Server.Silos.Postgres;
using Cluster.Next.Storage;
using Cluster.Server.Nodes;
using Cluster.Server.Security;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Cluster.Next.Server.Nodes;

/// <summary>One node: its store, its silo, its addresses.</summary>
internal static partial class Node
{
    public const string DefaultUrl = "http://127.0.0.1:5230";

    /// <summary>Opens the store and builds the node; it serves once it is started.</summary>
    /// <exception cref="NodeUnusableException">The store or its key cannot be used.</exception>
    /// <exception cref="OptionsValidationException">A setting is wrong.</exception>
    public static async Task<WebApplication> BuildAsync(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Orleans", LogLevel.Warning)
            .AddFilter("Orleans.Runtime.Silo", LogLevel.Error) // it asks for the server's garbage collector at every start
            .AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error) // its first look counts from the machine's start
            .AddFilter("Polly", LogLevel.Error); // Orleans tells its own retries
        if (string.IsNullOrEmpty(builder.Configuration["urls"]) && string.IsNullOrEmpty(builder.Configuration["http_ports"]))
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }

        var settings = NodeSettings.Read(builder.Configuration);
        builder.Services.AddOptions<ClusterOptions>().BindConfiguration("Cluster");
        builder.Services.TryAddSingleton(TimeProvider.System);
        adjust?.Invoke(builder);
        var clock = builder.Services.LastOrDefault(s => s.ServiceType == typeof(TimeProvider))?.ImplementationInstance as TimeProvider ?? TimeProvider.System;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 5 * 1024 * 1024; // bytes; webhooks count against their sender's own cap
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        });

        var folder = DataFolder.Open(settings.Node.Data);
        SiloDatabase? database = null;
        LogStores? stores = null;
        try
        {
            var box = NodeFiles.OpenKey(settings.Key, settings.Node.Data);
            database = settings.Store.Length > 0 ? await SiloDatabase.OpenAsync(settings.Store, box, clock, CancellationToken.None) : null;
            stores = await LogStores.OpenAsync(
                new Storage.Starting.StoreOptions
                {
                    Engine = settings.Store,
                    Data = settings.Node.Data,
                    AllowUnsafeDurability = settings.Node.AllowUnsafeDurability,
                    NodeName = settings.Node.Name,
                },
                clock,
                NullLoggerFactory.Instance,
                CancellationToken.None);
            builder.AddSilo(settings.Node.Name, settings.Silo, database);
            builder.Services
                .AddStorage(stores)
                .AddGrains(settings.Node, box)
                .AddSecurity()
                .AddMcp()
                .AddApi()
                .AddTrustedProxies()
                .AddSingleton(_ => folder) // made by a factory, so that the container closes it
                .AddSingleton(box)
                .AddSingleton(AdminToken.Open(settings.Node))
                .AddSingleton(new StoreName(stores.Description))
                .AddSingleton<Refusals>()
                .AddSingleton<NodeAddress>()
                .AddSingleton<Drain>()
                .AddSingleton<IHostLifetime>(provider => provider.GetRequiredService<Drain>())
                .AddProblemDetails(problems => problems.CustomizeProblemDetails = problem => problem.ProblemDetails.Extensions.Remove("traceId"))
                .ConfigureHttpJsonOptions(json =>
                {
                    json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
                    json.SerializerOptions.AllowDuplicateProperties = false;
                    json.SerializerOptions.MaxDepth = 32;
                    json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
                })
                .Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
            return Map(builder.Build());
        }
        catch
        {
            folder.Dispose();
            await (stores?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (database?.DisposeAsync() ?? ValueTask.CompletedTask);
            throw;
        }
    }

    /// <summary>Starts serving, and tells <c>cluster</c> on this machine.</summary>
    public static async Task<LocalNode> StartAsync(WebApplication app)
    {
        await app.StartAsync();
        var admin = app.Services.GetRequiredService<IOptions<ClusterOptions>>().Value.Admin;
        await ApiEndpoints.EnsureAdminAsync(app.Services, admin, app.Services.GetRequiredService<AdminToken>().Value, app.Lifetime.ApplicationStopping);
        var address = app.Services.GetRequiredService<NodeAddress>();
        if (address.PrintsForThisMachineOnly)
        {
            LogPrintsForThisMachineOnly(app.Logger, address.Bound, address.Url);
        }

        var node = new LocalNode
        {
            Url = address.LocalUrl,
            PublicUrl = address.Public?.Origin,
            TokenFile = app.Services.GetRequiredService<AdminToken>().File,
            ProcessId = Environment.ProcessId,
        };
        var home = NodeFiles.Home(app.Services.GetRequiredService<IOptions<ClusterOptions>>().Value.Home);
        NodeFiles.Announce(home, node);
        app.Lifetime.ApplicationStopped.Register(() => NodeFiles.Withdraw(home));
        return node;
    }

    private static WebApplication Map(WebApplication app)
    {
        app.Use((context, next) => context.RequestServices.GetRequiredService<Drain>().LeaveAsync(context, next));
        app.UseForwardedHeaders();
        app.UseExceptionHandler();
        app.UseMiddleware<HostGuard>();
        app.UseStatusCodePages();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapHealth();
        app.MapNodes();
        app.MapApi();
        app.MapMcp();
        return app;
    }

    [LoggerMessage(
        LogLevel.Warning,
        "This node listens on all interfaces ({Bound}), but what it prints for people (invitations, page links, webhooks) begins with {Url}, "
        + "which is right on this machine only. Set Cluster:PublicUrl to the address by which they reach it.")]
    private static partial void LogPrintsForThisMachineOnly(ILogger logger, string bound, string url);
}
