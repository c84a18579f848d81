namespace Cluster.Core.Routing;

/// <summary>Which repository a route means. A repository is told by its host too, so that nobody gets the events of one by making another of its name elsewhere.</summary>
public static class RoutePlaces
{
    /// <summary>In a route: the repository that the event is about.</summary>
    public const string OfEvent = "*";

    /// <summary>The place that a route means for an event, as <see cref="Sessions.Workplace.Place"/> has it; null when the event does not tell it.</summary>
    public static string? Of(string repository, RoutedEvent routed) =>
        repository == OfEvent ? routed.Place
        : HasHost(repository) ? repository.ToLowerInvariant()
        : routed.Host is { } host ? $"{host}/{repository}".ToLowerInvariant()
        : null;

    /// <summary>Whether a route may mean this place, whatever event comes.</summary>
    public static bool Covers(string repository, string place) =>
        repository == OfEvent
        || repository.Equals(HasHost(repository) ? place : place[(place.IndexOf('/', StringComparison.Ordinal) + 1)..], StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a route says the host itself: its first part has a dot, and owner and name follow.</summary>
    public static bool HasHost(string repository) =>
        repository.Split('/') is { Length: >= 3 } parts && parts[0].Contains('.', StringComparison.Ordinal);
}
