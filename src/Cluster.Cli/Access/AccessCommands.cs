using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Sessions;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Access;

/// <summary><c>cluster allow</c>, <c>cluster revoke</c> and <c>cluster access</c>: who may do what to a session.</summary>
internal static class AccessCommands
{
    public static Command Allow(NodeOptions node)
    {
        var role = Role(required: true, "talk: send messages; approve: answer permission requests; watch: see conversations.");
        role.AcceptOnlyFromAmong("talk", "approve", "watch");
        return Change(node, "allow", "Give somebody a role on a session of yours.", HttpMethod.Put, role);
    }

    public static Command Revoke(NodeOptions node)
    {
        var role = Role(required: false, "Only this role. Default: all.");
        role.AcceptOnlyFromAmong("talk", "approve", "watch", "all");
        return Change(node, "revoke", "Take roles on a session away, at once and on every node.", HttpMethod.Delete, role);
    }

    public static Command Show(NodeOptions node)
    {
        var session = SessionArgument.Create();
        return new Command("access", "Show who may do what to a session.") { session }.Calls(node, async call =>
            call.Show(
                await call.Node.GetAsync($"{SessionArgument.Path(call.Get(session))}/access", ApiJson.Default.AccessInfo, call.Ct),
                access => Print(call.Screen, access)));
    }

    private static Option<string> Role(bool required, string description) =>
        new("--role") { Description = description, Required = required, HelpName = "ROLE" };

    private static Command Change(NodeOptions node, string name, string description, HttpMethod method, Option<string> role)
    {
        var identity = new Argument<string>("IDENTITY") { Description = "Who, such as console:bob, or another session, such as session:bob/web." };
        var session = SessionArgument.Option(required: true, "The session.");
        return new Command(name, description) { identity, session, role }.Calls(node, async call =>
        {
            var path = $"{SessionArgument.Path(call.Get(session)!)}/access/{Uri.EscapeDataString(call.Get(identity))}/{call.Get(role) ?? "all"}";
            call.Show(
                await call.Node.SendAsync(method, path, null, ApiJson.Default.AccessInfo, call.Ct),
                access => Print(call.Screen, access));
        });
    }

    private static void Print(Screen screen, AccessInfo access)
    {
        screen.Line($"{access.Session}: {access.Owner} owns it and has every role.");
        if (access.Shares is { } first)
        {
            screen.Line($"It is a further terminal of {first} and shares its list.");
        }

        screen.Table(
            "Nobody else may do anything.",
            ["IDENTITY", "ROLE", "GRANTED BY", "SINCE"],
            access.Entries.Select(entry => (string[])[entry.Identity, entry.Role, entry.GrantedBy, Screen.Time(entry.GrantedAt)]));
        if (access.Sources.Count > 0)
        {
            screen.Line($"Webhook sources: {string.Join(", ", access.Sources)}");
        }
    }
}
