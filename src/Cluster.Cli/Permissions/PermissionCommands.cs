using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Sessions;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;
using Cluster.Core.Events;

namespace Cluster.Cli.Permissions;

/// <summary><c>cluster permissions</c>.</summary>
internal static class PermissionCommands
{
    public static Command List(NodeOptions node)
    {
        var session = SessionArgument.Option(required: false, "Only those of this session.");
        return new Command("permissions", "List the tool prompts that you may answer.") { session }.Calls(node, async call =>
        {
            var query = call.Get(session) is { } named ? $"?session={Uri.EscapeDataString(SessionArgument.Read(named))}" : "";
            call.Show(
                await call.Node.GetAsync($"api/permissions{query}", ApiJson.Default.IReadOnlyListPermissionInfo, call.Ct),
                requests => Print(call.Screen, requests));
        });
    }

    // What would run is shown whole and with its hidden characters revealed, never only what the model says about it. Verdicts are
    // given on the page, where the request stands beside the buttons.
    private static void Print(Screen screen, IReadOnlyList<PermissionInfo> requests)
    {
        if (requests.Count == 0)
        {
            screen.Line("No permission requests.");
        }

        foreach (var request in requests)
        {
            screen.Line($"{request.Id}  {request.Session}  {State(request)}  {HostileText.Reveal(request.ToolName)}  until {Screen.Time(request.ExpiresAt)}");
            foreach (var line in HostileText.Reveal(request.InputPreview).Split('\n'))
            {
                screen.Line($"    {line}");
            }

            screen.Line($"    {request.InputPreview.Length} characters; {HostileText.Reveal(request.Description).ReplaceLineEndings(" ")}");
        }

        if (requests.Any(request => request.State == "open"))
        {
            screen.Line("Answer on the page: cluster page");
        }
    }

    private static string State(PermissionInfo request) =>
        request.Behavior is { } behavior ? $"{request.State} ({behavior})" : request.State;
}
