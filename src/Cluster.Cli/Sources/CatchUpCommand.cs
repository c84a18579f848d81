using System.CommandLine;
using System.Net.Http.Json;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Sources;

/// <summary><c>cluster source catch-up</c>: GitHub tries each delivery once; this asks it for those that failed.</summary>
internal static class CatchUpCommand
{
    public static Command Create(NodeOptions node)
    {
        var name = new Argument<string>("NAME") { Description = "The source's name." };
        var token = new Option<string>("--token-file")
        {
            Description = "A file with a token of GitHub that may write to the webhooks of the repository or organization; - reads standard input.",
            HelpName = "FILE",
        };
        var repository = new Option<string>("--repository") { Description = "The repository that has the webhook.", HelpName = "OWNER/NAME" };
        var organization = new Option<string>("--organization") { Description = "Or the organization that has it.", HelpName = "NAME" };
        var hook = new Option<long?>("--hook") { Description = "The webhook's number; without it, the one with the source's URL is looked for.", HelpName = "ID" };
        var api = new Option<string>("--api") { Description = "The API of an Enterprise Server; only an admin names one.", HelpName = "https://HOST/api/v3" };
        var off = new Option<bool>("--off") { Description = "Ask no more, and forget the token." };
        return new Command("catch-up", "Ask GitHub for deliveries that failed, after an outage and every few minutes. What is not named stays as it was set before.")
        {
            name, token, repository, organization, hook, api, off,
        }.Calls(node, async call =>
        {
            var path = $"api/sources/{Uri.EscapeDataString(call.Get(name))}/catch-up";
            if (call.Get(off))
            {
                await call.Node.SendAsync(HttpMethod.Delete, path, null, call.Ct);
                call.Screen.Line($"Source {call.Get(name)} asks for nothing any more.");
                return;
            }

            var request = new SetCatchUp
            {
                Repository = call.Get(repository),
                Organization = call.Get(organization),
                Hook = call.Get(hook),
                Api = call.Get(api),
                Token = call.Get(token) is { } file
                    ? (await SourceCommands.ReadAsync(file, call.Ct)).Trim()
                    : null,
            };
            await call.Node.SendAsync(HttpMethod.Put, path, JsonContent.Create(request, ApiJson.Default.SetCatchUp), call.Ct);
            call.Screen.Line($"Source {call.Get(name)} asks GitHub from now on for deliveries that failed; `cluster source list` shows whether it may.");
        });
    }

    /// <summary>For the list.</summary>
    public static string Shown(CatchUpInfo? catchUp) =>
        catchUp is null ? "-" : (catchUp.Problem ?? (catchUp.AskedAt is { } at ? $"asked {Screen.Time(at)}" : "not asked yet")) + Counts(catchUp);

    /// <summary>For the doctor.</summary>
    public static (bool Ok, string Detail, string? Todo) Diagnosed(CatchUpInfo catchUp) =>
        catchUp.Problem is { } problem
            ? (false, $"it cannot ask {catchUp.From} for deliveries that failed: {problem}", "It is tried again by itself; `cluster source list` shows when it works.")
        : catchUp.GivenUp > 0
            ? (
                false,
                $"deliveries of the last days failed for good: {catchUp.GivenUp} of {catchUp.From}",
                "Can GitHub reach the webhook's URL, and may the token write to webhooks? Then give the token again, and they are asked for once more: cluster source catch-up NAME --token-file FILE.")
        : (true, $"it asks {catchUp.From} for deliveries that failed; last at {Screen.Time(catchUp.AskedAt)}{Counts(catchUp)}", null);

    // What has not come, to be put behind.
    private static string Counts(CatchUpInfo catchUp) =>
        (catchUp.Waiting > 0 ? $"; {catchUp.Waiting} not come yet" : "")
        + (catchUp.More ? "; more is waiting" : "")
        + (catchUp.GivenUp > 0 ? $"; {catchUp.GivenUp} given up" : "");
}
