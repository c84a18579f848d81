using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Chats;

/// <summary>Tells those whom it may concern, in their direct chats, that somebody guesses.</summary>
internal static class Alerts
{
    private const int MostSessions = 200;
    private const int MostTold = 200; // identities
    private const int LongestName = 64;

    /// <summary>Somebody has named too many wrong ids of permission requests: the approvers of what is open, and the owners of sessions that
    /// let this person in, hear of it.</summary>
    public static async Task LockedAsync(Turn turn, Identity who, int guesses)
    {
        await turn.AuditAsync(who.Value, "permission.lock", who.Value, $"{guesses} wrong ids");
        var told = new HashSet<string>();
        foreach (var (session, open) in await turn.Db.RowsAsync(
            """
            SELECT session_id, MAX(waits) FROM (
              SELECT session_id, 1 AS waits FROM permission_request WHERE state IN ('open', 'decided') AND state = 'open' AND expires_at > @now
              UNION ALL SELECT session_id, 0 FROM access_entry WHERE identity = @who) concerned
            GROUP BY session_id ORDER BY 2 DESC, session_id LIMIT @most
            """,
            r => (Session: SessionId.Parse(r.GetString(0)), Open: r.GetInt32(1) == 1),
            ("@now", turn.NowMs),
            ("@who", who.Value),
            ("@most", MostSessions)))
        {
            if (await AccessStore.FindAsync(turn.Db, session) is { } access)
            {
                told.UnionWith(access.OwnerIdentities.Concat(access.Entries.Keys)
                    .Where(one => access.May(new Identity(one), open ? Act.Approve : Act.Own)));
            }
        }

        told.Remove(who.Value);
        var name = await turn.Db.RowAsync("SELECT name FROM chat_user WHERE identity = @who", r => r.GetString(0), ("@who", who.Value)) ?? "";
        await TellAsync(
            turn,
            told,
            $"{PromptText.Code(who.Value)} ({Name(name)}) has named {guesses} wrong ids of permission requests within ten minutes, and is not listened to for a while. "
                + "If that is somebody guessing, take their rights away: `cluster revoke`.");
    }

    /// <summary>Somebody has tried too many wrong secrets for a pairing code: its owner hears of it.</summary>
    public static async Task BurntAsync(Turn turn, string principal, string handle) =>
        await TellAsync(
            turn,
            await turn.Db.RowsAsync("SELECT id FROM identity WHERE principal = @principal", r => r.GetString(0), ("@principal", principal)),
            $"Your pairing code `{handle}-…` was sent {PairingCode.MaxFailed} times with a wrong end and works no more. "
                + "If that was not you, somebody is guessing. For a new one: `cluster pair`.");

    private static async Task TellAsync(Turn turn, IEnumerable<string> identities, string text)
    {
        foreach (var one in identities.Order(StringComparer.Ordinal).Select(one => new Identity(one)).Where(one => one.IsChat).Take(MostTold))
        {
            foreach (var direct in await turn.Db.RowsAsync("SELECT id FROM conversation WHERE identity = @who", r => r.GetString(0), ("@who", one.Value)))
            {
                await OutboxStore.PutAsync(turn, direct, OutboxKind.Notice, Lanes.Approvals, text, judged: one);
            }
        }
    }

    // Anybody may bear any name: it stands there as text that forms nothing.
    private static string Name(string name) =>
        HostileText.Clean(name).Trim() is { Length: > 0 } clean ? $"calls themselves {PromptText.Code(HostileText.Cut(clean, LongestName))}" : "no name";
}
