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
using Cluster.Storage.Watches;
using Route = Cluster.Core.Routing.Route;

namespace Cluster.Server.Webhooks;

/// <summary>Where an event goes.</summary>
/// <param name="Route">By which route; null for the source's own session.</param>
/// <param name="Session">The session.</param>
/// <param name="Last">The last one has the source's own dedupe keys, which say that an event has entered everywhere; each other one has keys of
/// its own.</param>
internal sealed record Destination(Route? Route, SessionId Session, bool Last)
{
    /// <summary>Why just this session, where its route had a choice.</summary>
    public string? Why { get; init; }

    /// <summary>The same with the names of other sessions: for the owner of the routes alone.</summary>
    public string? WhyInFull { get; init; }

    /// <summary>Where it works, if it was chosen for that.</summary>
    public string? Place { get; init; }

    /// <summary>What its dedupe keys are of: the session, and each route that had a choice, since that may choose another session when the sender
    /// comes again.</summary>
    public required IReadOnlyList<string> Keys { get; init; }
}

/// <summary>Sends a proved event by its owner's routes, and by none of them to the source's own session. It has entered only when it has entered
/// everywhere: until then the sender is told to come again, and what has it already knows the repeat.</summary>
internal sealed class WebhookRouting(KnownRoutes tables, RouteTargets targets, RouteStore routes, SourceStore sources, Router router, Engine engine)
{
    // Routes that change while an event comes in are asked once more; that often in a row they do not change.
    private const int Most = 5;

