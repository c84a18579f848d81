using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Core.Webhooks;
using Cluster.Core.Webhooks.Verification;
using Cluster.Server.Routes;
using Cluster.Server.Routing;
using Cluster.Storage.Engines;
using Cluster.Storage.Routes;
using Cluster.Storage.Sources;
using Route = Cluster.Core.Routing.Route;

namespace Cluster.Server.Webhooks;

/// <summary>Where an event goes.</summary>
/// <param name="Route">By which route; null for the source's own session.</param>
/// <param name="Session">The session.</param>
/// <param name="Last">The last one has the source's own dedupe keys, which say that an event has entered everywhere; each other one has keys of
/// its session.</param>
internal sealed record Destination(Route? Route, SessionId Session, bool Last);

/// <summary>Sends a proved event by its owner's routes, and by none of them to the source's own session. It has entered only when it has entered
/// everywhere: until then the sender is told to come again, and what has it already knows the repeat.</summary>
internal sealed class WebhookRouting(KnownRoutes tables, RouteStore routes, SourceStore sources, Router router, Engine engine)
{
    // Routes that change while an event comes in are asked once more; that often in a row they do not change.
    private const int Most = 5;

    /// <param name="known">The source, against whose limit the delivery is counted already.</param>
    /// <param name="reading">What was read.</param>
    /// <param name="proven">What proved it.</param>
    /// <param name="ct">Cancels the wait.</param>
    /// <returns>Null when the routes changed again and again.</returns>
    public async Task<SubmitOutcome?> SubmitAsync(KnownSource known, WebhookReading reading, Proven proven, CancellationToken ct)
    {
        var source = known.Source;
        var routed = RoutedEvent.Of(source.Name, reading.Summary);
        for (var i = 0; i < Most; i++)
        {
            var table = await tables.FindAsync(source.Owner, fresh: i > 0, ct);
            var outcomes = new List<SubmitOutcome>();
            var stale = false;
            var destinations = await DecideAsync(table, source.Session, routed, ct);
            if (destinations.Count > 1 && await sources.KnowsAsync(reading.Keys(known.Scope, proven.Hash), ct) is not null)
            {
                destinations = [destinations[^1]]; // it has entered everywhere; the routes may have changed since
            }

            foreach (var destination in destinations)
            {
                var outcome = await EnterAsync(known, destination, table.Version, reading, proven, ct);
                outcomes.Add(outcome);
                stale |= outcome is SubmitOutcome.NoSuchSession && destination.Route is not null;
                if (outcome is not SubmitOutcome.Accepted)
                {
                    break; // those behind come with the retry, and the last one, which knows that all have it, must be the last
                }
            }

            if (!stale)
            {
                return outcomes.Find(outcome => outcome is not SubmitOutcome.Accepted)
                    ?? outcomes.Find(outcome => outcome is SubmitOutcome.Accepted { Duplicate: false })
                    ?? outcomes[0];
            }
        }

        return null;
    }

    /// <summary>The sessions that get an event, each once.</summary>
    public async Task<IReadOnlyList<Destination>> DecideAsync(RouteTable table, SessionId own, RoutedEvent routed, CancellationToken ct)
    {
        var taken = table.Match(routed);
        var all = new List<(Route? Route, SessionId Session)>();
        foreach (var route in taken)
        {
            var away = route.Otherwise is not null && !await routes.IsAttachedAsync(route.To, ct);
            all.Add((route, SessionId.Parse(away ? route.Otherwise! : route.To)));
        }

        if (taken.Count == 0 || taken[^1].Also)
        {
            all.Add((null, own));
        }

        var last = all[^1].Session;
        return [.. all.DistinctBy(one => one.Session).Select(one => new Destination(one.Route, one.Session, one.Session == last)).OrderBy(one => one.Last)];
    }

    // A session that has it already, as one beside others when the event came first, knows it though it is the last one now. Of an owner
    // who never had routes there is nothing to ask.
    private async Task<SubmitOutcome> EnterAsync(
        KnownSource known, Destination to, long version, WebhookReading reading, Proven proven, CancellationToken ct)
    {
        if (to.Last && version > 0 && await sources.KnowsAsync(reading.Keys(known.Scope.Of($"{to.Session}"), proven.Hash), ct) is { } eventId)
        {
            await sources.MarkAsync(reading.Keys(known.Scope, proven.Hash), eventId, reading.Kept, ct);
            return new SubmitOutcome.Accepted(eventId, Duplicate: true);
        }

        return await SubmitAsync(known, to, version, reading, proven, ct);
    }

    private Task<SubmitOutcome> SubmitAsync(
        KnownSource known, Destination to, long version, WebhookReading reading, Proven proven, CancellationToken ct)
    {
        var source = known.Source;
        var summary = reading.Summary;
        var content = Framing.Webhook(summary, to.Route?.Playbook ?? source.Playbook);
        return router.SubmitAsync(
            to.Session,
            source.Identity,
            access => !Admits(access, source, to, version) ? null : new Submission
            {
                Session = to.Session,
                Sender = source.Identity,
                AccessVersion = access.Version,
                Kind = EventKind.Webhook,
                ChatId = source.Identity.Value,
                Name = summary.Name,
                Trust = summary.Stranger ? Trust.Stranger : Trust.System,
                Body = content,
                Payload = reading.Payload,
                DedupeKeys = reading.Keys(to.Last ? known.Scope : known.Scope.Of($"{to.Session}"), proven.Hash),
                KeysKept = reading.Kept,
                At = engine.Clock.GetUtcNow(),
                Route = to.Route?.Name,
                FilterReason = summary.FilterReason,
                Verified = known.Verified(proven.Key),
            },
            ct,
            counted: true);
    }

    // The allowlist knows on which version of the routes they stand, and with which settings an event must have been read; a decision on others is none.
    private static bool Admits(AccessList access, Source source, Destination to, long version) =>
        access.PathSettings.GetValueOrDefault(source.Path) == source.SettingsText
        && (to.Route is null ? access.RoutedPaths.Contains(source.Path) : access.RuledPaths.TryGetValue(source.Path, out var rules) && rules == version);
}
