using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Chats;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Chats;

/// <summary>Brings a permission request to every approver who has a direct chat with a bot.</summary>
internal static class Prompts
{
    public static async Task PutAsync(Turn turn, SessionId session, long id, string requestId, string tool, string preview)
    {
        if (await AccessStore.FindAsync(turn.Db, session) is not { } access)
        {
            return;
        }

        var text = PromptText.Open(session, requestId, tool, preview);
        OutboxButton[] more = PromptText.Cuts(tool, preview) ? [new OutboxButton("See more", $"m:{id}")] : [];
        foreach (var who in access.OwnerIdentities.Concat(access.Entries.Keys).Distinct().Select(one => new Identity(one)))
        {
            if (!who.IsChat || !access.May(who, Act.Approve))
            {
                continue;
            }

            foreach (var conversation in await turn.Db.RowsAsync(
                "SELECT id FROM conversation WHERE identity = @who", r => r.GetString(0), ("@who", who.Value)))
            {
                await OutboxStore.PutAsync(
                    turn, conversation, OutboxKind.Prompt, Lanes.Approvals, text, session: session, judged: who, requestId: id, buttons: more);
            }
        }
    }

    /// <summary>Under the end of all of a request's arguments.</summary>
    public static IReadOnlyList<OutboxButton> Verdicts(string id) => [new("Allow", $"v:{id}:allow"), new("Deny", $"v:{id}:deny")];

    /// <summary>Whether all of a request's arguments have reached this person's own chat: with the prompt, or in every part that See more brings.</summary>
    public static async Task<bool> HaveShownAsync(Turn turn, PermissionInfo request, Identity who) =>
        !PromptText.Cuts(request.ToolName, request.InputPreview)
        || await turn.Db.NumberAsync(
            """
            SELECT 1 FROM outbox
            WHERE created_at >= @asked AND request_id = @request AND kind = 'notice' AND state = 'sent' AND identity = @who LIMIT 1
            """,
            ("@asked", request.CreatedAt.ToUnixTimeMilliseconds()),
            ("@request", long.Parse(request.Id)),
            ("@who", who.Value)) is not null;
}
