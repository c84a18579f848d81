using System.Globalization;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Permissions;
using Cluster.Core.Sessions;
using Cluster.Server.Routing;
using Cluster.Server.Security;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Permissions;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Api;

/// <summary>Sessions, their messages, allowlists and permission requests. A session that the caller may not find is unknown.</summary>
internal static class SessionEndpoints
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    public static void MapSessions(this IEndpointRouteBuilder api)
    {
        api.MapGet("/sessions", ListAsync);
        var session = api.MapGroup("/sessions/{owner}/{name}");
        session.MapGet("", FindAsync);
        session.MapPost("", CreateAsync);
        session.MapGet("/messages", ListMessagesAsync);
        session.MapPost("/messages", SendAsync);
        session.MapPost("/events/{id:long}/cancel", CancelAsync);
        session.MapPost("/pause", PauseAsync);
        session.MapPost("/resume", ResumeAsync);
        session.MapGet("/access", DescribeAccessAsync);
        session.MapPut("/access/{identity}/{role}", AllowAsync);
        session.MapDelete("/access/{identity}/{role}", RevokeAsync);
        session.MapFiles();
        api.MapGet("/permissions", ListPermissionsAsync);
        api.MapPost("/permissions/{id:long}", DecideAsync);
    }

    internal static ProblemHttpResult NoSuchSession() =>
        TypedResults.Problem("There is no such session.", statusCode: StatusCodes.Status404NotFound);

    internal static ProblemHttpResult BadName() =>
        ApiEndpoints.Bad($"A session is NAME or OWNER/NAME, each of {Slug.Expected}.");

    private static async Task<Ok<IReadOnlyList<SessionInfo>>> ListAsync(HttpContext context, SessionStore sessions, CancellationToken ct) =>
        TypedResults.Ok<IReadOnlyList<SessionInfo>>(await sessions.ListAsync(context.Caller().Identity, ct));

    private static async Task<Results<Ok<SessionInfo>, ProblemHttpResult>> FindAsync(
        string owner, string name, HttpContext context, SessionStore sessions, CancellationToken ct) =>
        Id(context, owner, name) is { } id && await sessions.FindAsync(id, context.Caller().Identity, ct) is { } session
            ? TypedResults.Ok(session)
            : NoSuchSession();

    private static async Task<Results<Ok<SessionInfo>, ProblemHttpResult>> CreateAsync(
        string owner, string name, HttpContext context, SessionStore sessions, CancellationToken ct)
    {
        if (Id(context, owner, name) is not { } id)
        {
            return BadName();
        }

        var caller = context.Caller();
        if (id.Owner != caller.Principal)
        {
            return ApiEndpoints.Bad($"A session is made by its owner; yours are named {caller.Principal}/NAME.");
        }

        await sessions.EnsureAsync(id, caller.Identity.Value, ct);
        return TypedResults.Ok((await sessions.FindAsync(id, caller.Identity, ct))!);
    }

    private static async Task<Results<Ok<IReadOnlyList<ConversationLine>>, ProblemHttpResult>> ListMessagesAsync(
        string owner, string name, int? limit, HttpContext context, SessionViews views, CancellationToken ct) =>
        Id(context, owner, name) is { } id && await views.LinesAsync(id, context.Caller().Identity, Limit(limit), ct) is { } lines
            ? TypedResults.Ok<IReadOnlyList<ConversationLine>>(lines)
            : NoSuchSession();

    private static async Task<Results<Accepted<MessageAccepted>, ProblemHttpResult>> SendAsync(
        string owner, string name, SendMessage message, HttpContext context, ConsoleMessages messages, CancellationToken ct)
    {
        if (ConsoleMessages.Fault(message.Text, message.ClientId) is { } fault)
        {
            return ApiEndpoints.Bad(fault);
        }

        if (Id(context, owner, name) is not { } id)
        {
            return NoSuchSession();
        }

        switch (await messages.SendAsync(id, context.Caller().Identity, message.Text, message.ClientId, ct))
        {
            case SubmitOutcome.Accepted(var eventId, var duplicate):
                return TypedResults.Accepted((string?)null, new MessageAccepted { EventId = eventId.ToString(CultureInfo.InvariantCulture), Duplicate = duplicate });
            case SubmitOutcome.MayNotTalk:
                return TypedResults.Problem($"You may not talk to {id}. Its owner can let you: cluster allow console:{context.Caller().Principal} --session {id.Name} --role talk.", statusCode: StatusCodes.Status403Forbidden);
            case SubmitOutcome.MailboxFull(var limit):
                return TypedResults.Problem($"The mailbox of {id} is full: {limit} messages wait. Start the session, or cancel some.", statusCode: StatusCodes.Status429TooManyRequests);
            case SubmitOutcome.TooFast(var wait):
                context.Response.Headers.RetryAfter = Math.Max(1, (int)wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
                return TypedResults.Problem("You send faster than the limit allows; nothing was stored. Try again in a moment.", statusCode: StatusCodes.Status429TooManyRequests);
            default:
                return NoSuchSession();
        }
    }

    private static async Task<Results<Ok<EventInfo>, ProblemHttpResult>> CancelAsync(
        string owner, string name, long id, HttpContext context, MailboxStore mailboxes, ConversationStore conversations, CancellationToken ct)
    {
        if (Id(context, owner, name) is not { } session || !await mailboxes.CancelAsync(session, id, context.Caller().Identity, ct))
        {
            return TypedResults.Problem(
                $"Event {id} does not wait there, or is not yours: only a message that has not been sent can be cancelled.", statusCode: StatusCodes.Status409Conflict);
        }

        return TypedResults.Ok((await conversations.FindAsync(session, id, ct))!.Info);
    }

    private static async Task<Results<Ok<SessionInfo>, ProblemHttpResult>> PauseAsync(
        string owner, string name, PauseSession request, HttpContext context, PauseStore pauses, SessionStore sessions, CancellationToken ct)
    {
        TimeSpan? time = request.Seconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        return Id(context, owner, name) is { } id && await pauses.PauseAsync(id, time, context.Caller(), ct)
            ? TypedResults.Ok((await sessions.FindAsync(id, context.Caller().Identity, ct))!)
            : NoSuchSession();
    }

    private static async Task<Results<Ok<SessionInfo>, ProblemHttpResult>> ResumeAsync(
        string owner, string name, HttpContext context, PauseStore pauses, SessionStore sessions, CancellationToken ct) =>
        Id(context, owner, name) is { } id && await pauses.ResumeAsync(id, context.Caller(), ct)
            ? TypedResults.Ok((await sessions.FindAsync(id, context.Caller().Identity, ct))!)
            : NoSuchSession();

    private static async Task<Results<Ok<AccessInfo>, ProblemHttpResult>> DescribeAccessAsync(
        string owner, string name, HttpContext context, AccessStore accesses, CancellationToken ct) =>
        Id(context, owner, name) is { } id && await accesses.DescribeAsync(id, context.Caller().Identity, ct) is { } access
            ? TypedResults.Ok(access)
            : NoSuchSession();

    private static async Task<Results<Ok<AccessInfo>, ProblemHttpResult>> AllowAsync(
        string owner, string name, string identity, string role, HttpContext context, AccessStore accesses, PrincipalStore principals, CancellationToken ct)
    {
        if (!TryReadIdentity(identity, out var who))
        {
            return BadIdentity();
        }

        if (RoleOf(role) is not { } granted || granted == Role.None)
        {
            return ApiEndpoints.Bad("A role is talk, approve or watch.");
        }

        if (!AccessList.MayHold(who, granted))
        {
            return ApiEndpoints.Bad("A session may talk or watch, never approve: permission requests are answered by people.");
        }

        if (!await principals.KnowsAsync(who, context.Caller(), ct))
        {
            return ApiEndpoints.Bad(who.IsSession(out _)
                ? $"There is no {who}. Name a session as session:OWNER/NAME; `cluster sessions` lists yours."
                : $"Nobody is known as {who}. An admin lets people in: cluster principal add NAME.");
        }

        return Id(context, owner, name) is { } id ? Answer(id, await accesses.AllowAsync(id, who, granted, context.Caller(), ct)) : NoSuchSession();
    }

    private static async Task<Results<Ok<AccessInfo>, ProblemHttpResult>> RevokeAsync(
        string owner, string name, string identity, string role, HttpContext context, AccessStore accesses, CancellationToken ct)
    {
        if (!TryReadIdentity(identity, out var who))
        {
            return BadIdentity();
        }

        if (RoleOf(role) is not { } revoked)
        {
            return ApiEndpoints.Bad("A role is talk, approve, watch or all.");
        }

        return Id(context, owner, name) is { } id ? Answer(id, await accesses.RevokeAsync(id, who, revoked, context.Caller(), ct)) : NoSuchSession();
    }

    private static Results<Ok<AccessInfo>, ProblemHttpResult> Answer(SessionId session, AccessChange change) => change switch
    {
        AccessChange.Done(var access) => TypedResults.Ok(access),
        AccessChange.Shared(var first) => TypedResults.Problem(
            $"{session} is a further terminal of {first} and shares its allowlist; nothing was changed. Change that of {first}.",
            statusCode: StatusCodes.Status409Conflict),
        _ => NoSuchSession(),
    };

    // A slash within one segment of a path is left encoded by routing.
    private static bool TryReadIdentity(string segment, out Identity who) =>
        Identity.TryParse(segment.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase), out who);

    private static async Task<Results<Ok<IReadOnlyList<PermissionInfo>>, ProblemHttpResult>> ListPermissionsAsync(
        string? session, int? limit, HttpContext context, SessionViews views, SessionStore sessions, CancellationToken ct)
    {
        var caller = context.Caller();
        if (session is not null)
        {
            return SessionId.TryParse(session, caller.Principal, out var id) && await views.PermissionsAsync(id, caller.Identity, Limit(limit), ct) is { } found
                ? TypedResults.Ok<IReadOnlyList<PermissionInfo>>(found)
                : NoSuchSession();
        }

        var all = new List<PermissionInfo>();
        foreach (var one in await sessions.ListAsync(caller.Identity, ct))
        {
            all.AddRange(await views.PermissionsAsync(SessionId.Parse(one.Id), caller.Identity, Limit(limit), ct) ?? []);
        }

        return TypedResults.Ok<IReadOnlyList<PermissionInfo>>([.. all.OrderByDescending(p => p.CreatedAt).Take(Limit(limit))]);
    }

    private static async Task<Results<Ok<PermissionInfo>, ProblemHttpResult>> DecideAsync(
        long id, Verdict verdict, HttpContext context, PermissionStore permissions, CancellationToken ct)
    {
        if (verdict.Behavior is not ("allow" or "deny"))
        {
            return ApiEndpoints.Bad("behavior is allow or deny.");
        }

        var (outcome, request) = await permissions.DecideAsync(id, verdict.Behavior, context.Caller(), ct);
        return outcome == VerdictOutcome.Accepted
            ? TypedResults.Ok(request!)
            : TypedResults.Problem(
                Verdicts.Explain(outcome, request),
                statusCode: outcome == VerdictOutcome.Unknown ? StatusCodes.Status404NotFound : StatusCodes.Status409Conflict);
    }

    private static SessionId? Id(HttpContext context, string owner, string name) =>
        SessionId.TryParse($"{owner}/{name}", context.Caller().Principal, out var id) ? id : null;

    internal static int Limit(int? limit) => Math.Clamp(limit ?? DefaultLimit, 1, MaxLimit);

    private static Role? RoleOf(string word) => word switch
    {
        "talk" => Role.Talk,
        "approve" => Role.Approve,
        "watch" => Role.Watch,
        "all" => Role.None,
        _ => null,
    };

    private static ProblemHttpResult BadIdentity() =>
        ApiEndpoints.Bad($"An identity is console:NAME or session:OWNER/NAME, where a name is {Slug.Expected}. There is no wildcard: an allowlist names each one.");
}
