using System.CommandLine;

namespace Cluster.Cli.Nodes;

/// <summary>The options of every command that say which node.</summary>
internal sealed class NodeOptions
{
    public Option<string> Url { get; } = new("--url")
    {
        Description = "The node's address. Default: CLUSTER_URL, else the stored login, else the node on this machine.",
        HelpName = "URL",
        Recursive = true,
    };

    public Option<string> TokenFile { get; } = new("--token-file")
    {
        Description = "A file with the access token. Default: CLUSTER_TOKEN or CLUSTER_TOKEN_FILE, else what belongs to the address.",
        HelpName = "FILE",
        Recursive = true,
    };

    public NodeChoice Choice(ParseResult parsed) => new(parsed.GetValue(Url), parsed.GetValue(TokenFile));

    public NodeLocator Locator(ParseResult parsed) => new(Choice(parsed), Environment.GetEnvironmentVariable);
}
