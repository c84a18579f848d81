using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Storage.Engines;
using Cluster.Storage.Watches;

namespace Cluster.Storage.Chats;

/// <summary>Writes down that the platform has taken an item, or one of its messages.</summary>
internal static class SentMarks
{
    public static async Task MarkAsync(Turn turn, OutboxItem item, SendResult.Sent sent)
    {
        var now = await turn.Db.RowAsync(
            """
            UPDATE outbox SET parts_sent = parts_sent + 1, attempts = 0, due_at = @now,
              state = CASE WHEN @last = 1 THEN 'sent' ELSE state END, sent_at = CASE WHEN @last = 1 THEN @now ELSE sent_at END
            WHERE id = @id RETURNING body, identity
            """,
            r => new { Body = Packed.UnpackText(r.Bytes(0)), Judged = r.TextOrNull(1) },
            ("@last", sent.Last ? 1 : 0),
            ("@now", turn.NowMs),
            ("@id", item.Id));
        if (sent.MessageId is not null && item.Session is { } session)
        {
            foreach (var message in sent.Others.Prepend(sent.MessageId))
            {
                await KeepAsync(turn, item, session.ToString(), message);
            }

            await WaitingLines.SentAsync(turn, item, sent.MessageId);
            turn.Show(session.ToString());
            if (now is not null && now.Body != item.Body && item is { Kind: OutboxKind.Answer, PartsSent: 0, Uploads: [] } && now.Judged is not null)
            {
                // Its session has changed the text while the old one was on its way.
                await OutboxStore.PutAsync(
                    turn, item.Conversation.ToString(), OutboxKind.Edit, Lanes.Answers, now.Body, sent.MessageId, session, new Identity(now.Judged));
            }
        }

        if (sent.Last)
        {
            await UploadStore.ForgetAsync(turn, item.Uploads);
            CallOutcomes.Wake(turn, item);
            await NoticeStore.EndedAsync(turn, item, why: null);
        }
    }

    // Of a message that shows no answer: prompts and lines belong to a session, which may not change them.
    private const long TheClusters = 0;

    private static Task<int> KeepAsync(Turn turn, OutboxItem item, string session, string message) =>
        turn.Db.ExecuteAsync(
            """
            INSERT INTO chat_message (conversation, message_id, session_id, request_id, reply_id, file, shown, live, at)
            VALUES (@conversation, @message, @session, @request, @reply, @file, 'open', @live, @now) ON CONFLICT (conversation, message_id) DO NOTHING
            """,
            ("@conversation", item.Conversation.ToString()),
            ("@message", message),
            ("@session", session),
            ("@request", item.RequestId),
            ("@reply", item.Kind == OutboxKind.Answer ? item.CallId : TheClusters),
            ("@file", item.Uploads.Count > 0 ? 1 : null),
            ("@live", item.Kind == OutboxKind.Prompt ? 1 : 0),
            ("@now", turn.NowMs));
}
