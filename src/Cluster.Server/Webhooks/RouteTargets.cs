using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Routes;
using Cluster.Storage.Sources;
using Route = Cluster.Core.Routing.Route;

namespace Cluster.Server.Webhooks;

/// <summary>The session that a route chooses for one event.</summary>
/// <param name="Session">The session.</param>
/// <param name="Why">In words that stand behind a colon, for all who may watch the session; null where the route leaves no choice.</param>
internal readonly record struct RouteChoice(SessionId Session, string? Why)
{
    /// <summary>The same with the names of other sessions: for the owner of the routes alone.</summary>
    public string? InFull { get; init; } = Why;

    /// <summary>Where it works, if it was chosen for that.</summary>
    public string? Place { get; init; }
}

/// <summary>Chooses the session of a route: the one that it names, or one that works on its repository, or the one that stands in.</summary>
internal sealed partial class RouteTargets(RouteStore routes, ILogger<RouteTargets> logger)
{
    private const int MaxNote = 500; // characters

    /// <param name="route">A route that takes the event.</param>
    /// <param name="version">Of the routes.</param>
    /// <param name="source">The event's source.</param>
    /// <param name="routed">The event.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<RouteChoice> ChooseAsync(Route route, long version, Source source, RoutedEvent routed, CancellationToken ct)
    {
        if (route.Repository is { } repository)
        {
            return await ChooseAsync(route, RoutePlaces.Of(repository, routed), version, source, routed, ct);
        }

        if (route.Otherwise is not { } otherwise)
        {
            return new RouteChoice(SessionId.Parse(route.To!), null);
        }

        return await routes.IsAttachedAsync(route.To!, ct)
            ? new RouteChoice(SessionId.Parse(route.To!), $"{route.To} is attached")
            : new RouteChoice(SessionId.Parse(otherwise), "the route's first session is not attached") { InFull = $"{route.To} is not attached" };
    }

    /// <summary>Writes down why an event went where it went. It is in already, so nothing here may change its answer or hold it up for long.</summary>
    public async Task NoteAsync(long eventId, Route route, string why)
    {
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            var note = $"route {route.Name}: {why}";
            await routes.NoteAsync(eventId, note.Length <= MaxNote ? note : note[..MaxNote], patience.Token);
        }
        catch (Exception e)
        {
            LogNotNoted(e, eventId, route.Name);
        }
    }

    private async Task<RouteChoice> ChooseAsync(Route route, string? place, long version, Source source, RoutedEvent routed, CancellationToken ct)
    {
        var branch = routed.Values.GetValueOrDefault(RouteFields.Branch);
        var workers = place is null ? [] : await routes.WorkersAsync(place, branch, source.Name, source.Owner, version, ct);
        if (Worker.Live(workers, branch) is { } live)
        {
            return Working(live, workers, place!);
        }

        var nobody = place is null ? "the event does not say which repository it is about, and on which host"
            : workers.Count > 0 ? $"nobody who works on {place} is attached"
            : $"no session works on {place}";
        if (route.Otherwise is { } otherwise)
        {
            return new RouteChoice(SessionId.Parse(otherwise), nobody);
        }

        return Worker.Last(workers) is { } last
            ? Working(last, workers, place!)
            : new RouteChoice(source.Session, $"{nobody}; it waits at the source's own session");
    }

    private static RouteChoice Working(Worker chosen, IReadOnlyList<Worker> workers, string place) =>
        new(SessionId.Parse(chosen.Session), Worker.Explain(chosen, workers, place, names: false))
        {
            InFull = Worker.Explain(chosen, workers, place, names: true),
            Place = place,
        };

    [LoggerMessage(LogLevel.Warning, "Why event {Event} was taken by route {Route} as it was is not written down.")]
    private partial void LogNotNoted(Exception exception, long @event, string route);
}