    /// <param name="known">The source, against whose limit the delivery is counted already.</param>
    /// <param name="reading">What was read of the event.</param>
    /// <param name="body">What it was read from, for conditions that ask there.</param>
    /// <param name="proven">How it was proved.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null when the routes changed again and again.</returns>
    public async Task<SubmitOutcome?> SubmitAsync(
        KnownSource known, WebhookReading reading, ReadOnlyMemory<byte> body, Proven proven, CancellationToken ct)
    {
        var source = known.Source;
        var routed = RoutedEvent.Of(source.Name, reading.Summary, body);
        for (var i = 0; i < Most; i++)
        {
            var table = await tables.FindAsync(source.Owner, fresh: i > 0, ct);
            var outcomes = new List<SubmitOutcome>();
            var stale = false;
            var destinations = await DecideAsync(table, source, routed, ct);
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

            if (destinations.Any(destination => destination.Route is { Watches: true }))
            {
                engine.Wakeups.Raise(WatchStore.Topic);
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
        var all = new List<(Route? Route, RouteChoice Target)>();
        foreach (var route in taken)
        {
            all.Add((route, await targets.ChooseAsync(route, table.Version, source, routed, ct)));
        }

        if (taken.Count == 0 || taken[^1].Also)
        {
            all.Add((null, new RouteChoice(source.Session, null)));
        }

        var last = all[^1].Target.Session;
        return
        [
            .. all.GroupBy(one => one.Target.Session)
                .Select(same => new Destination(same.First().Route, same.Key, same.Key == last)
                {
                    Why = same.First().Target.Why,
                    WhyInFull = same.First().Target.InFull,
                    Place = same.First().Target.Place,
                    Keys = [.. same.Select(one => one.Target.Why is null ? $"{same.Key}" : $"@{one.Route!.Name}").Distinct()],
                })
                .OrderBy(one => one.Last),
        ];
    }

    // What has it already, as one beside others when the event came first, knows it, though it would have other keys now.
    private async Task<SubmitOutcome> EnterAsync(
        KnownSource known, Destination to, long version, WebhookReading reading, Proven proven, CancellationToken ct)
    {
        var session = $"{to.Session}";
        if (version == 0 || (!to.Last && to.Keys is [var only] && only == session))
        {
            return await SubmitAsync(known, to, to.Last ? known.Scope : known.Scope.Of(session), version, reading, proven, ct);
        }

        var entered = new Dictionary<string, long>();
        foreach (var key in to.Keys.Append(session).Distinct())
        {
            if (await sources.KnowsAsync(reading.Keys(known.Scope.Of(key), proven.Hash), ct) is { } eventId)
            {
                entered[key] = eventId;
            }
        }

        if (entered.ContainsKey(session) || to.Keys.All(entered.ContainsKey) || await IsInAsync(entered.Values, session, ct))
        {
            var eventId = entered.GetValueOrDefault(session, entered.Values.First());
            if (to.Last)
            {
                await sources.MarkAsync(reading.Keys(known.Scope, proven.Hash), eventId, reading.FirstKept, reading.LastKept, CancellationToken.None);
            }

            return new SubmitOutcome.Accepted(eventId, Duplicate: true);
        }

        var free = to.Keys.First(key => !entered.ContainsKey(key));
        var outcome = await SubmitAsync(known, to, to.Last ? known.Scope : known.Scope.Of(free), version, reading, proven, ct);
        if (outcome is SubmitOutcome.Accepted(var id, Duplicate: false))
        {
            foreach (var key in to.Last ? [] : to.Keys.Append(session).Distinct().Where(key => key != free && !entered.ContainsKey(key)))
            {
                // It is in: a sender who hangs up now must not keep the others from knowing it.
                await sources.MarkAsync(reading.Keys(known.Scope.Of(key), proven.Hash), id, reading.FirstKept, reading.LastKept, CancellationToken.None);
            }

            if (to is { Route: { } route, Why: { } why })
            {
                await targets.NoteAsync(id, route, why);
            }
        }

        return outcome;
    }

    // A node that dies between an append and its marks leaves only one route's key: then the delivery says that the session has it.
    private async Task<bool> IsInAsync(IEnumerable<long> entered, string session, CancellationToken ct)
    {
        foreach (var eventId in entered.Distinct())
        {
            if (await routes.IsInAsync(eventId, session, ct))
            {
                return true;
            }
        }

        return false;
    }

    private async Task<SubmitOutcome> SubmitAsync(
        KnownSource known, Destination to, KeyScope scope, long version, WebhookReading reading, Proven proven, CancellationToken ct)
    {
        var source = known.Source;
        var summary = reading.Summary;
        var content = Framing.Webhook(summary, to.Route?.Playbook ?? source.Playbook);
        var now = engine.Clock.GetUtcNow();
        var entrance = HoldRules.Enter(to.Route, RoutedEvent.Of(source.Name, summary), summary, now);
        var queue = to.Route?.Queue is not null && !await routes.IsAttachedAsync($"{to.Session}", ct) ? to.Route.Queue : null;
        return await router.SubmitAsync(
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
                DedupeKeys = reading.Keys(scope, proven.Hash),
                KeysKept = reading.FirstKept,
                SecondKeyKept = reading.LastKept,
                At = now,
                Route = to.Route?.Name,
                FilterReason = entrance.FilterReason,
                Hold = entrance.Hold,
                Urgent = to.Route is { Urgent: true },
                KeepWaiting = queue is { } wait ? HoldRules.KeepWaiting(wait, entrance.Hold, now) : null,
                Subject = summary.Subject is { } subject ? HoldRules.Subject(source.Identity, subject) : null,
                SubjectStep = summary.Subject?.Step ?? 0,
                WatchFrom = to.Route is { Watches: true } && entrance.FilterReason is null ? entrance.Hold?.Limit ?? now : null, // when let go, from then on
                Verified = known.Verified(proven.Key),
            },
            ct,
            counted: true);
    }

    // The allowlist knows on which version of the routes they stand, with which settings an event must have been read and with which secrets it must have
    // been proved; a decision on others is none.
    private static bool Admits(AccessList access, Source source, Destination to, long version) =>
        access.PathSettings.GetValueOrDefault(source.Path) == source.SettingsText
        && access.PathSecrets.GetValueOrDefault(source.Path) == source.SecretMark
        && (to.Route is null ? access.RoutedPaths.Contains(source.Path) : access.RuledPaths.TryGetValue(source.Path, out var rules) && rules == version)
        && (to.Place is null || !access.RuledPlaces.TryGetValue(source.Path, out var place) || place == to.Place); // it may have moved on since
}
