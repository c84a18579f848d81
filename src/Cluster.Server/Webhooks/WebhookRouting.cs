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
/// <param name="Scope">Whose repeats are told apart by its dedupe keys: those of the source, or of one of its routes beside others.</param>
internal sealed record Destination(Route? Route, SessionId Session, string Scope);

/// <summary>Sends a proved event by its owner's routes, and by none of them to the source's own session. It has entered only when it has entered
/// everywhere: until then the sender is told to come again, and what has it already knows the repeat.</summary>
internal sealed class WebhookRouting(KnownRoutes known, RouteStore routes, Router router, Engine engine)
{
    // Routes that change while an event comes in are asked once more; that often in a row they do not change.
    private const int Most = 5;

    /// <returns>Null when the routes changed again and again.</returns>
    public async Task<SubmitOutcome?> SubmitAsync(Source source, WebhookReading reading, WebhookBody body, Proven proven, CancellationToken ct)
    {
        if (router.Throttle(source.Identity) is { } wait)
        {
            return new SubmitOutcome.TooFast(wait);
        }

        var routed = RoutedEvent.Of(source.Name, reading.Summary);
        for (var i = 0; i < Most; i++)
        {
            var table = await known.FindAsync(source.Owner, fresh: i > 0, ct);
            var outcomes = new List<SubmitOutcome>();
            var stale = false;
            foreach (var destination in await DecideAsync(table, source, routed, ct))
            {
                var outcome = await SubmitAsync(source, destination, table.Version, reading, body, proven, ct);
                outcomes.Add(outcome);
                stale |= outcome is SubmitOutcome.NoSuchSession && destination.Route is not null;
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
    public async Task<IReadOnlyList<Destination>> DecideAsync(RouteTable table, Source source, RoutedEvent routed, CancellationToken ct)
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
            all.Add((null, source.Session));
        }

        // One of them always has the source's own keys, so that a repeat is known although the routes have changed since.
        var last = all[^1].Session;
        return
        [
            .. all.DistinctBy(one => one.Session)
                .Select(one => new Destination(one.Route, one.Session, one.Session == last ? source.Name : $"{source.Name}/{one.Route!.Name}")),
        ];
    }

    private Task<SubmitOutcome> SubmitAsync(
        Source source, Destination to, long version, WebhookReading reading, WebhookBody body, Proven proven, CancellationToken ct)
    {
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
                Payload = summary.PayloadOpen ? body.Bytes : default, // what nobody may fetch is not kept
                DedupeKeys = reading.Keys(to.Scope, proven.Hash),
                KeysKept = reading.Kept,
                At = engine.Clock.GetUtcNow(),
                Route = to.Route?.Name,
                FilterReason = summary.FilterReason,
            },
            ct,
            counted: true);
    }

    // The allowlist knows on which version of the routes they stand; a decision on another one is none.
    private static bool Admits(AccessList access, Source source, Destination to, long version) =>
        to.Route is null ? access.RoutedPaths.Contains(source.Path) : access.RuledPaths.TryGetValue(source.Path, out var rules) && rules == version;
}
