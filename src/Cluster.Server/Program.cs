using Cluster.Core.Api;
using Cluster.Server.Demo;
using Cluster.Server.Nodes;
using Cluster.Storage.Engines;
using Microsoft.Extensions.Options;

var demo = args.Contains("--demo") ? DemoFolder.Create() : null;
try
{
    await using var app = await Node.BuildAsync([.. args.Where(arg => arg != "--demo"), .. demo?.Settings ?? []]);
    var tokenFile = await Node.EnsureAdminAsync(app, CancellationToken.None);
    await app.StartAsync();

    var url = app.Services.GetRequiredService<NodeAddress>().Url;
    var home = NodeFiles.Home(app.Services.GetRequiredService<IOptions<ClusterOptions>>().Value.Home);
    NodeFiles.Announce(home, new LocalNode { Url = url, TokenFile = tokenFile, ProcessId = Environment.ProcessId });
    var show = Task.CompletedTask;
    if (demo is not null)
    {
        show = DemoScript.RunAsync(url, tokenFile, app.Lifetime.ApplicationStopping);
    }
    else
    {
        Console.WriteLine($"""
            Channel Cluster is running at {url}
            The admin's token is in {tokenFile} (readable by you only); on this machine `cluster` finds it by itself.
            Next:
              cluster page                      open the page
              cluster connect --print-config    connect a Claude Code session
            """);
    }

    await app.WaitForShutdownAsync();
    await show;
    NodeFiles.Withdraw(home);
    return 0;
}
catch (Exception e) when (e is EngineUnusableException or OptionsValidationException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
{
    Console.Error.WriteLine($"{e.InnerException.Message.TrimEnd('.')}. Another program listens there; choose another address with --urls http://127.0.0.1:PORT.");
    return 1;
}
finally
{
    demo?.Delete();
}
