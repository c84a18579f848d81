using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Sessions;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Permissions;

/// <summary><c>cluster permissions</c>, <c>cluster approve</c> and <c>cluster deny</c>.</summary>
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
                requests => call.Screen.Table(
                    "No permission requests.",
                    ["ID", "SESSION", "STATE", "TOOL", "WHAT", "EXPIRES", "BY"],
                    requests.Select(request => (string[])
                    [
                        request.Id, request.Session, State(request), request.ToolName, Short(request.Description),
                        Screen.Time(request.ExpiresAt), request.DecidedBy ?? "-",
                    ])));
        });
    }

    public static Command Approve(NodeOptions node) => Decide(node, "approve", "allow", "Allow what a permission request asks for.");

    public static Command Deny(NodeOptions node) => Decide(node, "deny", "deny", "Deny what a permission request asks for.");

    private static Command Decide(NodeOptions node, string name, string behavior, string description)
    {
        var id = new Argument<string>("ID") { Description = "As `cluster permissions` shows it." };
        return new Command(name, description) { id }.Calls(node, async call =>
            call.Show(
                await call.Node.PostAsync(
                    $"api/permissions/{Uri.EscapeDataString(call.Get(id))}",
                    new Verdict { Behavior = behavior },
                    ApiJson.Default.Verdict,
                    ApiJson.Default.PermissionInfo,
                    call.Ct),
                request => call.Screen.Line($"{request.ToolName} in {request.Session}: {State(request)}.")));
    }

    private static string State(PermissionInfo request) =>
        request.Behavior is { } behavior ? $"{request.State} ({behavior})" : request.State;

    private static string Short(string text) => text.Length <= 60 ? text : text[..59] + "…";
}
