using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Logins;

/// <summary><c>cluster token</c>: one's own access tokens.</summary>
internal static class TokenCommands
{
    public static Command Create(NodeOptions node)
    {
        var list = new Command("list", "List your tokens; their secrets are known to nobody any more.").Calls(node, async call =>
            call.Show(
                await call.Node.GetAsync("api/tokens", ApiJson.Default.IReadOnlyListTokenInfo, call.Ct),
                tokens => call.Screen.Table(
                    "No tokens.",
                    ["ID", "PRINCIPAL", "KIND", "LABEL", "MADE", "EXPIRES", "STATE"],
                    tokens.Select(token => (string[])
                    [
                        token.Id, token.Principal, token.Kind, token.Label, Screen.Time(token.CreatedAt), Screen.Time(token.ExpiresAt),
                        token.RevokedAt is not null ? "revoked" : token.Current ? "valid, this one" : "valid",
                    ]))));

        var label = new Option<string>("--label") { Description = "What it is for.", HelpName = "TEXT" };
        var add = new Command("new", "Make a token, for another machine or a pod. It is shown once.") { label }.Calls(node, async call =>
            call.Show(
                await call.Node.PostAsync("api/tokens", new AddToken { Label = call.Get(label) }, ApiJson.Default.AddToken, ApiJson.Default.NewToken, call.Ct),
                token =>
                {
                    call.Screen.Line($"Token {token.Id} of {token.Principal}, shown this once; put it into CLUSTER_TOKEN or a file for --token-file:");
                    call.Screen.Line($"  {token.Token}");
                }));

        var id = new Argument<string>("ID") { Description = "As `cluster token list` shows it." };
        var revoke = new Command("revoke", "End a token at once, on every node.") { id };
        revoke.SetAction(async (parsed, ct) =>
        {
            using var client = new NodeClient(node.Locator(parsed).Require(), TimeProvider.System);
            await client.SendAsync(HttpMethod.Delete, $"api/tokens/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}", null, ct);
            new Screen(parsed.InvocationConfiguration.Output).Line($"Token {parsed.GetRequiredValue(id)} is revoked.");
            return 0;
        });

        return new Command("token", "Your access tokens.") { list, add, revoke };
    }
}
