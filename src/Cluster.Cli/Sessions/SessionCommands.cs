using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;
using Cluster.Core;
using Cluster.Core.Api;

namespace Cluster.Cli.Sessions;

/// <summary><c>cluster sessions</c> and <c>cluster session</c>.</summary>
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
                        $"{(session.Attached ? session.Client ?? "attached" : "not attached")}{Paused(session)}",
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

        return new Command("session", "Make sessions, pause and resume them.") { add, Pause(node), Resume(node) };
    }

    private static Command Pause(NodeOptions node)
    {
        var session = SessionArgument.Create();
        var time = new Option<string>("--for") { Description = "It ends by itself after this time: 30m, 2h, 1d. Left out, with `cluster session resume`.", HelpName = "TIME" };
        return new Command("pause", "Give a session nothing new for a while; what is for it waits.") { session, time }.Calls(node, async call =>
        {
            TimeSpan? wanted = call.Get(time) is not { } text ? null
                : Duration.Read(text) is { } read && read > TimeSpan.Zero ? read
                : throw new CommandFailure($"'{text}' is no time; write for example 30m, 2h or 1d.");
            var request = new PauseSession { Seconds = (long?)wanted?.TotalSeconds };
            call.Show(
                await call.Node.PostAsync(
                    $"{SessionArgument.Path(call.Get(session))}/pause", request, ApiJson.Default.PauseSession, ApiJson.Default.SessionInfo, call.Ct),
                info => call.Screen.Line(
                    $"Session {info.Id} is paused{(info.PausedUntil is { } until ? $" until {Screen.Time(until)}" : "; `cluster session resume` ends that")}. Messages wait; verdicts still go out."));
        });
    }

    private static Command Resume(NodeOptions node)
    {
        var session = SessionArgument.Create();
        return new Command("resume", "End a session's pause; what waits is delivered.") { session }.Calls(node, async call =>
            call.Show(
                await call.Node.PostAsync($"{SessionArgument.Path(call.Get(session))}/resume", ApiJson.Default.SessionInfo, call.Ct),
                info => call.Screen.Line($"Session {info.Id} is not paused.")));
    }

    private static string Paused(SessionInfo session) =>
        !session.Paused ? "" : session.PausedUntil is { } until ? $", paused until {Screen.Time(until)}" : ", paused";
}
