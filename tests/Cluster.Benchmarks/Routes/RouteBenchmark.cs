using System.Diagnostics;
using Cluster.Core.Events;
using Cluster.Core.Routing;

namespace Cluster.Benchmarks.Routes;

/// <summary>Asking a thousand routes of which none takes the event, so that each is asked; the time of one question.</summary>
internal static class RouteBenchmark
{
    private const int Count = 1_000;
    private const double Promised = 100;

    public static void Run(Settings settings, Report report)
    {
        Report.Title($"routes: {Count:N0} routes, one event");
        Route[] routes = [.. Enumerable.Range(0, Count).Select(Rule)];
        var table = new RouteTable(1, routes, [new RouteReach("ci", "alice/api")]);
        var summary = new WebhookSummary
        {
            Name = "github.workflow_run",
            Branch = "release-2026.11.26-rc1",
            Fork = false,
            Trusted =
            [
                new WebhookField { Name = "repository", Text = "acme/api" },
                new WebhookField { Name = "conclusion", Text = "failure" },
                new WebhookField { Name = "run_attempt", Number = 2 },
            ],
        };
        var microseconds = Measure(table, summary, default, settings);
        report.Promise("routes match", $"{microseconds:N1} us", $"at most {Promised:N0} us", microseconds <= Promised);

        // Every second route asks the payload too; each event's is parsed once.
        var asking = new RouteTable(1, [.. routes.Select((route, i) => i % 2 == 0 ? route : Asking(route, i))], [new RouteReach("ci", "alice/api")]);
        var payload = """{"workflow_run":{"event":"push","actor":{"login":"octocat"}}}"""u8.ToArray();
        microseconds = Measure(asking, summary, payload, settings);
        report.Promise("routes match, half of them by a path", $"{microseconds:N1} us", $"at most {Promised:N0} us", microseconds <= Promised);
    }

    private static double Measure(RouteTable table, WebhookSummary summary, ReadOnlyMemory<byte> payload, Settings settings)
    {
        Measure(table, summary, payload, TimeSpan.FromSeconds(0.5));
        return Measure(table, summary, payload, TimeSpan.FromSeconds(settings.Seconds));
    }

    private static double Measure(RouteTable table, WebhookSummary summary, ReadOnlyMemory<byte> payload, TimeSpan length)
    {
        var count = 0;
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < length)
        {
            count += table.Match(RoutedEvent.Of("ci", summary, payload)).Count == 0 ? 1 : throw new InvalidOperationException("A route took the event.");
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / count;
    }

    // The path is reached by a branch that is met, and no value there is.
    private static Route Asking(Route route, int i) => route with
    {
        When = [.. route.When.SkipLast(1), new RouteCondition { Field = "$.workflow_run.actor.login", Values = [$"octo*-{i}"] }],
        Untrusted = true,
    };

    // Every condition but the last is met, and the last is a pattern.
    private static Route Rule(int i) => new()
    {
        Name = $"route-{i}",
        When =
        [
            new RouteCondition { Field = "source", Values = ["ci"] },
            new RouteCondition { Field = "type", Values = ["check_run", "workflow_run"] },
            new RouteCondition { Field = "conclusion", Values = ["failure"] },
            new RouteCondition { Field = "run_attempt", Values = [">= 2"] },
            new RouteCondition { Field = "branch", Values = [$"release-*-rc{i + 2}"] },
        ],
        To = "alice/api",
    };
}
