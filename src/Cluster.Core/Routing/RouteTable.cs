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
    private readonly JsonPath?[] _paths;
    private readonly List<Test> _tests = [];
    private readonly Ready[] _routes;
    private readonly FrozenSet<RouteReach> _reach;
    private readonly FrozenSet<string> _standing; // sources; one for whose repositories routes stand has some way at least

    /// <param name="version">Grows with every change of the routes.</param>
    /// <param name="routes">Without faults, in their order.</param>
    /// <param name="reach">What the allowlists of the sessions say of them; a route beyond it is not in force.</param>
    public RouteTable(long version, IReadOnlyList<Route> routes, IEnumerable<RouteReach> reach)
    {
        Version = version;
        _reach = reach.ToFrozenSet();
        _standing = _reach.Select(one => one.Source).ToFrozenSet();
        _fields = [.. routes.SelectMany(route => route.When).Select(condition => condition.Field).Distinct()];
        _paths = Array.ConvertAll(_fields, field => JsonPath.IsMeant(field) ? JsonPath.Read(field) : null);

        // Many routes have conditions in common; each is asked once per event.
        var places = new Dictionary<string, int>();
        _routes = [.. routes.Select(route =>
        {
            // Paths last: the payload is parsed only for a route that everything else leads to.
            RouteCondition[] when = [.. route.When.OrderBy(condition => JsonPath.IsMeant(condition.Field))];
            return new Ready(route, when, Array.ConvertAll(when, condition => Place(places, condition, route.Untrusted)));
        })];
    }

    public static RouteTable Empty { get; } = new(0, [], []);

    public long Version { get; }

    public IEnumerable<Route> Routes => _routes.Select(ready => ready.Route);

    /// <summary>The routes that take an event: any number that say <c>also</c>, and behind them one that does not, if there is one.</summary>
    public IReadOnlyList<Route> Match(RoutedEvent routed)
    {
        List<Route>? taken = null;
        var asked = Ask(routed);
        foreach (var ready in _routes)
        {
            if (Unmet(ready, asked) < 0 && InForce(ready.Route, routed))
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
        var asked = Ask(routed);
        Route? before = null;
        return [.. _routes.Select(ready =>
        {
            var verdict = Judge(ready, asked, routed, before);
            before ??= verdict.Takes && !ready.Route.Also ? ready.Route : null;
            return verdict;
        })];
    }

    private RouteVerdict Judge(Ready ready, Asked asked, RoutedEvent routed, Route? before)
    {
        var unmet = Unmet(ready, asked);
        if (unmet >= 0)
        {
            var slot = _tests[ready.Tests[unmet]].Slot;
            var wanted = string.Join(" or ", ready.When[unmet].Values);
            return new RouteVerdict(ready.Route, false, asked.Value(slot, ready.Route.Untrusted) is { } value
                ? $"{_fields[slot]} is {value}, not {wanted}"
                : !ready.Route.Untrusted && asked.Value(slot, untrusted: true) is not null
                    ? $"strangers can write {_fields[slot]}; if they may choose who gets their events, add 'untrusted: true' to the route"
                : _fields[slot] is RouteFields.Branch or RouteFields.Fork
                    ? $"the event does not prove its {_fields[slot]}; {wanted} is wanted"
                    : JsonPath.IsMeant(_fields[slot]) && !routed.HasPayload ? $"the event's payload is not kept, so its {_fields[slot]} is not known; {wanted} is wanted"
                    : $"the event has no {_fields[slot]}; {wanted} is wanted");
        }

        return !InForce(ready.Route, routed)
                ? new RouteVerdict(ready.Route, false, $"source {routed.Source} has no way to its session any more; apply the routes again")
            : before is not null ? new RouteVerdict(ready.Route, false, $"{before.Name} comes first")
            : new RouteVerdict(ready.Route, true, ready.Route.Also ? "every condition is met; the routes behind are asked too" : "every condition is met");
    }

    private Asked Ask(RoutedEvent routed) => new(_tests, _fields, _paths, routed);

    private bool InForce(Route route, RoutedEvent routed) =>
        (route.Repository is null || _standing.Contains(routed.Source)) && route.Sessions().All(session => _reach.Contains(new RouteReach(routed.Source, session)));

    private static int Unmet(Ready ready, Asked asked)
    {
        for (var i = 0; i < ready.Tests.Length; i++)
        {
            if (!asked.Meets(ready.Tests[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private int Place(Dictionary<string, int> places, RouteCondition condition, bool untrusted)
    {
        var text = $"{untrusted}\n{condition.Field}\n{string.Join('\n', condition.Values)}";
        if (!places.TryGetValue(text, out var place))
        {
            places[text] = place = _tests.Count;
            _tests.Add(Compile(condition, untrusted));
        }

        return place;
    }

    private Test Compile(RouteCondition condition, bool untrusted) =>
        new(Array.IndexOf(_fields, condition.Field), untrusted, [.. condition.Values.Select(value => ValueTest.Read(value) ?? ValueTest.Never)]); // a newer node may know more

    private sealed record Ready(Route Route, RouteCondition[] When, int[] Tests);

    /// <summary>What one event answers to the conditions, as far as they were asked.</summary>
    private sealed class Asked(List<Test> tests, string[] fields, JsonPath?[] paths, RoutedEvent routed)
    {
        private readonly sbyte[] _answers = new sbyte[tests.Count];
        private readonly bool[] _walked = new bool[paths.Length];
        private readonly string?[] _found = new string?[paths.Length];

        public string? Value(int slot, bool untrusted)
        {
            if (paths[slot] is not { } path)
            {
                return routed.Value(fields[slot], untrusted);
            }

            if (!_walked[slot])
            {
                _walked[slot] = true;
                _found[slot] = routed.Find(path);
            }

            return _found[slot];
        }

        public bool Meets(int place)
        {
            if (_answers[place] == 0)
            {
                var test = tests[place];
                _answers[place] = (sbyte)(Value(test.Slot, test.Untrusted) is { } value && test.Passes(value) ? 1 : -1);
            }

            return _answers[place] > 0;
        }
    }

    private sealed record Test(int Slot, bool Untrusted, ValueTest[] Values)
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
