using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Sessions;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;
using Cluster.Core.Events;

namespace Cluster.Cli.Events;

/// <summary><c>cluster events</c>, whose subcommands are <see cref="ReplayCommands"/>, and <c>cluster cancel</c>.</summary>
internal static class EventCommands
{
    public static Command List(NodeOptions node)
    {
        var session = SessionArgument.Option(required: false, "Only those of this session.");
        var limit = new Option<int>("--limit") { Description = "How many, newest first.", DefaultValueFactory = _ => 50, HelpName = "N" };
        var state = new Option<string>("--state") { Description = "Only those in this state.", HelpName = "STATE" };
        state.AcceptOnlyFromAmong([.. DeliveryRules.States]);
        return new Command("events", "List what was sent to sessions, and how far it came.")
        {
            session, state, limit, ReplayCommands.Show(node), ReplayCommands.Replay(node), ReplayCommands.Redrive(node),
        }.Calls(node, async call =>
        {
            var filter = call.Get(session) is { } named ? $"session={Uri.EscapeDataString(SessionArgument.Read(named))}&" : "";
            filter += call.Get(state) is { } only ? $"state={only}&" : "";
            call.Show(
                await call.Node.GetAsync($"api/events?{filter}limit={call.Get(limit)}", ApiJson.Default.IReadOnlyListEventInfo, call.Ct),
                events => call.Screen.Table(
                    "No events.",
                    ["ID", "SESSION", "KIND", "FROM", "AT", "TRIES", "STATE", "HISTORY"],
                    events.Select(one => (string[])
                    [
                        one.Id, one.Session, one.Name.Length > 0 ? one.Name : one.Kind, one.Sender, Screen.Time(one.At),
                        one.Attempts.ToString(), DeliveryWords.Explain(one.State, one.Reason), string.Join("; ", one.Route is null ? one.History : [$"by route {one.Route}", .. one.History]),
                    ])));
        });
    }

    public static Command Cancel(NodeOptions node)
    {
        var session = SessionArgument.Create();
        var id = new Argument<string>("EVENT") { Description = "The event's id." };
        return new Command("cancel", "Take back an event that still waits.") { session, id }.Calls(node, async call =>
            call.Show(
                await call.Node.PostAsync(
                    $"{SessionArgument.Path(call.Get(session))}/events/{Uri.EscapeDataString(call.Get(id))}/cancel", ApiJson.Default.EventInfo, call.Ct),
                one => call.Screen.Line($"Event {one.Id} for {one.Session}: {DeliveryWords.Explain(one.State, one.Reason)}.")));
    }
}
