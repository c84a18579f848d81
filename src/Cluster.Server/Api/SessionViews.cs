using System.Globalization;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Permissions;
using Cluster.Core.Sessions;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Permissions;
using Cluster.Storage.Sessions;

namespace Cluster.Server.Api;

/// <summary>What somebody may see of a session: who may watch sees all, who may talk sees their own conversation, who may approve sees
/// the requests. Null is for a session that they may not find.</summary>
internal sealed class SessionViews(AccessStore accesses, ConversationStore conversations, PermissionStore permissions)
{
    public async Task<List<ConversationLine>?> LinesAsync(SessionId session, Identity who, int limit, CancellationToken ct) =>
        await accesses.FindAsync(session, ct) is { } access && access.May(who, Act.Find)
            ? await conversations.LinesAsync(session, Own(access, who), limit, ct)
            : null;

    public async Task<List<EventInfo>?> EventsAsync(SessionId session, Identity who, string? state, int limit, CancellationToken ct) =>
        await accesses.FindAsync(session, ct) is { } access && access.May(who, Act.Find)
            ? await conversations.EventsAsync(session, Own(access, who), state, limit, ct)
            : null;

    public async Task<List<PermissionInfo>?> PermissionsAsync(SessionId session, Identity who, int limit, CancellationToken ct) =>
        await accesses.FindAsync(session, ct) is not { } access || !access.May(who, Act.Find) ? null
        : access.May(who, Act.Approve) ? await permissions.ListAsync(session, limit, ct)
        : [];

    /// <summary>The permission requests on a page: first those that it shows already, in the order in which it shows them and whatever has
    /// become of them, then what else is open, oldest first. So none that comes takes the place of one that was there.</summary>
    /// <param name="sessions">Those with open requests.</param>
    /// <param name="only">On one session's page, that session.</param>
    /// <param name="who">Who looks.</param>
    /// <param name="shown">What the page shows already.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<List<PermissionInfo>> CardsAsync(
        IEnumerable<SessionId> sessions, SessionId? only, Identity who, IReadOnlyList<long> shown, CancellationToken ct)
    {
        var places = shown.Select(id => id.ToString(CultureInfo.InvariantCulture)).ToArray();
        var known = (await permissions.FindAllAsync(shown, ct))
            .Where(request => only is null || request.Session == only.ToString())
            .OrderBy(request => Array.IndexOf(places, request.Id))
            .ToList();
        var (answerable, open) = (new HashSet<string>(), new List<PermissionInfo>());
        foreach (var session in sessions.Concat(known.Select(request => SessionId.Parse(request.Session))).Distinct())
        {
            if (await accesses.FindAsync(session, ct) is { } access && access.May(who, Act.Approve))
            {
                answerable.Add(session.ToString());
                open.AddRange(await permissions.ListOpenAsync(session, ct));
            }
        }

        known.RemoveAll(request => !answerable.Contains(request.Session));
        return [.. known, .. open.ExceptBy(known.Select(request => request.Id), request => request.Id).OrderBy(request => request.CreatedAt)];
    }

    private static string? Own(AccessList access, Identity who) => access.May(who, Act.Watch) ? null : who.Value;
}

/// <summary>Says why a verdict does not count.</summary>
internal static class Verdicts
{
    public static string Explain(VerdictOutcome outcome, PermissionInfo? request) => outcome switch
    {
        VerdictOutcome.AlreadyDecided => $"Too late: {request?.DecidedBy} has answered with {request?.Behavior}.",
        VerdictOutcome.Expired => "Too late: this request has expired. Claude Code still asks in its terminal.",
        VerdictOutcome.Closed => $"This request is closed: {request?.Reason ?? "the client that asked is gone"}.",
        VerdictOutcome.OtherInput => "This is not the request that you were shown, so nothing was decided. Load the page again.",
        VerdictOutcome.NotShown => "Nothing was decided: press See more first, and allow it when all of it has come.",
        _ => "There is no such request that you may answer.",
    };
}
