using System.CommandLine;
using Cluster.Cli.Nodes;

namespace Cluster.Cli.Connect;

/// <summary><c>cluster connect</c>: what Claude Code spawns.</summary>
internal static class ConnectCommand
{
    public static Command Create(NodeOptions node)
    {
        var session = new Option<string>("--session")
        {
            Description = "The session to serve, NAME or OWNER/NAME, taken over from any other terminal. Default: CLUSTER_SESSION, else the project folder's name; if another terminal has that, NAME.2 and so on.",
            HelpName = "NAME",
        };
        var print = new Option<bool>("--print-config")
        {
            Description = "Print the .mcp.json entry for this machine, and on stderr how to start Claude Code with it.",
        };
        var http = new Option<bool>("--http")
        {
            Description = "With --print-config: the form in which Claude Code speaks to the node itself, without this program.",
        };

        var command = new Command("connect", "Connect a Claude Code session to its node over stdin and stdout. Claude Code starts this by itself.")
        {
            session, print, http,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(http) && !result.GetValue(print))
            {
                result.AddError("--http goes with --print-config only.");
            }
        });
        command.SetAction(async (parsed, ct) =>
        {
            var wish = SessionWish.Choose(parsed.GetValue(session), Environment.GetEnvironmentVariable);
            var locator = node.Locator(parsed);
            if (parsed.GetValue(print))
            {
                McpConfig.Print(parsed, wish, parsed.GetValue(http) ? locator.Require() : null, node.Choice(parsed));
                return 0;
            }

            using var connector = new Connector(
                Console.OpenStandardInput(),
                Console.OpenStandardOutput(),
                new Notes(parsed.InvocationConfiguration.Error),
                locator,
                wish,
                TimeProvider.System);

            await connector.RunAsync(ct);
            return 0;
        });

        return command;
    }
}
