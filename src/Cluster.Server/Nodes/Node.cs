using System.Text.Json.Serialization;
using Cluster.Core.Api;
using Cluster.Server.Api;
using Cluster.Server.Chats;
using Cluster.Server.Housekeeping;
using Cluster.Server.Mcp;
using Cluster.Server.Pages;
using Cluster.Server.Routes;
using Cluster.Server.Routing;
using Cluster.Server.Security;
using Cluster.Server.Webhooks;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Principals;
using Cluster.Storage.Retention;
using Cluster.Storage.Secrets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Nodes;

/// <summary>One node: its engine, its services, its addresses.</summary>
internal static partial class Node
{
    public const string DefaultUrl = "http://127.0.0.1:5230";

    /// <summary>Opens the engine and builds the node; it serves once it is started.</summary>
    /// <exception cref="EngineUnusableException">The engine or its key cannot be used.</exception>
    /// <exception cref="OptionsValidationException">A setting is wrong.</exception>
    /// <exception cref="StartRefusedException">It cannot listen where it is told to.</exception>
    public static async Task<WebApplication> BuildAsync(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error)
            .AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.None) // a forged form is answered; it is no operator's business
            .AddFilter(typeof(TokenAuthentication).FullName, LogLevel.Warning);
        builder.Services.AddSingleton<IValidateOptions<ClusterOptions>, ClusterOptionsValidator>();
        builder.Services.AddOptions<ClusterOptions>().BindConfiguration("Cluster").ValidateOnStart();
        builder.Services.TryAddSingleton(TimeProvider.System);
        adjust?.Invoke(builder);
        if (string.IsNullOrEmpty(builder.Configuration["urls"]) && string.IsNullOrEmpty(builder.Configuration["http_ports"]))
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 5 * 1024 * 1024; // bytes; webhooks count against their sender's own cap
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        });

        var options = builder.Configuration.GetSection("Cluster").Get<ClusterOptions>() ?? new ClusterOptions();
        Validate(options, builder.Configuration);
        ListenAddresses.Check(builder.Configuration);
        var logClosed = DataFolder.Close(options);
        var clock = builder.Services.LastOrDefault(s => s.ServiceType == typeof(TimeProvider))?.ImplementationInstance as TimeProvider ?? TimeProvider.System;
        var configured = options.Key.Length > 0 ? options.Key : builder.Configuration["CLUSTER_KEY"] ?? "";
        var engine = await OpenEngineAsync(options, configured, clock);
        NodeKey key;
        try
        {
            key = NodeFiles.OpenKey(configured, options.Data);
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }

        // Before everything else: hosted services start in their order and stop in the reverse one.
        builder.Services.AddHostedService(provider => provider.GetRequiredService<Heartbeat>());
        builder.Services
            .AddStorage(engine, key.Box, new MailboxLimits { Waiting = options.Limits.MailboxWaiting })
            .AddHousekeeping(new RetentionTimes
            {
                Events = TimeSpan.FromDays(options.Retention.EventDays),
                Audit = TimeSpan.FromDays(options.Retention.AuditDays),
            })
            .AddTrustedProxies()
            .AddSecurity()
            .AddMcp()
            .AddWebhooks()
            .AddRoutes()
            .AddPages()
            .AddChats()
            .AddApiDescription()
            .AddSingleton(key)
            .AddSingleton<NodeAddress>()
            .AddSingleton<ReadyProbe>()
            .AddSingleton<SenderLimits>()
            .AddSingleton<Router>()
            .AddSingleton<ConsoleMessages>()
            .AddSingleton<SessionViews>()
            .AddSingleton<Drain>()
            .AddSingleton<IHostLifetime>(provider => provider.GetRequiredService<Drain>())
            .AddSingleton<Heartbeat>()
            .AddValidation()
            .ConfigureHttpJsonOptions(json =>
            {
                json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
                json.SerializerOptions.AllowDuplicateProperties = false;
                json.SerializerOptions.MaxDepth = 32;
                json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            })
            .Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));

        var app = builder.Build();
        logClosed(app.Logger);
        app.Use((context, next) => context.RequestServices.GetRequiredService<Drain>().LeaveAsync(context, next));
        app.UseForwardedHeaders();
        app.UseExceptionHandler();
        app.UseMiddleware<HostGuard>();
        app.UseStatusCodePages();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();
        app.MapHealth();
        app.MapMcp();
        app.MapWebhooks();
        app.MapBotWebhooks();
        app.MapApi();
        app.MapApiDescription();
        app.MapPages();
        return app;
    }

    /// <summary>Starts serving, with an admin and a token file from the first start on, and tells <c>cluster</c> on this machine.</summary>
    /// <exception cref="EngineUnusableException">The key is not the engine's.</exception>
    public static async Task<LocalNode> StartAsync(WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<ClusterOptions>>().Value;
        await app.Services.GetRequiredService<NodeKey>().CheckAsync(
            app.Services.GetRequiredService<KeyCheck>(), app.Services.GetRequiredService<Engine>(), options.ForgetSecrets, app.Logger);
        var tokenFile = await EnsureAdminAsync(app, options);
        await app.StartAsync();
        var address = app.Services.GetRequiredService<NodeAddress>();
        if (address.PrintsForThisMachineOnly)
        {
            LogPrintsForThisMachineOnly(app.Logger, address.Bound, address.Url);
        }

        var node = new LocalNode
        {
            Url = address.LocalUrl,
            PublicUrl = address.Public?.Origin,
            TokenFile = tokenFile,
            ProcessId = Environment.ProcessId,
        };
        var home = NodeFiles.Home(options.Home);
        NodeFiles.Announce(home, node);
        app.Lifetime.ApplicationStopped.Register(() => NodeFiles.Withdraw(home));
        return node;
    }

    /// <summary>The admin's token as far as this node has it; empty when it does not.</summary>
    public static async Task<string> AdminTokenAsync(WebApplication app, LocalNode node) =>
        node.TokenFile.Length > 0
            ? (await File.ReadAllTextAsync(node.TokenFile)).Trim()
            : app.Services.GetRequiredService<IOptions<ClusterOptions>>().Value.AdminToken.Trim();

    // Several nodes share what stands in PostgreSQL, so they must share the key to it too.
    private static async Task<Engine> OpenEngineAsync(ClusterOptions options, string key, TimeProvider clock)
    {
        if (options.Engine.Length == 0)
        {
            return await SqliteEngine.OpenAsync(options.Data, clock, CancellationToken.None);
        }

        if (key.Length == 0)
        {
            throw new EngineUnusableException(
                "CLUSTER_KEY is missing. The nodes of a cluster share one key: 32 bytes in base64, as `openssl rand -base64 32` prints, the same for every node.");
        }

        return await PostgresEngine.OpenAsync(
            new PostgresSettings
            {
                ConnectionString = options.Engine,
                NodeName = options.Name,
                AllowUnsafeDurability = options.AllowUnsafeDurability,
            },
            clock,
            CancellationToken.None);
    }

    /// <returns>The file with the admin's token; empty when this node has none to show.</returns>
    private static async Task<string> EnsureAdminAsync(WebApplication app, ClusterOptions options)
    {
        var principals = app.Services.GetRequiredService<PrincipalStore>();
        if (options.AdminToken.Length > 0)
        {
            await principals.SetAdminTokenAsync(options.Admin, options.AdminToken.Trim(), CancellationToken.None);
            return "";
        }

        var file = NodeFiles.AdminTokenFile(options.Data);
        var there = File.Exists(file) && new FileInfo(file).Length > 0;
        var token = await principals.EnsureAdminAsync(options.Admin, CancellationToken.None);
        if (token is null && !there && options.Engine.Length == 0)
        {
            // The folder is this node's alone, so whoever can write it may. Of a cluster, the first node's folder has the token.
            token = await principals.ReplaceAdminTokenAsync(options.Admin, CancellationToken.None);
        }

        if (token is not null)
        {
            NodeFiles.WriteAdminToken(options.Data, token);
        }

        return token is not null || there ? file : "";
    }

    // All faults at once, in words an operator can act on.
    private static void Validate(ClusterOptions options, ConfigurationManager settings)
    {
        // A single value for a list is passed over by the binder: what somebody has set would be without effect.
        string[] lists = [nameof(ClusterOptions.AllowedHosts), nameof(ClusterOptions.TrustedProxies)];
        List<string> faults =
        [
            .. KnownSettings.Faults(settings),
            .. new ClusterOptionsValidator().Validate(null, options).Failures ?? [],
            .. lists.Where(list => !string.IsNullOrEmpty(settings[$"Cluster:{list}"])).Select(list =>
                $"Cluster:{list} is the single value '{settings[$"Cluster:{list}"]}'; expected a list: Cluster:{list}:0, Cluster:{list}:1 and so on, "
                + $"in the environment Cluster__{list}__0."),
        ];
        if (faults.Count > 0)
        {
            throw new OptionsValidationException("Cluster", typeof(ClusterOptions), faults);
        }
    }

    [LoggerMessage(
        LogLevel.Warning,
        "This node listens on all interfaces ({Bound}), but what it prints for people (invitations, page links, webhooks) begins with {Url}, "
        + "which is right on this machine only. Set Cluster:PublicUrl to the address by which they reach it.")]
    private static partial void LogPrintsForThisMachineOnly(ILogger logger, string bound, string url);
}
