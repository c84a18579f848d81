using System.Text.RegularExpressions;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Core.Webhooks.Facts;

namespace Cluster.Core.Routing;

/// <summary>What routes may say. All faults are found at once.</summary>
public static partial class RouteRules
{
    /// <summary>Values of one condition.</summary>
    public const int MostValues = 50;

    private const int MaxValueLength = 200;
    private const int MostFields = 5;
    private const int MostTold = 20;

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
            if (routes[i].Name.Length > 0 && !names.Add(routes[i].Name))
            {
                faults.Add(new RouteFault(i, $"A route before this one is named '{routes[i].Name}' too; each needs a name of its own.", "name"));
            }

            var place = i;
            faults.AddRange(Check(routes[i]).Select(fault => new RouteFault(place, fault.Text, fault.Part)));
        }

        return faults;
    }

    /// <summary>What is wrong with one value of a condition, or null.</summary>
    public static string? Fault(string field, string value) =>
        value.Length is 0 or > MaxValueLength || value.Any(char.IsControl) ? $"A value of '{field}' has 1 to {MaxValueLength} characters on one line."
        : field == RouteFields.Source && !Slug.IsValid(value) ? $"'{value}' is no source's name; name each source that the route is for."
        : field == RouteFields.Fork && value is not ("true" or "false") ? $"'fork' is true or false, not '{value}'."
        : ValueTest.Read(value) is null ? $"'{value}' is no comparison; write one such as '>= 3'."
        : null;

    /// <summary>What is wrong with a condition, whatever its values, or null.</summary>
    /// <param name="field">Its field.</param>
    /// <param name="values">How many values it has.</param>
    /// <param name="untrusted">Whether strangers may meet it.</param>
    public static string? Fault(string field, int values, bool untrusted)
    {
        if (JsonPath.IsMeant(field))
        {
            if (JsonPath.Read(field) is null)
            {
                return $"'{HostileText.Cut(field, MaxValueLength)}' is no path into the payload; write {JsonPath.Expected}.";
            }

            if (!untrusted)
            {
                return $"'{field}' is read from the payload, where strangers may have written it. If they may choose who gets their events, add 'untrusted: true' to the route.";
            }
        }
        else if (!RouteFields.IsPlatformMade(field))
        {
            if (!RouteFields.IsWritable(field))
            {
                return $"No event has a field '{field}'. {Nearest.Of(field, [.. RouteFields.Normalized, .. RouteFields.Trusted, .. RouteFields.Untrusted])}";
            }

            if (!untrusted)
            {
                return StrangersCanWrite(field);
            }
        }

        return values is 0 or > MostValues ? $"The condition '{field}' has {values} values; 1 to {MostValues} are allowed." : null;
    }

    /// <summary>What is wrong with a route's conditions and its fold, once it is known of which kind a source is: what a platform makes at one kind of
    /// sender, anybody may write at another.</summary>
    /// <param name="route">A route that names the source.</param>
    /// <param name="source">The source.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="hasHosts">Whether the operator said on which hosts its sender is.</param>
    /// <returns>The fields, as parts of the route, and what is wrong.</returns>
    public static IEnumerable<(string Part, string Text)> Writable(Route route, string source, string kind, bool hasHosts)
    {
        foreach (var field in route.When.Select(condition => condition.Field).Where(field => !route.Untrusted && IsMixed(route, field, kind, hasHosts)))
        {
            yield return ($"{ConditionPart}{field}", $"In events of source '{source}' ({kind}) strangers can write '{field}'. {IfTheyMay}");
        }

        foreach (var field in (route.Fold?.By ?? []).Where(field => IsMixed(route, field, kind, hasHosts)))
        {
            yield return ("fold.by", $"In events of source '{source}' ({kind}) strangers can write '{field}', so they could hide an event in a fold.");
        }
    }

    /// <summary>Conditions that no event of a route's sources can ever meet.</summary>
    /// <param name="route">The route.</param>
    /// <param name="sources">The names and kinds of all of its sources.</param>
    /// <returns>The fields, as parts of the route, and what is wrong.</returns>
    public static IEnumerable<(string Part, string Text)> NeverMet(Route route, IReadOnlyList<(string Name, string Kind)> sources)
    {
        if (sources.Count == 0)
        {
            yield break;
        }

        var whose = $"source{(sources.Count == 1 ? "" : "s")} {string.Join(", ", sources.Select(source => $"'{source.Name}' ({source.Kind})"))}";
        foreach (var condition in route.When.Where(condition => !IsFault(condition) && !sources.Any(source => MayBeMet(route, condition, source.Kind))))
        {
            var any = condition with { Values = ["*"] };
            yield return ($"{ConditionPart}{condition.Field}",
                sources.Any(source => MayBeMet(route, any, source.Kind)) ? $"'{condition.Field}' of events of {whose} is never {string.Join(" or ", condition.Values)}, so the condition is never met."
                : sources.Any(source => MayBeMet(route with { Untrusted = true }, condition, source.Kind))
                    ? $"In events of {whose} only strangers write '{condition.Field}', so the condition is never met. {IfTheyMay}"
                : $"Events of {whose} have no '{condition.Field}', so the condition is never met. See: deploy/docs/senders.md.");
        }

        // Said already.
        bool IsFault(RouteCondition condition) =>
            Fault(condition.Field, condition.Values.Count, route.Untrusted) is not null
            || (!route.Untrusted && sources.Any(source => IsMixed(route, condition.Field, source.Kind, hasHosts: true)));
    }

    // Under any of its names. Where a branch is and whose fork, the readers of some kinds prove; no row tells it.
    private static bool MayBeMet(Route route, RouteCondition condition, string kind) =>
        JsonPath.IsMeant(condition.Field) || condition.Field switch
        {
            RouteFields.Source or RouteFields.Type => true,
            RouteFields.Branch or RouteFields.Fork => kind is "github" or "gitlab" or "bitbucket" or "circleci" or "buildkite",
            RouteFields.EventType => route.Untrusted,
            var field => (RouteFields.OtherNames.GetValueOrDefault(field) ?? []).Append(field).Any(name =>
                FactTable.MayHave(kind, Events(route), name, route.Untrusted, value => condition.Values.Any(wanted => ValueTest.Read(wanted)?.Passes(value) == true))),
        };

    // The events that a route names one by one.
    private static IReadOnlyList<string> Events(Route route)
    {
        var types = route.When.FirstOrDefault(condition => condition.Field == RouteFields.Type)?.Values ?? [];
        return types.Any(type => type.AsSpan().ContainsAny('*', '?')) ? [] : types;
    }

    /// <summary>Before a condition's field, in a fault's part.</summary>
    public const string ConditionPart = "condition:";

    private const string IfTheyMay = "If they may choose who gets their events, add 'untrusted: true' to the route.";

    private static string StrangersCanWrite(string field) => $"Strangers can write '{field}'. {IfTheyMay}";

    // What no kind makes is told without asking for the kind, and what has one meaning for all is never what anybody wrote.
    private static bool IsMixed(Route route, string field, string kind, bool hasHosts) =>
        RouteFields.IsPlatformMade(field) && !RouteFields.Normalized.Contains(field)
        && (route.When.FirstOrDefault(condition => condition.Field == RouteFields.Type)?.Values ?? []).Append("").Any(@event => FactTable.IsWritable(kind, @event, field, hasHosts));

    private static IEnumerable<(string Part, string Text)> Check(Route route)
    {
        if (!Slug.IsValid(route.Name))
        {
            yield return ("name", $"A route's name is {Slug.Expected}; '{route.Name}' is not.");
        }

        if (!route.When.Any(condition => condition.Field == RouteFields.Source))
        {
            yield return ("when.source", "The route does not say whose events it is for; add 'source: NAME' to its 'when'.");
        }

        if (route.Playbook is { Length: > Route.MaxPlaybookLength } playbook)
        {
            yield return ("playbook", $"The playbook has {playbook.Length:N0} characters; {Route.MaxPlaybookLength:N0} are the most.");
        }

        foreach (var session in route.Sessions().Where(session => !SessionText().IsMatch(session)))
        {
            yield return ("to", $"'{session}' is no session; write owner/name.");
        }

        if (route.To is null == route.Repository is null)
        {
            yield return ("to", "'to' names either a session or a repository.");
        }

        if (route.Repository is { } repository && !RepositoryText().IsMatch(repository))
        {
            yield return ("to", $"'{repository}' is no repository; write owner/name as its platform does, or '*' for the one that the event is about.");
        }

        foreach (var fault in Parts(route))
        {
            yield return fault;
        }
    }

    private static IEnumerable<(string Part, string Text)> Parts(Route route)
    {
        if (route.Queue is { } queue && (queue < TimeSpan.FromMinutes(1) || queue > DeliveryRules.KeepWaiting))
        {
            yield return ("otherwise", "'queue' is a time of 1m to 7d.");
        }

        if (route.Fold is { } fold)
        {
            if (fold.By.Count is 0 or > MostFields)
            {
                yield return ("fold.by", $"'fold' is by 1 to {MostFields} fields.");
            }

            foreach (var field in fold.By.Where(field => !RouteFields.IsPlatformMade(field)))
            {
                yield return ("fold.by", RouteFields.IsWritable(field)
                    ? $"Strangers can write '{field}', so they could hide an event in a fold; name fields that the platform makes, such as repository or head_sha."
                    : $"No event has a field '{field}'. {Nearest.Of(field, [.. RouteFields.Normalized, .. RouteFields.Trusted])}");
            }

            if (fold.Within < RouteFold.Shortest || fold.AtMost < fold.Within || fold.AtMost > RouteFold.Longest)
            {
                yield return ("fold", $"A fold is open 'within' 1s or more, and 'at_most' as long as that or longer, {Duration.Write(RouteFold.Longest)} at the most.");
            }
        }

        if (route.Quiet is { } quiet)
        {
            if (!TimeZoneInfo.TryFindSystemTimeZoneById(quiet.Zone, out _))
            {
                yield return ("quiet", $"The node knows no time zone '{quiet.Zone}'; write one such as Europe/Berlin or UTC.");
            }

            if (quiet.From == quiet.To)
            {
                yield return ("quiet", "'quiet' begins and ends at the same time; to have no events, leave the route out.");
            }
        }

        if (route.Escalate is { } escalate)
        {
            if (escalate.After < TimeSpan.FromMinutes(1) || escalate.After > TimeSpan.FromDays(1))
            {
                yield return ("escalate", "'escalate' comes 'after' 1m to 1d.");
            }

            if (escalate.To is null && escalate.Notify.Count == 0)
            {
                yield return ("escalate.who", "'escalate' names who comes next: session, notify or both.");
            }

            if (escalate.To is not null && escalate.To == route.To)
            {
                yield return ("escalate", $"'escalate' names {escalate.To}, which has the event already; name another session.");
            }
        }

        foreach (var (part, list) in new[] { ("notify", route.Notify), ("escalate", route.Escalate?.Notify ?? []) })
        {
            if (list.Count > MostTold)
            {
                yield return (part, $"'notify' has {list.Count} accounts; {MostTold} are the most.");
            }

            foreach (var account in list.Where(account => !AccountText().IsMatch(account)))
            {
                yield return (part, $"'{account}' is no account; write telegram:NUMBER or discord:NUMBER, as `cluster identities` shows them.");
            }
        }
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]{0,62}/[a-z0-9][a-z0-9._-]{0,62}\z")]
    private static partial Regex SessionText();

    [GeneratedRegex(@"\A(?:\*|[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){1,5})\z")]
    private static partial Regex RepositoryText();

    [GeneratedRegex(@"\A(?:telegram|discord):[1-9][0-9]{0,19}\z")]
    private static partial Regex AccountText();
}
