using System.Collections.Frozen;

namespace Cluster.Core.Routing;

/// <summary>A source that may put events into a session by a route.</summary>
public readonly record struct RouteReach(string Source, string Session);

/// <summary>What one route says to an event, and why.</summary>
public sealed record RouteVerdict(Route Route, bool Takes, string Reason);

/// <summary>One person's routes, ready to be asked.</summary>
public sealed class RouteTable
{
    private readonly string[] _fields;
    private readonly Ready[] _routes;
    private readonly FrozenSet<RouteReach> _reach;

    /// <param name="version">Grows with every change of the routes.</param>
    /// <param name="routes">Without faults, in their order.</param>
    /// <param name="reach">What the allowlists of the sessions say of them; a route beyond it is not in force.</param>
    public RouteTable(long version, IReadOnlyList<Route> routes, IEnumerable<RouteReach> reach)
    {
        Version = version;
        _reach = reach.ToFrozenSet();
        _fields = [.. routes.SelectMany(route => route.When).Select(condition => condition.Field).Distinct()];
        _routes = [.. routes.Select(route => new Ready(route, [.. route.When.Select(Compile)]))];
    }

    public static RouteTable Empty { get; } = new(0, [], []);

    public long Version { get; }

    public IEnumerable<Route> Routes => _routes.Select(ready => ready.Route);

    /// <summary>The routes that take an event: any number that say <c>also</c>, and behind them one that does not, if there is one.</summary>
    public IReadOnlyList<Route> Match(RoutedEvent routed)
    {
        List<Route>? taken = null;
        var values = Values(routed);
        foreach (var ready in _routes)
        {
            if (Unmet(ready, values) < 0 && InForce(ready.Route, routed))
            {
                (taken ??= []).Add(ready.Route);
                if (!ready.Route.Also)
                {
                    break;
                }
            }
        }

        return taken ?? (IReadOnlyList<Route>)[];
    }

    /// <summary>What each route says to an event, in their order.</summary>
    public IReadOnlyList<RouteVerdict> Explain(RoutedEvent routed)
    {
        var values = Values(routed);
        Route? before = null;
        return [.. _routes.Select(ready =>
        {
            var verdict = Judge(ready, values, routed, before);
            before ??= verdict.Takes && !ready.Route.Also ? ready.Route : null;
            return verdict;
        })];
    }

    private RouteVerdict Judge(Ready ready, string?[] values, RoutedEvent routed, Route? before)
    {
        var unmet = Unmet(ready, values);
        if (unmet >= 0)
        {
            var test = ready.Tests[unmet];
            var wanted = string.Join(" or ", ready.Route.When[unmet].Values);
            return new RouteVerdict(ready.Route, false, values[test.Slot] is { } value
                ? $"{_fields[test.Slot]} is {value}, not {wanted}"
                : _fields[test.Slot] is RouteFields.Branch or RouteFields.Fork
                    ? $"the event does not prove its {_fields[test.Slot]}; {wanted} is wanted"
                    : $"the event has no {_fields[test.Slot]}; {wanted} is wanted");
        }

        return !InForce(ready.Route, routed)
                ? new RouteVerdict(ready.Route, false, $"source {routed.Source} has no way to its session any more; apply the routes again")
            : before is not null ? new RouteVerdict(ready.Route, false, $"{before.Name} comes first")
            : new RouteVerdict(ready.Route, true, ready.Route.Also ? "every condition is met; the routes behind are asked too" : "every condition is met");
    }

    // The values of the fields that this table asks for, each looked up once per event and not once per route.
    private string?[] Values(RoutedEvent routed) => Array.ConvertAll(_fields, field => routed.Values.GetValueOrDefault(field));

    private bool InForce(Route route, RoutedEvent routed) =>
        route.Sessions().All(session => _reach.Contains(new RouteReach(routed.Source, session)));

    private static int Unmet(Ready ready, string?[] values)
    {
        for (var i = 0; i < ready.Tests.Length; i++)
        {
            if (values[ready.Tests[i].Slot] is not { } value || !ready.Tests[i].Passes(value))
            {
                return i;
            }
        }

        return -1;
    }

    private Test Compile(RouteCondition condition) =>
        new(Array.IndexOf(_fields, condition.Field), [.. condition.Values.Select(value => ValueTest.Read(value) ?? ValueTest.Never)]); // a newer node may know more

    private sealed record Ready(Route Route, Test[] Tests);

    private sealed record Test(int Slot, ValueTest[] Values)
    {
        public bool Passes(string value)
        {
            foreach (var one in Values)
            {
                if (one.Passes(value))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
