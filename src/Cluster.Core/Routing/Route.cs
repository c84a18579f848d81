using System.Text.Json.Serialization;

namespace Cluster.Core.Routing;

/// <summary>A rule of the operator's: events that meet every condition go to its session.</summary>
public sealed record Route
{
    /// <summary>Routes of one person at the most.</summary>
    public const int Most = 1_000;

    /// <summary>Characters of a playbook.</summary>
    public const int MaxPlaybookLength = 4_000;

    public required string Name { get; init; }

    /// <summary>All of them must be met. One of them names the sources.</summary>
    public required IReadOnlyList<RouteCondition> When { get; init; }

    /// <summary>The session, <c>owner/name</c>; null where <see cref="Repository"/> says which.</summary>
    public string? To { get; init; }

    /// <summary>The repository whose live session it is, <c>owner/name</c> as its platform writes it, or <c>*</c> for the one that the event is about.</summary>
    public string? Repository { get; init; }

    /// <summary>The session where events go, and wait, while no client is attached to the first.</summary>
    public string? Otherwise { get; init; }

    /// <summary>How long events wait while no client is attached; null for as long as everything waits.</summary>
    public TimeSpan? Queue { get; init; }

    /// <summary>What makes one message of many events.</summary>
    public RouteFold? Fold { get; init; }

    /// <summary>True when its events go before what else waits.</summary>
    public bool Urgent { get; init; }

    /// <summary>Accounts that are told too, without any session: <c>telegram:1234</c>.</summary>
    public IReadOnlyList<string> Notify { get; init => field = value ?? []; } = []; // routes that an earlier version stored have none

    /// <summary>When its events wake nobody.</summary>
    public RouteQuiet? Quiet { get; init; }

    /// <summary>Who comes next while an event stays unreceived.</summary>
    public RouteEscalation? Escalate { get; init; }

    /// <summary>The standing instruction; null for the source's own.</summary>
    public string? Playbook { get; init; }

    /// <summary>True when the event goes on to the routes behind, and to the source's own session if none of them takes it.</summary>
    public bool Also { get; init; }

    /// <summary>True when the operator accepts that strangers may meet its conditions.</summary>
    public bool Untrusted { get; init; }

    /// <summary>The sources whose events it may take.</summary>
    public IReadOnlyList<string> Sources() => When.FirstOrDefault(condition => condition.Field == RouteFields.Source)?.Values ?? [];

    /// <summary>The sessions that it names.</summary>
    public IEnumerable<string> Sessions() => new[] { To, Otherwise, Escalate?.To }.OfType<string>().Distinct();

    /// <summary>Whether its events are looked after beside their delivery.</summary>
    [JsonIgnore]
    public bool Watches => Notify.Count > 0 || Escalate is not null;

    /// <summary>Where it sends, in words.</summary>
    [JsonIgnore]
    public string Target => To ?? (Repository == "*" ? "the event's repository" : $"repository {Repository}");

    /// <summary>What differs from another version of the same route, by key.</summary>
    public IEnumerable<string> Differences(Route other)
    {
        var when = When.OrderBy(condition => condition.Field, StringComparer.Ordinal).Select(condition => $"{condition}");
        (string Key, bool Same)[] keys =
        [
            ("when", when.SequenceEqual(other.When.OrderBy(condition => condition.Field, StringComparer.Ordinal).Select(condition => $"{condition}"))),
            ("to", To == other.To && Repository == other.Repository),
            ("otherwise", Otherwise == other.Otherwise && Queue == other.Queue),
            ("playbook", Playbook == other.Playbook),
            ("also", Also == other.Also),
            ("untrusted", Untrusted == other.Untrusted),
            ("fold", $"{Fold}" == $"{other.Fold}"),
            ("priority", Urgent == other.Urgent),
            ("notify", Notify.SequenceEqual(other.Notify)),
            ("quiet", Quiet == other.Quiet),
            ("escalate", $"{Escalate}" == $"{other.Escalate}"),
        ];
        return keys.Where(key => !key.Same).Select(key => key.Key);
    }
}

/// <summary>Makes one message of the events that come close together and have these fields in common.</summary>
public sealed record RouteFold
{
    /// <summary>Shortest <see cref="Within"/>.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>Longest <see cref="AtMost"/>.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>The fields; of them an event may lack some.</summary>
    public required IReadOnlyList<string> By { get; init; }

    /// <summary>Each event keeps the fold open for this long.</summary>
    public required TimeSpan Within { get; init; }

    /// <summary>From its first event on it is open for this long and no longer.</summary>
    public required TimeSpan AtMost { get; init; }

    public override string ToString() => $"{string.Join(", ", By)} within {Duration.Write(Within)}, at most {Duration.Write(AtMost)}";
}

/// <summary>Hours of every day, by the clock of a place, in which events wake nobody.</summary>
public sealed record RouteQuiet
{
    public required TimeOnly From { get; init; }
    public required TimeOnly To { get; init; }

    /// <summary>IANA time zone: <c>Europe/Berlin</c>.</summary>
    public required string Zone { get; init; }

    /// <summary>True when events are only recorded then; false when they wait for the end.</summary>
    public bool Filter { get; init; }

    /// <summary>When the quiet hours end in which <paramref name="now"/> falls; null outside of them.</summary>
    public DateTimeOffset? EndOf(DateTimeOffset now)
    {
        // A node whose system does not know the zone tells at once rather than never.
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(Zone, out var zone))
        {
            return null;
        }

        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone).DateTime);
        DateTimeOffset? quietUntil = null;
        foreach (var day in new[] { today.AddDays(-1), today })
        {
            var begin = Moment(zone, day.ToDateTime(From), later: false);
            var end = Moment(zone, (From < To ? day : day.AddDays(1)).ToDateTime(To), later: true);
            quietUntil = begin <= now && now < end ? end : quietUntil;
        }

        return quietUntil;
    }

    // Where the clocks are put back there are two such moments, and where they are put forward it is the first one after.
    private static DateTimeOffset Moment(TimeZoneInfo zone, DateTime local, bool later)
    {
        while (zone.IsInvalidTime(local))
        {
            local = local.AddMinutes(15);
        }

        return new DateTimeOffset(local, !zone.IsAmbiguousTime(local) ? zone.GetUtcOffset(local)
            : later ? zone.GetAmbiguousTimeOffsets(local).Min() : zone.GetAmbiguousTimeOffsets(local).Max());
    }
}

/// <summary>Who is told when an event has not reached its session after a while.</summary>
public sealed record RouteEscalation
{
    public required TimeSpan After { get; init; }

    /// <summary>The session that gets it then; null for none.</summary>
    public string? To { get; init; }

    /// <summary>Accounts that are told then.</summary>
    public IReadOnlyList<string> Notify { get; init => field = value ?? []; } = [];

    public override string ToString() => $"after {Duration.Write(After)}: {To} {string.Join(", ", Notify)}";
}

/// <summary>One field and the values of which any will do: texts, patterns with <c>*</c> and <c>?</c>, or comparisons such as <c>&gt;= 3</c>.</summary>
public sealed record RouteCondition
{
    public required string Field { get; init; }
    public required IReadOnlyList<string> Values { get; init; }

    public override string ToString() => $"{Field}: {string.Join(" or ", Values)}";
}

/// <summary>Something wrong with a list of routes.</summary>
/// <param name="Route">With which of them, by its place; null for the list.</param>
/// <param name="Text">What.</param>
/// <param name="Part">In which of its parts: a key, or a key within a key, such as <c>fold.by</c>; null for the whole route.</param>
public sealed record RouteFault(int? Route, string Text, string? Part = null);
