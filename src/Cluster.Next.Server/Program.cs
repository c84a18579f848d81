using Cluster.Next.Server.Nodes;
using Cluster.Next.Server.Silos;
using Cluster.Next.Storage.Starting;
using Microsoft.Extensions.Options;

try
{
    await using var app = await Node.BuildAsync(args, node => node.Services.AddSingleton<INodeEnd, ProcessEnd>());
    var node = await Node.StartAsync(app);
    Console.WriteLine($"""
        Channel Cluster is running at {(node.PublicUrl is { } url ? $"{url} (on this machine {node.Url})" : node.Url)}
        {(node.TokenFile.Length > 0
            ? $"The admin's token is in {node.TokenFile} (readable by you only); on this machine `cluster` finds it by itself."
            : "The admin's token is the one in Cluster:AdminToken, or in the data folder of the node that started first.")}
        Next:
          cluster page                      open the page
          cluster connect --print-config    connect a Claude Code session
        """);
    await app.WaitForShutdownAsync();
    return 0;
}
catch (Exception e) when (e is NodeUnusableException or StoreUnusableException or OptionsValidationException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
{
    Console.Error.WriteLine($"{e.InnerException.Message.TrimEnd('.')}. Another program listens there; choose another address with --urls http://127.0.0.1:PORT.");
    return 1;
}
