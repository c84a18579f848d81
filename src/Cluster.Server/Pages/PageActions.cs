using System.Security.Cryptography;
using System.Text;
using Cluster.Core;
using Cluster.Core.Permissions;
using Cluster.Core.Sessions;
using Cluster.Server.Api;
using Cluster.Server.Routing;
using Cluster.Server.Security;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Permissions;
using Cluster.Storage.Sessions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Pages;

/// <summary>What a person does on the pages: say something, take it back, pause a session, answer a permission request.</summary>
internal static class PageActions
{
    public static void MapPageActions(this IEndpointRouteBuilder app)
    {
        var page = app.MapGroup("/page").RequireAuthorization(TokenAuthentication.Page).AddEndpointFilter<PageForms>();
        page.MapPost("/s/{owner}/{name}/messages", SendAsync);
        page.MapPost("/s/{owner}/{name}/events/{id:long}/cancel", CancelAsync);
        page.MapPost("/s/{owner}/{name}/pause", PauseAsync);
        page.MapPost("/permissions/{id:long}", DecideAsync);
    }

    private static async Task<IResult> SendAsync(string owner, string name, HttpContext context, ConsoleMessages messages, CancellationToken ct)
    {
        if (Id(owner, name) is not { } session)
        {
            return NoSuchSession();
        }

        // A browser puts CR LF where a person pressed Enter.
        var text = context.Field("text").ReplaceLineEndings("\n");
        var form = context.Field("client_id");
        IResult Refuse(int status, string why) => context.Refused(status, why, said => Show(session, status, said, text));
        if (ConsoleMessages.Fault(text, form) is { } fault)
        {
            return Refuse(StatusCodes.Status400BadRequest, fault);
        }

        return await messages.SendAsync(session, context.Caller().Identity, text, ClientId(form, text), ct) switch
        {
            SubmitOutcome.Accepted => context.Done(PageOf(session)),
            SubmitOutcome.MayNotTalk => Refuse(StatusCodes.Status403Forbidden, $"You may not talk to {session} any more. Nothing was stored."),
            SubmitOutcome.MailboxFull(var limit) => Refuse(
                StatusCodes.Status429TooManyRequests,
                $"The mailbox of {session} is full: {limit} messages wait. Nothing was stored; start the session, or cancel some."),
            SubmitOutcome.TooFast => Refuse(
                StatusCodes.Status429TooManyRequests, "You send faster than the limit allows. Nothing was stored; try again in a moment."),
            _ => NoSuchSession(),
        };
    }

    private static async Task<IResult> CancelAsync(
        string owner, string name, long id, HttpContext context, MailboxStore mailboxes, CancellationToken ct)
    {
        if (Id(owner, name) is not { } session)
        {
            return NoSuchSession();
        }

        return await mailboxes.CancelAsync(session, id, context.Caller().Identity, ct)
            ? context.Done(PageOf(session))
            : context.Refused(
                StatusCodes.Status409Conflict,
                "Too late to cancel: this message does not wait any more.",
                why => Show(session, StatusCodes.Status409Conflict, why));
    }

    // One form for all of it: a time, none, or the pause's end.
    private static async Task<IResult> PauseAsync(string owner, string name, HttpContext context, PauseStore pauses, CancellationToken ct)
    {
        if (Id(owner, name) is not { } session)
        {
            return NoSuchSession();
        }

        var (wish, caller) = (context.Field("for"), context.Caller());
        var time = wish is "open" or "resume" ? null : Duration.Read(wish);
        if (wish is not ("open" or "resume") && !(time > TimeSpan.Zero && time <= PauseStore.Longest))
        {
            return TypedResults.Problem("A session is paused for a time such as 1h, 30 days at the most, or until it is resumed.", statusCode: StatusCodes.Status400BadRequest);
        }

        return await (wish == "resume" ? pauses.ResumeAsync(session, caller, ct) : pauses.PauseAsync(session, time, caller, ct))
            ? context.Done(PageOf(session))
            : NoSuchSession();
    }

    private static async Task<IResult> DecideAsync(
        long id, HttpContext context, PermissionStore permissions, TimeProvider clock, CancellationToken ct)
    {
        if (context.Field("behavior") is not (("allow" or "deny") and var behavior))
        {
            return TypedResults.Problem("A permission request is answered with allow or deny.", statusCode: StatusCodes.Status400BadRequest);
        }

        // Without script nothing else keeps back a second press that was meant for what stood there before.
        if (!PageCards.IsSettled(context.Field("shown_at"), clock.GetUtcNow()))
        {
            return Refuse(StatusCodes.Status409Conflict, "This button had only just appeared, so nothing was decided. Read the request, then press it again.");
        }

        var (outcome, request) = await permissions.DecideAsync(id, behavior, context.Caller(), context.Field("seen"), ct);
        return outcome switch
        {
            VerdictOutcome.Accepted => context.Done(PageCards.Again(From() is { } page ? PageOf(page) : "/", context.Request, request!.Id)),
            VerdictOutcome.Unknown => Refuse(StatusCodes.Status404NotFound, Verdicts.Explain(outcome, request)),
            _ => Refuse(StatusCodes.Status409Conflict, Verdicts.Explain(outcome, request)),
        };

        SessionId? From() => context.Field("from").Split('/') is [var owner, var name] ? Id(owner, name) : null;

        IResult Refuse(int status, string why) => context.Refused(status, why, said => From() is { } page
            ? Show(page, status, said)
            : new RazorComponentResult<HomePage>(new Dictionary<string, object?> { [nameof(HomePage.Notice)] = said }) { StatusCode = status });
    }

    // The same form sent twice enters once; a form that a browser has brought back with another text is another message.
    private static string? ClientId(string form, string text) =>
        form.Length == 0 ? null : $"{form[..Math.Min(form.Length, 40)]}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16]}";

    private static SessionId? Id(string owner, string name) =>
        Slug.IsValid(owner) && Slug.IsValid(name) ? new SessionId(owner, name) : null;

    private static string PageOf(SessionId session) => $"/s/{session.Owner}/{session.Name}";

    private static ProblemHttpResult NoSuchSession() =>
        TypedResults.Problem("There is no such session.", statusCode: StatusCodes.Status404NotFound);

    private static RazorComponentResult<SessionPage> Show(SessionId session, int status, string notice, string text = "") =>
        new(new Dictionary<string, object?>
        {
            [nameof(SessionPage.Owner)] = session.Owner,
            [nameof(SessionPage.Name)] = session.Name,
            [nameof(SessionPage.Notice)] = notice,
            [nameof(SessionPage.Draft)] = text,
        })
        {
            StatusCode = status,
        };
}
