using System.Diagnostics;
using System.Globalization;
using Cluster.Core.Api;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Server.Routing;
using Cluster.Server.Security;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Api;

/// <summary>Events: which there are, the life of one, and again. An event that the caller may not see is unknown.</summary>
internal static class EventEndpoints
{
    public static void MapEvents(this IEndpointRouteBuilder api)
    {
        api.MapGet("/events", ListAsync);
        api.MapGet("/events/{id:long}", ShowAsync);
        api.MapPost("/events/{id:long}/replay", ReplayAsync);
        api.MapPost("/sessions/{owner}/{name}/redrive", RedriveAsync);
    }

    private static async Task<Results<Ok<IReadOnlyList<EventInfo>>, ProblemHttpResult>> ListAsync(
        string? session, string? state, int? limit, HttpContext context, SessionViews views, SessionStore sessions, CancellationToken ct)
    {
        var (caller, most) = (context.Caller(), SessionEndpoints.Limit(limit));
        if (state is not null && !DeliveryRules.States.Contains(state))
        {
            return ApiEndpoints.Bad($"A state is one of: {string.Join(", ", DeliveryRules.States)}.");
        }

        if (session is not null)
        {
            return SessionId.TryParse(session, caller.Principal, out var id) && await views.EventsAsync(id, caller.Identity, state, most, ct) is { } found
                ? TypedResults.Ok<IReadOnlyList<EventInfo>>(found)
                : SessionEndpoints.NoSuchSession();
        }

        var all = new List<EventInfo>();
        foreach (var one in await sessions.ListAsync(caller.Identity, ct))
        {
            all.AddRange(await views.EventsAsync(SessionId.Parse(one.Id), caller.Identity, state, most, ct) ?? []);
        }

        return TypedResults.Ok<IReadOnlyList<EventInfo>>([.. all.OrderByDescending(e => e.At).Take(most)]);
    }

    private static async Task<Results<Ok<EventLife>, ProblemHttpResult>> ShowAsync(long id, HttpContext context, EventLives lives, CancellationToken ct) =>
        await lives.FindAsync(id, context.Caller().Identity, ct) is { } life ? TypedResults.Ok(life) : NoSuchEvent(id);

    private static async Task<Results<Ok<Replayed>, ProblemHttpResult>> ReplayAsync(
        long id, ReplayEvent request, HttpContext context, ReplayStore replays, SenderLimits limits, CancellationToken ct)
    {
        var caller = context.Caller();
        SessionId? to = null;
        if (request.To is { } named)
        {
            if (!SessionId.TryParse(named, caller.Principal, out var other))
            {
                return SessionEndpoints.BadName();
            }

            to = other;
        }

        if (limits.Throttle(caller.Identity) is { } wait)
        {
            return TooFast(context, wait);
        }

        return await replays.ReplayAsync(id, to, caller, ct) switch
        {
            ReplayOutcome.Done(var again, var session) =>
                TypedResults.Ok(new Replayed { EventId = Text(again), ReplayOf = Text(id), Session = session.ToString() }),
            ReplayOutcome.NoSuchEvent => NoSuchEvent(id),
            ReplayOutcome.NoSuchSession => TypedResults.Problem(
                $"You have no session {to}. An event is replayed to a session of your own; `cluster sessions` lists them.", statusCode: StatusCodes.Status404NotFound),
            ReplayOutcome.Refused(var why) => TypedResults.Problem(why, statusCode: StatusCodes.Status409Conflict),
            _ => throw new UnreachableException(),
        };
    }

    private static async Task<Results<Ok<Redriven>, ProblemHttpResult>> RedriveAsync(
        string owner, string name, RedriveEvents request, HttpContext context, ReplayStore replays, SenderLimits limits, Engine engine, CancellationToken ct)
    {
        var caller = context.Caller();
        if (request.State is not ("dead" or "expired"))
        {
            return ApiEndpoints.Bad("What is redriven is dead or expired. What was received is replayed one by one: cluster events replay ID.");
        }

        if (!SessionId.TryParse($"{owner}/{name}", caller.Principal, out var session))
        {
            return SessionEndpoints.NoSuchSession();
        }

        if (limits.Throttle(caller.Identity) is { } wait)
        {
            return TooFast(context, wait);
        }

        var since = request.SinceHours is { } hours ? engine.Clock.GetUtcNow() - TimeSpan.FromHours(hours) : DateTimeOffset.UnixEpoch;
        return await replays.RedriveAsync(session, request.State, since, request.Go, caller, ct) is { } redriven
            ? TypedResults.Ok(redriven)
            : SessionEndpoints.NoSuchSession();
    }

    // One answer for an event that is not there, and for one that is not the caller's: to see, or to replay.
    private static ProblemHttpResult NoSuchEvent(long id) =>
        TypedResults.Problem($"There is no event {Text(id)} of yours. See: cluster events.", statusCode: StatusCodes.Status404NotFound);

    private static ProblemHttpResult TooFast(HttpContext context, TimeSpan wait)
    {
        context.Response.Headers.RetryAfter = Math.Max(1, (int)wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return TypedResults.Problem(
            "You send faster than the limit allows; nothing was replayed. Try again in a moment.", statusCode: StatusCodes.Status429TooManyRequests);
    }

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
