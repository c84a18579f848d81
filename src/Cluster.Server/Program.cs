using Cluster.Server.Demo;
using Cluster.Server.Nodes;
using Cluster.Server.Simulation;
using Cluster.Storage.Engines;
using Microsoft.Extensions.Options;

var (settings, simulate, fault) = SimulateArgument.Read(args);
if (fault is not null)
{
    Console.Error.WriteLine(fault);
    return 1;
}

var demo = args.Contains("--demo") ? DemoFolder.Create() : null;
try
{
    await using var app = await Node.BuildAsync([.. settings.Where(arg => arg != "--demo"), .. demo?.Settings ?? []]);
    await using var telegram = simulate ? await TelegramSimulation.StartAsync(app.Services) : null;
    var node = await Node.StartAsync(app);
    var show = Task.CompletedTask;
    if (demo is not null)
    {
        show = DemoScript.RunAsync(node.Url, node.TokenFile, app.Lifetime.ApplicationStopping);
    }
    else
    {
        Console.WriteLine($"""
            Channel Cluster is running at {(node.PublicUrl is { } url ? $"{url} (on this machine {node.Url})" : node.Url)}
            {(node.TokenFile.Length > 0
                ? $"The admin's token is in {node.TokenFile} (readable by you only); on this machine `cluster` finds it by itself."
                : "The admin's token is the one in Cluster:AdminToken, or in the data folder of the node that started first.")}
            Next:
              cluster page                      open the page
              cluster connect --print-config    connect a Claude Code session
            """);
    }

    if (telegram is not null)
    {
        await telegram.AddBotAsync(app.Services, await Node.AdminTokenAsync(app, node));
        Console.WriteLine($"""

            A simulated Telegram, on this machine only. Whoever has this address speaks for the people there:
              {telegram.PageUrl}
            Next:
              cluster pair                      link one of them with yourself: send the code to the bot on that page
            """);
    }

    await app.WaitForShutdownAsync();
    await show;
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
