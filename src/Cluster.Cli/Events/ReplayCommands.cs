using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Sessions;
using Cluster.Cli.Terminal;
using Cluster.Core;
using Cluster.Core.Api;

namespace Cluster.Cli.Events;

/// <summary><c>cluster events show</c>, <c>replay</c> and <c>redrive</c>.</summary>
internal static class ReplayCommands
{
    public static Command Show(NodeOptions node)
    {
        var id = Id();
        return new Command("show", "Tell the whole life of one event.") { id }.Calls(node, async call =>
            call.Show(
                await call.Node.GetAsync($"api/events/{call.Get(id)}", ApiJson.Default.EventLife, call.Ct),
                life =>
                {
                    foreach (var line in EventLifeText.Lines(life))
                    {
                        call.Screen.Line(line);
                    }
                }));
    }

    public static Command Replay(NodeOptions node)
    {
        var id = Id();
        var to = new Option<string>("--to") { Description = "Another session of yours; webhooks only. Without it: the session that had it.", HelpName = "SESSION" };
        return new Command("replay", "Send an event to its session once more, as a new event.") { id, to }.Calls(node, async call =>
        {
            var request = new ReplayEvent { To = call.Get(to) is { } session ? SessionArgument.Read(session) : null };
            call.Show(
                await call.Node.PostAsync($"api/events/{call.Get(id)}/replay", request, ApiJson.Default.ReplayEvent, ApiJson.Default.Replayed, call.Ct),
                replayed => call.Screen.Line($"Event {replayed.ReplayOf} is replayed as event {replayed.EventId} to {replayed.Session}."));
        });
    }

    public static Command Redrive(NodeOptions node)
    {
        var session = SessionArgument.Option(required: true, "The session whose events are sent once more.");
        var state = new Option<string>("--state") { Description = "dead or expired.", Required = true, HelpName = "STATE" };
        state.AcceptOnlyFromAmong("dead", "expired");
        var since = new Option<string>("--since") { Description = "Only what came in within this time, such as 30m, 24h or 7d.", HelpName = "TIME" };
        var yes = new Option<bool>("--yes") { Description = "Do it. Without it, only the number is shown." };
        return new Command("redrive", "Replay all events of a session that are dead or expired. What was cancelled or replayed before is left.")
        {
            session, state, since, yes,
        }.Calls(node, async call =>
        {
            var request = new RedriveEvents { State = call.Get(state)!, SinceHours = Hours(call.Get(since)), Go = call.Get(yes) };
            var redriven = await call.Node.PostAsync(
                $"{SessionArgument.Path(call.Get(session)!)}/redrive", request, ApiJson.Default.RedriveEvents, ApiJson.Default.Redriven, call.Ct);
            call.Show(redriven, result => Tell(call, request, result));
        });
    }

    private static void Tell(ApiCall call, RedriveEvents request, Redriven result)
    {
        var found = $"{(result.More ? $"More than {Redriven.Most}" : result.Found)} {request.State} {(result.Found == 1 ? "event" : "events")}";
        if (!request.Go)
        {
            call.Screen.Line(result.Found == 0 ? $"No {request.State} events to replay." : $"{found} would be replayed. To do it, run this again with --yes.");
            return;
        }

        call.Screen.Line($"{found}; {result.Replayed.Count} replayed{(result.Refused.Count > 0 ? $", {result.Refused.Count} not" : "")}.");
        foreach (var refused in result.Refused)
        {
            call.Screen.Line($"  {refused.Why}");
        }

        if (result.More)
        {
            call.Screen.Line($"{Redriven.Most} go at once. For the rest, run this again.");
        }
    }

    private static double? Hours(string? since) =>
        since is null ? null
        : Duration.Read(since) is { TotalHours: > 0 and var hours } ? hours
        : throw new CommandFailure($"'{since}' is no time; write for example 30m, 24h or 7d.");

    private static Argument<long> Id() => new("ID") { Description = "The event's id." };
}
