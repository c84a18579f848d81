using System.Net.Sockets;
using Cluster.Server.Demo;
using Cluster.Server.Nodes;
using Cluster.Server.Simulation;
using Cluster.Storage.Engines;
using Microsoft.Extensions.Options;

var arguments = StartArguments.Read(args);
if (arguments.Help)
{
    Console.WriteLine(StartArguments.HelpText());
    return 0;
}

if (arguments.Fault is not null)
{
    Console.Error.WriteLine(arguments.Fault);
    return 1;
}

var demo = arguments.Demo ? DemoFolder.Create() : null;
var started = false;
try
{
    await using var app = await Node.BuildAsync(StartArguments.ToArguments(arguments.Settings), demo is null ? null : builder =>
    {
        if (demo.Isolate(builder, arguments.Settings) is { Count: > 0 } passedOver)
        {
            Console.WriteLine($"A demo keeps everything in a scratch folder, so it passes over {string.Join(", ", passedOver)}.");
        }
    });
    await using var telegram = arguments.Simulate ? await TelegramSimulation.StartAsync(app.Services) : null;
    var node = await Node.StartAsync(app);
    started = true;
    var show = Task.CompletedTask;
    if (demo is not null)
    {
        show = DemoScript.RunAsync(node.Url, node.TokenFile, demo.Home, app.Lifetime.ApplicationStopping);
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
catch (Exception e) when (e is EngineUnusableException or OptionsValidationException or StartRefusedException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
catch (Exception e) when (!started && (e is IOException or UnauthorizedAccessException or SocketException
    or FormatException or InvalidOperationException or InvalidDataException))
{
    // What ASP.NET finds wrong with its own settings: a certificate, a level of the log, a file of settings.
    Console.Error.WriteLine($"The node cannot start: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}.");
    return 1;
}
finally
{
    demo?.Delete();
}
