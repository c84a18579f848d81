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

    /// <summary>The session, <c>owner/name</c>.</summary>
    public required string To { get; init; }

    /// <summary>Where events go, and wait, while no client is attached to <see cref="To"/>.</summary>
    public string? Otherwise { get; init; }

    /// <summary>The standing instruction; null for the source's own.</summary>
    public string? Playbook { get; init; }

    /// <summary>True when the event goes on to the routes behind, and to the source's own session if none of them takes it.</summary>
    public bool Also { get; init; }

    /// <summary>True when the operator accepts that strangers may meet its conditions.</summary>
    public bool Untrusted { get; init; }

    /// <summary>The sources whose events it may take.</summary>
    public IReadOnlyList<string> Sources() => When.FirstOrDefault(condition => condition.Field == RouteFields.Source)?.Values ?? [];

    /// <summary>The sessions that it may reach.</summary>
    public IEnumerable<string> Sessions() => Otherwise is null ? [To] : [To, Otherwise];

    /// <summary>What differs from another version of the same route, by key.</summary>
    public IEnumerable<string> Differences(Route other)
    {
        var when = When.OrderBy(condition => condition.Field, StringComparer.Ordinal).Select(condition => $"{condition}");
        (string Key, bool Same)[] keys =
        [
            ("when", when.SequenceEqual(other.When.OrderBy(condition => condition.Field, StringComparer.Ordinal).Select(condition => $"{condition}"))),
            ("to", To == other.To),
            ("otherwise", Otherwise == other.Otherwise),
            ("playbook", Playbook == other.Playbook),
            ("also", Also == other.Also),
            ("untrusted", Untrusted == other.Untrusted),
        ];
        return keys.Where(key => !key.Same).Select(key => key.Key);
    }
}

/// <summary>One field and the values of which any will do: texts, patterns with <c>*</c> and <c>?</c>, or comparisons such as <c>&gt;= 3</c>.</summary>
public sealed record RouteCondition
{
    public required string Field { get; init; }
    public required IReadOnlyList<string> Values { get; init; }

    public override string ToString() => $"{Field}: {string.Join(" or ", Values)}";
}

/// <summary>Something wrong with a list of routes: with which of them, by its place, or with the list.</summary>
public sealed record RouteFault(int? Route, string Text);
