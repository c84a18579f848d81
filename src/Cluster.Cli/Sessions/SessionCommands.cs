using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Sessions;

/// <summary><c>cluster sessions</c> and <c>cluster session add</c>.</summary>
internal static class SessionCommands
{
    public static Command List(NodeOptions node) =>
        new Command("sessions", "List the sessions you may see, and whether Claude Code is attached.").Calls(node, async call =>
            call.Show(
                await call.Node.GetAsync("api/sessions", ApiJson.Default.IReadOnlyListSessionInfo, call.Ct),
                sessions => call.Screen.Table(
                    "No sessions yet. Start Claude Code with `cluster connect`, or run `cluster session add NAME`.",
                    ["SESSION", "YOU", "CLAUDE CODE", "WORKS ON", "LAST CALL", "WAITING", "PERMISSIONS"],
                    sessions.Select(session => (string[])
                    [
                        session.Id,
                        string.Join(",", session.Roles),
                        session.Attached ? session.Client ?? "attached" : "not attached",
                        Place(session),
                        Screen.Time(session.LastCallAt),
                        session.Waiting.ToString(),
                        session.OpenPermissions.ToString(),
                    ]))));

    private static string Place(SessionInfo session) =>
        session.Repository is null && session.Folder is null ? "-"
        : $"{session.Repository ?? session.Folder}{(session.Branch is { } branch ? $" ({branch})" : "")}";

    public static Command One(NodeOptions node)
    {
        var name = new Argument<string>("NAME") { Description = "The new session's name." };
        var add = new Command("add", "Make a session's address before Claude Code first connects to it.") { name }.Calls(node, async call =>
            call.Show(
                await call.Node.PostAsync(SessionArgument.Path(call.Get(name)), ApiJson.Default.SessionInfo, call.Ct),
                session => call.Screen.Line($"Session {session.Id} is there.")));

        return new Command("session", "Make sessions.") { add };
    }
}
