using System.Globalization;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Events;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Sessions;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Grains.Users;
using Cluster.Next.Server.Grains;
using Cluster.Next.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Next.Server.Api;

/// <summary>Sessions, their messages and allowlists. A session that the caller may not find is unknown.</summary>
internal static class SessionEndpoints
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;
    private const int MaxText = 16_000; // UTF-16 code units of one message
    private const int MaxClientId = 64;

    public static void MapSessions(this IEndpointRouteBuilder api)
    {
        api.MapGet("/sessions", ListAsync);
        var session = api.MapGroup("/sessions/{owner}/{name}");
        session.MapGet("", FindAsync);
        session.MapPost("", CreateAsync);
        session.MapGet("/messages", ListMessagesAsync);
        session.MapPost("/messages", SendAsync);
        session.MapGet("/access", DescribeAccessAsync);
        session.MapPut("/access/{identity}/{role}", AllowAsync);
        session.MapDelete("/access/{identity}/{role}", RevokeAsync);
    }

    private static async Task<Ok<IReadOnlyList<SessionInfo>>> ListAsync(HttpContext context, SessionReads reads, CancellationToken ct) =>
        TypedResults.Ok(await reads.ListAsync(context.Caller(), ct));

    private static async Task<Results<Ok<SessionInfo>, ProblemHttpResult>> FindAsync(
        string owner, string name, HttpContext context, SessionReads reads, CancellationToken ct) =>
        Id(context, owner, name) is { } id && await reads.FindAsync(id, context.Caller(), ct) is { } session
            ? TypedResults.Ok(session)
            : NoSuchSession();

    private static async Task<Results<Ok<SessionInfo>, ProblemHttpResult>> CreateAsync(
        string owner, string name, HttpContext context, GrainCalls calls, SessionReads reads, CancellationToken ct)
    {
        if (Id(context, owner, name) is not { } id)
        {
            return Bad($"A session is NAME or OWNER/NAME, each of {Slug.Expected}.");
        }

        var caller = context.Caller();
        if (id.Owner != caller.Principal)
        {
            return Bad($"A session is made by its owner; yours are named {caller.Principal}/NAME.");
        }

        await calls.AskAsync(() => calls.Session<ISessionViews>(id).MakeAsync(caller.AsGrainsKnow, ct), ct);
        return TypedResults.Ok((await reads.FindAsync(id, caller, ct))!);
    }

    private static async Task<Results<Ok<IReadOnlyList<ConversationLine>>, ProblemHttpResult>> ListMessagesAsync(
        string owner, string name, int? limit, HttpContext context, SessionReads reads, CancellationToken ct) =>
        Id(context, owner, name) is { } id
        && await reads.LinesAsync(id, context.Caller(), Math.Clamp(limit ?? DefaultLimit, 1, MaxLimit), ct) is { } lines
            ? TypedResults.Ok(lines)
            : NoSuchSession();

    private static async Task<Results<Accepted<MessageAccepted>, ProblemHttpResult>> SendAsync(
        string owner, string name, SendMessage message, HttpContext context, GrainCalls calls, CancellationToken ct)
    {
        if (Fault(message) is { } fault)
        {
            return Bad(fault);
        }

        if (Id(context, owner, name) is not { } id)
        {
            return NoSuchSession();
        }

        // The same message again, should the first try be cut off: without an id of the caller's it has one of ours.
        var caller = context.Caller();
        var saying = new Saying { Session = id.ToString(), Text = message.Text, ClientId = message.ClientId ?? Guid.NewGuid().ToString("N") };
        var said = await calls.AskAsync(() => calls.User<IUserTalk>(caller.Identity.Value).SayAsync(saying, ct), ct);
        switch (said.State)
        {
            case MessageResult.Accepted or MessageResult.Duplicate:
                return TypedResults.Accepted(
                    (string?)null,
                    new MessageAccepted { EventId = said.EventId.ToString(CultureInfo.InvariantCulture), Duplicate = said.State == MessageResult.Duplicate });
            case MessageResult.NotAllowed:
                return TypedResults.Problem(
                    $"You may not talk to {id}. Its owner can let you: cluster allow {caller.Identity} --session {id.Name} --role talk.",
                    statusCode: StatusCodes.Status403Forbidden);
            case MessageResult.Full:
                return TypedResults.Problem(
                    $"The mailbox of {id} is full: {said.Limit} messages wait. Start the session, or cancel some.", statusCode: StatusCodes.Status429TooManyRequests);
            case MessageResult.Unknown:
                return NoSuchSession();
            default:
                context.Response.Headers.RetryAfter = "1";
                return TypedResults.Problem(
                    $"{id} does not answer at the moment. The message is kept and will get there; the same one with its clientId again tells its event.",
                    statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static async Task<Results<Ok<AccessInfo>, ProblemHttpResult>> DescribeAccessAsync(
        string owner, string name, HttpContext context, GrainCalls calls, CancellationToken ct) =>
        Id(context, owner, name) is { } id ? await AccessAsync(id, context, calls, ct) : NoSuchSession();

    private static async Task<Results<Ok<AccessInfo>, ProblemHttpResult>> AllowAsync(
        string owner, string name, string identity, string role, HttpContext context, GrainCalls calls, CancellationToken ct)
    {
        if (!TryReadIdentity(identity, out var who))
        {
            return BadIdentity();
        }

        if (RoleOf(role) is not { } granted || granted == Role.None)
        {
            return Bad("A role is talk, approve or watch.");
        }

        if (!AccessList.MayHold(who, granted))
        {
            return Bad("A session may talk or watch, never approve: permission requests are answered by people.");
        }

        return Id(context, owner, name) is { } id
            && await calls.AskAsync(() => calls.Session<ISessionAccess>(id).GrantAsync(context.Caller().AsGrainsKnow, who.Value, granted, ct), ct)
                ? await AccessAsync(id, context, calls, ct)
                : NoSuchSession();
    }

    private static async Task<Results<Ok<AccessInfo>, ProblemHttpResult>> RevokeAsync(
        string owner, string name, string identity, string role, HttpContext context, GrainCalls calls, CancellationToken ct)
    {
        if (!TryReadIdentity(identity, out var who))
        {
            return BadIdentity();
        }

        if (RoleOf(role) is not { } revoked)
        {
            return Bad("A role is talk, approve, watch or all.");
        }

        return Id(context, owner, name) is { } id
            && await calls.AskAsync(() => calls.Session<ISessionAccess>(id).RevokeAsync(context.Caller().AsGrainsKnow, who.Value, revoked, ct), ct)
                ? await AccessAsync(id, context, calls, ct)
                : NoSuchSession();
    }

    private static async Task<Results<Ok<AccessInfo>, ProblemHttpResult>> AccessAsync(SessionId id, HttpContext context, GrainCalls calls, CancellationToken ct) =>
        await calls.AskAsync(() => calls.Session<ISessionAccess>(id).AccessAsync(context.Caller().AsGrainsKnow, ct), ct) is { } access
            ? TypedResults.Ok(new AccessInfo
            {
                Session = id.ToString(),
                Owner = id.Owner,
                Version = access.Version,
                Entries =
                [
                    .. access.Entries.OrderBy(entry => entry.Identity, StringComparer.Ordinal).Select(entry => new AccessEntry
                    {
                        Identity = entry.Identity, Role = entry.Role.ToString().ToLowerInvariant(), GrantedBy = entry.By, GrantedAt = entry.At,
                    }),
                ],
                Sources = [],
            })
            : NoSuchSession();

    private static string? Fault(SendMessage message) =>
        string.IsNullOrWhiteSpace(message.Text) ? "The message has no text."
        : message.Text.Length > MaxText ? $"The message has {message.Text.Length} characters; {MaxText} are the most. Send it in parts."
        : HostileText.Clean(message.Text).Trim().Length == 0 ? "The message has no readable text."
        : message.ClientId is { Length: > MaxClientId } ? $"clientId has {message.ClientId.Length} characters; {MaxClientId} are the most."
        : null;

    // A slash within one segment of a path is left encoded by routing.
    private static bool TryReadIdentity(string segment, out Identity who) =>
        Identity.TryParse(segment.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase), out who);

    private static Role? RoleOf(string word) => word switch
    {
        "talk" => Role.Talk,
        "approve" => Role.Approve,
        "watch" => Role.Watch,
        "all" => Role.None,
        _ => null,
    };

    private static SessionId? Id(HttpContext context, string owner, string name) =>
        SessionId.TryParse($"{owner}/{name}", context.Caller().Principal, out var id) ? id : null;

    private static ProblemHttpResult Bad(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status400BadRequest);

    private static ProblemHttpResult NoSuchSession() =>
        TypedResults.Problem("There is no such session.", statusCode: StatusCodes.Status404NotFound);

    private static ProblemHttpResult BadIdentity() =>
        Bad($"An identity is console:NAME or session:OWNER/NAME, where a name is {Slug.Expected}. There is no wildcard: an allowlist names each one.");
}
