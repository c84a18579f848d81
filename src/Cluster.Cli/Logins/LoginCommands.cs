using System.CommandLine;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Logins;

/// <summary><c>cluster login</c> and <c>cluster logout</c>.</summary>
internal static class LoginCommands
{
    public static Command Login(NodeOptions node)
    {
        var invitation = new Argument<string>("URL") { Description = "The invitation you were given; quote it, because of its '#'." };
        var command = new Command("login", "Redeem an invitation and store the access token, readable by you alone.") { invitation };
        command.SetAction(async (parsed, ct) =>
        {
            var (url, code) = ReadInvitation(parsed.GetRequiredValue(invitation));
            var path = node.Locator(parsed).Home.Credentials;
            var token = await RedeemAsync(url, code, ct);
            await new Credentials { Url = NodeAddress.Show(url), Principal = token.Principal, TokenId = token.Id, Token = token.Token }.SaveAsync(path, ct);
            new Screen(parsed.InvocationConfiguration.Output).Line($"Logged in at {NodeAddress.Show(url)} as {token.Principal}; the token is in {path}.");
            return 0;
        });

        return command;
    }

    public static Command Logout(NodeOptions node)
    {
        var command = new Command("logout", "Revoke the stored token and forget it.");
        command.SetAction(async (parsed, ct) =>
        {
            var screen = new Screen(parsed.InvocationConfiguration.Output);
            var locator = new NodeLocator(new NodeChoice(), name => name == "CLUSTER_HOME" ? Environment.GetEnvironmentVariable(name) : null);
            if (locator.StoredLogin() is not { } login)
            {
                throw new CommandFailure("Nobody is logged in here.");
            }

            var revoked = await TryRevokeAsync(login.Node, login.TokenId, ct);
            File.Delete(locator.Home.Credentials);
            screen.Line(revoked
                ? "Logged out; the token is revoked."
                : $"Logged out here, but the node could not be told: token {login.TokenId} stays valid until somebody runs `cluster token revoke {login.TokenId}`.");
            return 0;
        });

        return command;
    }

    private static (Uri Url, string Code) ReadInvitation(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var full) && full.Scheme is "http" or "https" && full.Fragment.Length > 1
        && NodeAddress.TryParseUrl(full.GetLeftPart(UriPartial.Authority), out var url)
            ? (url, Uri.UnescapeDataString(full.Fragment[1..]))
            : throw new CommandFailure("That is no invitation; it looks like http://HOST/invite#CODE. Quote it, or the shell cuts it at '#'.");

    private static async Task<NewToken> RedeemAsync(Uri url, string code, CancellationToken ct)
    {
        using var http = NodeHttp.Create();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        try
        {
            var label = Environment.MachineName;
            using var body = JsonContent.Create(new Login { Code = code, Label = label[..Math.Min(label.Length, 64)] }, ApiJson.Default.Login);
            using var response = await http.PostAsync(new Uri(url, "api/login"), body, limit.Token);
            return response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created
                ? await response.Content.ReadFromJsonAsync(ApiJson.Default.NewToken, limit.Token)
                    ?? throw new JsonException()
                : throw new CommandFailure(await NodeHttp.ReadReasonAsync(response, limit.Token));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CommandFailure($"What answers at {NodeAddress.Show(url)} is not a node of Channel Cluster; check the invitation.");
        }
        catch (Exception e) when (!ct.IsCancellationRequested && (e is HttpRequestException or IOException or OperationCanceledException))
        {
            throw new CommandFailure($"The node at {NodeAddress.Show(url)} cannot be reached: {NodeHttp.Explain(e)}.");
        }
    }

    private static async Task<bool> TryRevokeAsync(NodeAddress node, string tokenId, CancellationToken ct)
    {
        using var client = new NodeClient(node, TimeProvider.System);
        try
        {
            await client.SendAsync(HttpMethod.Delete, $"api/tokens/{Uri.EscapeDataString(tokenId)}", null, ct);
            return true;
        }
        catch (CommandFailure)
        {
            return false;
        }
    }
}
