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
        _ => "There is no such request that you may answer.",
    };
}
