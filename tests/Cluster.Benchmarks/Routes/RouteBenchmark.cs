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
        Measure(table, summary, TimeSpan.FromSeconds(0.5));
        var microseconds = Measure(table, summary, TimeSpan.FromSeconds(settings.Seconds));
        report.Promise("routes match", $"{microseconds:N1} us", $"at most {Promised:N0} us", microseconds <= Promised);
    }

    private static double Measure(RouteTable table, WebhookSummary summary, TimeSpan length)
    {
        var count = 0;
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < length)
        {
            count += table.Match(RoutedEvent.Of("ci", summary)).Count == 0 ? 1 : throw new InvalidOperationException("A route took the event.");
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / count;
    }

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
