using Cluster.Cli;
using Cluster.Cli.Terminal;

return await CommandLine.RunAsync(Commands.Create(), args, Console.Out, Console.Error);
