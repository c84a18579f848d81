using System.CommandLine;
using System.Text.Json;
using Cluster.Cli.Nodes;
using Cluster.Cli.Sessions;
using Cluster.Cli.Terminal;

namespace Cluster.Cli.Doctor;

/// <summary><c>cluster doctor</c>: why does my message not arrive?</summary>
internal static class DoctorCommand
{
    public static Command Create(NodeOptions node)
    {
        var session = SessionArgument.Create();
        session.Arity = ArgumentArity.ZeroOrOne;
        session.Description = "Also check the chain to this session: NAME, or OWNER/NAME.";
        var json = new Option<bool>("--json") { Description = "Print the checks as JSON." };
        var command = new Command("doctor", "Walk the chain from here to Claude Code and say which link is broken.") { session, json };
        command.SetAction(async (parsed, ct) =>
        {
            var named = parsed.GetValue(session) is { } text ? SessionArgument.Read(text) : null;
            var checks = await new Diagnosis(node.Locator(parsed), TimeProvider.System).RunAsync(named, ct);
            var output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json))
            {
                output.WriteLine(JsonSerializer.Serialize(checks, DoctorJson.Default.IReadOnlyListDoctorCheck));
            }
            else
            {
                Print(new Screen(output), checks);
            }

            return checks.All(check => check.Ok) ? 0 : 1;
        });

        return command;
    }

    private static void Print(Screen screen, IReadOnlyList<DoctorCheck> checks)
    {
        foreach (var check in checks)
        {
            screen.Line($"{(check.Ok ? "ok    " : "BROKEN")} {check.Check}: {check.Detail}");
            if (check.Todo is { } todo)
            {
                screen.Line($"    -> {todo}");
            }
        }
    }
}
