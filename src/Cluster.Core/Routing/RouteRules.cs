using System.Text.RegularExpressions;
using Cluster.Core.Sessions;

namespace Cluster.Core.Routing;

/// <summary>What routes may say. All faults are found at once.</summary>
public static partial class RouteRules
{
    /// <summary>Values of one condition.</summary>
    public const int MostValues = 50;

    private const int MaxValueLength = 200;

    public static IReadOnlyList<RouteFault> Check(IReadOnlyList<Route> routes)
    {
        var faults = new List<RouteFault>();
        if (routes.Count > Route.Most)
        {
            faults.Add(new RouteFault(null, $"There are {routes.Count:N0} routes; {Route.Most:N0} are the most."));
        }

        var names = new HashSet<string>();
        for (var i = 0; i < routes.Count; i++)
        {
            if (!names.Add(routes[i].Name))
            {
                faults.Add(new RouteFault(i, $"A route before this one is named '{routes[i].Name}' too; each needs a name of its own."));
            }

            var place = i;
            faults.AddRange(Check(routes[i]).Select(text => new RouteFault(place, text)));
        }

        return faults;
    }

    /// <summary>What is wrong with one condition, or null.</summary>
    public static string? Fault(RouteCondition condition, bool untrusted)
    {
        var (field, values) = (condition.Field, condition.Values);
        if (!RouteFields.IsPlatformMade(field))
        {
            if (!RouteFields.IsWritable(field))
            {
                return $"No event has a field '{field}'. {Nearest.Of(field, [.. RouteFields.Normalized, .. RouteFields.Trusted, .. RouteFields.Untrusted])}";
            }

            if (!untrusted)
            {
                return $"Strangers can write '{field}'. If they may choose who gets their events, add 'untrusted: true' to the route.";
            }
        }

        if (values.Count is 0 or > MostValues)
        {
            return $"The condition '{field}' has {values.Count} values; 1 to {MostValues} are allowed.";
        }

        return values.Select(value => Fault(field, value)).FirstOrDefault(fault => fault is not null);
    }

    private static string? Fault(string field, string value) =>
        value.Length is 0 or > MaxValueLength || value.Any(char.IsControl) ? $"A value of '{field}' has 1 to {MaxValueLength} characters on one line."
        : field == RouteFields.Source && !Slug.IsValid(value) ? $"'{value}' is no source's name; name each source that the route is for."
        : field == RouteFields.Fork && value is not ("true" or "false") ? $"'fork' is true or false, not '{value}'."
        : ValueTest.Read(value) is null ? $"'{value}' is no comparison; write one such as '>= 3'."
        : null;

    private static IEnumerable<string> Check(Route route)
    {
        if (!Slug.IsValid(route.Name))
        {
            yield return $"A route's name is {Slug.Expected}; '{route.Name}' is not.";
        }

        if (!route.When.Any(condition => condition.Field == RouteFields.Source))
        {
            yield return "The route does not say whose events it is for; add 'source: NAME' to its 'when'.";
        }

        if (route.Playbook is { Length: > Route.MaxPlaybookLength } playbook)
        {
            yield return $"The playbook has {playbook.Length:N0} characters; {Route.MaxPlaybookLength:N0} are the most.";
        }

        foreach (var session in route.Sessions().Where(session => !SessionText().IsMatch(session)))
        {
            yield return $"'{session}' is no session; write owner/name.";
        }
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]{0,62}/[a-z0-9][a-z0-9._-]{0,62}\z")]
    private static partial Regex SessionText();
}
