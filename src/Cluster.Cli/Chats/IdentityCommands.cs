using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Chats;

/// <summary><c>cluster identities</c>: the accounts by which somebody speaks.</summary>
internal static class IdentityCommands
{
    public static Command Create(NodeOptions node)
    {
        var list = new Command("identities", "List the accounts that speak as you.").Calls(node, async call =>
            call.Show(
                await call.Node.GetAsync("api/identities", ApiJson.Default.IReadOnlyListIdentityInfo, call.Ct),
                identities => call.Screen.Table(
                    "None.",
                    ["IDENTITY", "PRINCIPAL", "SHOWN AS"],
                    identities.Select(one => (string[])[one.Identity, one.Principal, one.Name ?? "-"]))));
        list.Add(Unlink(node));
        return list;
    }

    private static Command Unlink(NodeOptions node)
    {
        var identity = new Argument<string>("IDENTITY") { Description = "Such as telegram:123456." };
        var command = new Command("unlink", "Take an account away from yourself, at once and on every node.") { identity };
        command.SetAction(async (parsed, ct) =>
        {
            using var client = new NodeClient(node.Locator(parsed).Require(), TimeProvider.System);
            await client.SendAsync(HttpMethod.Delete, $"api/identities/{Uri.EscapeDataString(parsed.GetRequiredValue(identity))}", null, ct);
            new Screen(parsed.InvocationConfiguration.Output).Line($"{parsed.GetRequiredValue(identity)} does not speak as you any more.");
            return 0;
        });

        return command;
    }
}
