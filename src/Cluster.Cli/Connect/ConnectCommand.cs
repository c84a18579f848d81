using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Core.Sessions;

namespace Cluster.Cli.Connect;

/// <summary><c>cluster connect</c>: what Claude Code spawns.</summary>
internal static class ConnectCommand
{
    public static Command Create(NodeOptions node)
    {
        var session = new Option<string>("--session")
        {
            Description = "The session to serve, NAME or OWNER/NAME. Default: CLUSTER_SESSION, else the project folder's name.",
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
            var given = parsed.GetValue(session);
            var name = SessionName.Choose(given, Environment.GetEnvironmentVariable);
            var locator = node.Locator(parsed);
            if (parsed.GetValue(print))
            {
                McpConfig.Print(parsed, given, name, parsed.GetValue(http) ? locator.Require() : null, node.Choice(parsed));
                return 0;
            }

            using var connector = new Connector(
                Console.OpenStandardInput(),
                Console.OpenStandardOutput(),
                new Notes(parsed.InvocationConfiguration.Error),
                locator,
                name,
                TimeProvider.System);

            await connector.RunAsync(ct);
            return 0;
        });

        return command;
    }
}

/// <summary>Which session a Claude Code process serves when nobody says it better.</summary>
internal static class SessionName
{
    public static string Choose(string? given, Func<string, string?> environment)
    {
        var said = string.IsNullOrEmpty(given) ? environment("CLUSTER_SESSION") : given;
        if (!string.IsNullOrEmpty(said))
        {
            var slash = said.IndexOf('/', StringComparison.Ordinal);
            return slash < 0 ? Slug.From(said) : $"{Slug.From(said[..slash])}/{Slug.From(said[(slash + 1)..])}";
        }

        var folder = environment("CLAUDE_PROJECT_DIR") is { Length: > 0 } project ? project : Environment.CurrentDirectory;
        return Slug.From(Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)));
    }
}
