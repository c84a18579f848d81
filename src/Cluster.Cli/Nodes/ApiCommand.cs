using System.CommandLine;
using Cluster.Cli.Terminal;

namespace Cluster.Cli.Nodes;

/// <summary>One run of a command that calls the node's API.</summary>
internal sealed record ApiCall(ParseResult Parsed, NodeLocator Locator, NodeClient Node, bool Json, CancellationToken Ct)
{
    public Screen Screen { get; } = new(Parsed.InvocationConfiguration.Output);

    public T Get<T>(Argument<T> argument) => Parsed.GetRequiredValue(argument);

    public T? Get<T>(Option<T> option) => Parsed.GetValue(option);

    /// <summary>The API's own JSON under <c>--json</c>, else what a person wants to read of it.</summary>
    public void Show<T>(Reply<T> reply, Action<T> forPerson)
    {
        if (Json)
        {
            Parsed.InvocationConfiguration.Output.WriteLine(reply.Json.Trim());
        }
        else
        {
            forPerson(reply.Value);
        }
    }
}

internal static class ApiCommand
{
    /// <summary>Lets a command run against the node that is found, with <c>--json</c> for programs.</summary>
    public static Command Calls(this Command command, NodeOptions node, Func<ApiCall, Task> run)
    {
        var json = new Option<bool>("--json") { Description = "Print the node's JSON." };
        command.Add(json);
        command.SetAction(async (parsed, ct) =>
        {
            var locator = node.Locator(parsed);
            using var client = new NodeClient(locator.Require(), TimeProvider.System);
            await run(new ApiCall(parsed, locator, client, parsed.GetValue(json), ct));
            return 0;
        });

        return command;
    }
}
