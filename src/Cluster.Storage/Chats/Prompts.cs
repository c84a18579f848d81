using Cluster.Core.Access;
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
        OutboxButton[] more = PromptText.Cuts(preview) ? [new OutboxButton("See more", $"m:{id}")] : [];
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
}
