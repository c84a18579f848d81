using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Principals;

/// <summary><c>cluster principal</c>: who is known to the cluster.</summary>
internal static class PrincipalCommands
{
    public static Command Create(NodeOptions node)
    {
        var name = new Argument<string>("NAME") { Description = "The person's or service's name." };
        var add = new Command("add", "Let a person or service in: prints an invitation that works once.") { name }.Calls(node, async call =>
            call.Show(
                await call.Node.PostAsync(
                    "api/principals", new AddPrincipal { Name = call.Get(name) }, ApiJson.Default.AddPrincipal, ApiJson.Default.Invitation, call.Ct),
                invitation =>
                {
                    call.Screen.Line($"Invitation for {invitation.Principal}, once, until {Screen.Time(invitation.ExpiresAt)}:");
                    call.Screen.Line($"  {invitation.Url}");
                    call.Screen.Line($"They run: cluster login '{invitation.Url}'");
                }));

        var list = new Command("list", "List everybody who is known to the cluster.").Calls(node, async call =>
            call.Show(
                await call.Node.GetAsync("api/principals", ApiJson.Default.IReadOnlyListPrincipalInfo, call.Ct),
                principals => call.Screen.Table(
                    "Nobody.",
                    ["NAME", "ADMIN", "SINCE"],
                    principals.Select(principal => (string[])[principal.Name, principal.Admin ? "yes" : "no", Screen.Time(principal.CreatedAt)]))));

        return new Command("principal", "Let people and services in.") { add, list };
    }
}
