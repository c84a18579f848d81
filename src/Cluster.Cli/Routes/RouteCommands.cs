using System.CommandLine;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;
using Cluster.Core;
using Cluster.Core.Api;

namespace Cluster.Cli.Routes;

/// <summary><c>cluster routes</c>: which session gets which webhook event, by rules in one file.</summary>
internal static class RouteCommands
{
    public static Command Create(NodeOptions node) => new("routes", "Which session gets which webhook event, by rules in one file.")
    {
        Apply(node),
        Export(node),
        List(node),
        Test(node),
    };

    private static Command Apply(NodeOptions node)
    {
        var file = new Argument<string>("FILE") { Description = "A YAML file with all your routes; - reads standard input." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only show what would change." };
        return new Command("apply", "Make the routes in a file your routes, all at once.") { file, dryRun }.Calls(node, async call =>
        {
            var yaml = await ReadAsync(call.Get(file), call.Ct);
            var seen = await PutAsync(call, yaml, dryRun: true);
            if (seen.Value.Faults.Count > 0)
            {
                call.Show(seen, answer =>
                {
                    foreach (var fault in answer.Faults)
                    {
                        call.Screen.Line($"{call.Get(file)}:{fault.Line}: {fault.Text}");
                    }
                });
                throw new CommandFailure($"The file has {(seen.Value.Faults.Count == 1 ? "one fault" : $"{seen.Value.Faults.Count} faults")}; nothing was changed.");
            }

            var reply = call.Get(dryRun) ? seen : await PutAsync(call, yaml, dryRun: false);
            call.Show(reply, answer =>
            {
                foreach (var line in answer.Changes)
                {
                    call.Screen.Line(line);
                }

                foreach (var line in answer.Ending)
                {
                    call.Screen.Line(line);
                }

                call.Screen.Line(answer.Changes.Count == 0 ? "Your routes are so already." : answer.Applied ? "Applied." : "Nothing was changed; this was a dry run.");
            });
        });
    }

    private static Command Export(NodeOptions node) =>
        new Command("export", "Print your routes as a file that can be applied.").Calls(node, async call =>
            call.Show(
                await call.Node.GetAsync("api/routes", ApiJson.Default.RouteList, call.Ct),
                routes => call.Parsed.InvocationConfiguration.Output.Write(routes.Yaml)));

    private static Command List(NodeOptions node) =>
        new Command("list", "List your routes in their order.").Calls(node, async call =>
            call.Show(
                await call.Node.GetAsync("api/routes", ApiJson.Default.RouteList, call.Ct),
                list => call.Screen.Table(
                    "No routes; every source's events go to its own session. `cluster routes apply FILE` makes some.",
                    ["NAME", "WHEN", "TO", "OTHERWISE", "ALSO"],
                    list.Routes.Select(route => (string[])
                    [
                        route.Name, string.Join(", ", route.When), route.Target, route.Otherwise ?? (route.Queue is { } queue ? $"queue {Duration.Write(queue)}" : "-"), route.Also ? "yes" : "-",
                    ]))));

    private static Command Test(NodeOptions node)
    {
        var what = new Argument<string>("EVENT|FILE") { Description = "The id of an event that came, or a delivery's JSON body; - reads standard input." };
        var source = new Option<string>("--source") { Description = "The source that a file would come from.", HelpName = "NAME" };
        var name = new Option<string>("--event") { Description = "The event's name, where the sender puts it into a header: check_run.", HelpName = "NAME" };
        return new Command("test", "Explain which route would take a delivery, and why the others would not. Nothing is sent.") { what, source, name }.Calls(node, async call =>
        {
            var text = call.Get(what);
            var request = call.Get(source) is { } from ? new TestRoutes { Source = from, Event = call.Get(name), Payload = await ReadAsync(text, call.Ct) }
                : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? new TestRoutes { EventId = id }
                : throw new CommandFailure($"'{text}' is no event's id. For a file, say which source it would come from: --source NAME.");
            call.Show(
                await call.Node.PostAsync("api/routes/test", request, ApiJson.Default.TestRoutes, ApiJson.Default.RoutesTest, call.Ct),
                test => Show(call.Screen, test));
        });
    }

    private static void Show(Screen screen, RoutesTest test)
    {
        screen.Line(test.Event);
        if (test.Read == "summary")
        {
            screen.Line("Its payload is not kept, so this is by its summary: branch, fork and JSON paths are not known.");
        }

        foreach (var (field, value) in test.Fields.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            screen.Line($"  {field}: {value}");
        }

        foreach (var route in test.Routes)
        {
            screen.Line($"{(route.Takes ? "takes it" : "does not")}  {route.Route}: {route.Reason}");
        }

        foreach (var target in test.Targets)
        {
            screen.Line($"It would go to {target.Session}, {(target.Route is { } route ? $"by route {route}" : "the source's own session")}{(target.Why is { } why ? $": {why}" : "")}.");
        }

        if (test.FilterReason is { } reason)
        {
            screen.Line($"It would be recorded there and wake nobody: {reason}.");
        }
    }

    private static Task<Reply<RoutesAnswer>> PutAsync(ApiCall call, string yaml, bool dryRun)
    {
        var body = new StringContent(yaml, Encoding.UTF8);
        body.Headers.ContentType = new MediaTypeHeaderValue("text/yaml", "utf-8");
        return call.Node.SendAsync(HttpMethod.Put, $"api/routes{(dryRun ? "?dryRun=true" : "")}", body, ApiJson.Default.RoutesAnswer, call.Ct);
    }

    private static async Task<string> ReadAsync(string path, CancellationToken ct)
    {
        try
        {
            return path == "-" ? await Console.In.ReadToEndAsync(ct) : await File.ReadAllTextAsync(path, ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure($"The file {path} cannot be read: {e.Message}");
        }
    }
}
