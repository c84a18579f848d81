using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;
using Cluster.Storage.Watches;

namespace Cluster.Storage.Chats;

/// <summary>Everything in words is for somebody's eyes by right; the right is asked again when it goes out.</summary>
internal static class OutboxRules
{
    public static async Task<bool> MayGoAsync(Turn turn, OutboxItem item, string? judged) => item.Kind switch
    {
        // A line about what waits.
        OutboxKind.Notice when item.Lane == Lanes.Lines =>
            await MayAsync(turn, item.Session, judged, Act.Talk) && await WaitingLines.StillWaitsAsync(turn, item.Id),

        // Who is told of an event watches its session, and is the account of somebody here.
        OutboxKind.Notice when item.Lane == Lanes.Told =>
            item.Session is { } session && judged is not null && await NoticeStore.MayBeToldAsync(turn.Db, session, new Identity(judged)),

        // What no session says, the cluster itself shows.
        OutboxKind.Edit or OutboxKind.React => item.Session is null || await MayAsync(turn, item.Session, judged, Act.Talk),

        // All of a request's arguments.
        OutboxKind.Notice when item.RequestId is not null => await MayAsync(turn, item.Session, judged, Act.Approve),
        OutboxKind.Notice => judged is not null && await IsKnownAsync(turn, judged),
        OutboxKind.Prompt => await IsOpenAsync(turn, item.RequestId) && await MayAsync(turn, item.Session, judged, Act.Approve),
        OutboxKind.Answer => await MayAsync(turn, item.Session, judged, Act.Talk),
        _ => true,
    };

    // Who holds a code of an open window is told that, and is somebody no longer than the code lives.
    private static async Task<bool> IsKnownAsync(Turn turn, string who) => await turn.Db.NumberAsync(
        """
        SELECT 1 FROM identity WHERE id = @who UNION SELECT 1 FROM access_entry WHERE identity = @who
        UNION SELECT 1 FROM pairing_request WHERE identity = @who AND expires_at > @now
        """,
        ("@who", who),
        ("@now", turn.NowMs)) is not null;

    private static async Task<bool> MayAsync(Turn turn, SessionId? session, string? judged, Act act) =>
        session is { } asked && judged is not null
        && await AccessStore.FindAsync(turn.Db, asked) is { } access && access.May(new Identity(judged), act);

    // When it is over there is nothing to decide any more.
    private static async Task<bool> IsOpenAsync(Turn turn, long? requestId) => await turn.Db.NumberAsync(
        "SELECT 1 FROM permission_request WHERE id = @id AND state = 'open' AND expires_at > @now", ("@id", requestId), ("@now", turn.NowMs)) is not null;
}
