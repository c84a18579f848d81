using System.Data.Common;
using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Leases;
using Cluster.Storage.Watches;

namespace Cluster.Storage.Chats;

/// <summary>What an item of the outbox does.</summary>
public enum OutboxKind
{
    /// <summary>A session's answer.</summary>
    Answer,

    /// <summary>Words of the cluster to somebody it knows.</summary>
    Notice,

    /// <summary>A permission request, with buttons.</summary>
    Prompt,

    /// <summary>Another text for a prompt that is over; its buttons go.</summary>
    Edit,

    /// <summary>An emoji under a message; an empty one takes it away.</summary>
    React,
}

/// <summary>Something that waits to be sent.</summary>
public sealed record OutboxItem
{
    public required long Id { get; init; }
    public required ConversationId Conversation { get; init; }
    public required bool Private { get; init; }
    public required OutboxKind Kind { get; init; }

    /// <summary>One of <see cref="Lanes"/>.</summary>
    public int Lane { get; init; }

    public required string Body { get; init; }

    /// <summary>The platform's id of the message that is answered, edited or reacted to.</summary>
    public string? Target { get; init; }

    public SessionId? Session { get; init; }
    public long? RequestId { get; init; }

    /// <summary>Under its last message; those of a prompt's verdict come before them.</summary>
    public IReadOnlyList<OutboxButton> Buttons { get; init; } = [];

    /// <summary>Without sound: a line of the cluster's own, or unprompted while its reader is muted.</summary>
    public bool Silent { get; init; }

    /// <summary>How many of its messages the platform has taken already.</summary>
    public required int PartsSent { get; init; }

    public required int Attempts { get; init; }

    /// <summary>The tool call that it came of; of an answer, its own id; of a notice of an event, that event's.</summary>
    public long? CallId { get; init; }

    /// <summary>Ids of the uploads that it sends instead of its words.</summary>
    public IReadOnlyList<string> Uploads { get; init; } = [];
}

/// <summary>Answers, prompts and notices on their way to chat platforms. Only the holder of a bot's lease takes and marks its items.</summary>
public sealed class OutboxStore(Engine engine, LeaseStore leases)
{
    /// <summary>Why something was not sent that nobody may have any more.</summary>
    public const string Revoked = "its reader may not see it any more, or it is over";

    /// <summary>Tells somebody something, as long as they are somebody here.</summary>
    public Task NoticeAsync(ConversationId conversation, Identity who, string text, string? replyTo, CancellationToken ct) =>
        NoticeAsync(conversation, who, text, replyTo, [], ct);

    /// <summary>Tells somebody something that has buttons.</summary>
    public Task NoticeAsync(
        ConversationId conversation, Identity who, string text, string? replyTo, IReadOnlyList<OutboxButton> buttons, CancellationToken ct) =>
        engine.TurnAsync(
            turn => PutAsync(turn, conversation.ToString(), OutboxKind.Notice, Lanes.Approvals, text, replyTo, judged: who, buttons: buttons), ct);

    /// <summary>What may go out now: the first of each conversation and lane. Whose right has ended meanwhile is refused here.</summary>
    /// <exception cref="LeaseLostException">Another node sends by now.</exception>
    public Task<List<OutboxItem>> TakeAsync(Lease lease, string bot, int most, CancellationToken ct) =>
        TakeAsync(lease, bot, most, new HashSet<(ConversationId, int)>(), files: true, ct);

    /// <summary>The same, while some are on their way already.</summary>
    /// <param name="lease">The bot's.</param>
    /// <param name="bot">Its name.</param>
    /// <param name="most">How many at the most.</param>
    /// <param name="busy">Conversations and lanes in which something is on its way.</param>
    /// <param name="files">Answers with files as well.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="LeaseLostException">Another node sends by now.</exception>
    public Task<List<OutboxItem>> TakeAsync(
        Lease lease, string bot, int most, IReadOnlySet<(ConversationId Conversation, int Lane)> busy, bool files, CancellationToken ct) =>
        leases.TurnAsync(
            lease,
            async turn =>
            {
                // What may not go ends here, and what stood behind it is first then.
                while (true)
                {
                    var found = await FirstAsync(turn, bot, most + busy.Count, files);
                    found.RemoveAll(one => busy.Contains((one.Item.Conversation, one.Item.Lane)));
                    var going = new List<OutboxItem>(found.Count);
                    foreach (var (item, judged) in found)
                    {
                        if (await OutboxRules.MayGoAsync(turn, item, judged))
                        {
                            going.Add(item);
                        }
                        else
                        {
                            await RefuseAsync(turn, item, Revoked);
                        }
                    }

                    if (going.Count > 0 || found.Count == 0)
                    {
                        return going;
                    }
                }
            },
            ct);

    /// <summary>Writes down what became of some tries.</summary>
    /// <exception cref="LeaseLostException">Another node sends by now.</exception>
    public Task MarkAsync(Lease lease, IReadOnlyList<(OutboxItem Item, SendResult Result)> results, CancellationToken ct) =>
        leases.TurnAsync(
            lease,
            async turn =>
            {
                foreach (var (item, result) in results)
                {
                    await MarkAsync(turn, item, result);
                }

                return true;
            },
            ct);

    /// <summary>Forgets what was sent long ago.</summary>
    public static async Task<int> SweepAsync(Turn turn) =>
        await turn.Db.ExecuteAsync(
            "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE created_at <= @before AND state <> 'queued' LIMIT 1000)",
            ("@before", (turn.Now - Kept).ToUnixTimeMilliseconds()))
        + await turn.Db.ExecuteAsync(
            """
            DELETE FROM chat_message WHERE (conversation, message_id) IN (
              SELECT conversation, message_id FROM chat_message WHERE at <= @before LIMIT 1000)
            """,
            ("@before", (turn.Now - Remembered).ToUnixTimeMilliseconds()))
        + await turn.Db.ExecuteAsync(
            "UPDATE chat_message SET live = 0 WHERE live = 1 AND at > 0 AND at <= @before", ("@before", (turn.Now - Shown).ToUnixTimeMilliseconds()));

    // So long what becomes of a message is shown under it.
    private static readonly TimeSpan Shown = TimeSpan.FromDays(8);

    private static readonly TimeSpan Kept = TimeSpan.FromDays(8);

    // For so long an answer to an old message still reaches its session.
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(30);

    /// <summary>Puts something into the outbox, in the turn that decided it.</summary>
    /// <returns>Its id.</returns>
    internal static async Task<long> PutAsync(
        Turn turn, string conversation, OutboxKind kind, int lane, string body, string? target = null,
        SessionId? session = null, Identity? judged = null, long? requestId = null, IReadOnlyList<OutboxButton>? buttons = null,
        long? callId = null, IReadOnlyList<string>? uploads = null, TimeSpan after = default)
    {
        // Of the states that a message is shown to have, the newest wins.
        if (kind is OutboxKind.React or OutboxKind.Edit)
        {
            await turn.Db.ExecuteAsync(
                """
                UPDATE outbox SET state = 'replaced'
                WHERE conversation = @conversation AND lane = @lane AND state = 'queued' AND lane >= 0 AND kind = @kind AND target = @target
                """,
                ("@conversation", conversation),
                ("@lane", lane),
                ("@kind", Word(kind)),
                ("@target", target));
        }

        var (id, bot) = (await turn.TakeIdAsync(), ConversationId.Parse(conversation).Bot);
        await turn.Db.ExecuteAsync(
            """
            INSERT INTO outbox
              (id, bot, conversation, lane, kind, body, target, session_id, identity, request_id, call_id, uploads, buttons, parts_sent, attempts, state, due_at,
               created_at)
            VALUES
              (@id, @bot, @conversation, @lane, @kind, @body, @target, @session, @identity, @request, @call, @uploads, @buttons, 0, 0, 'queued', @due, @now)
            """,
            ("@id", id),
            ("@bot", bot),
            ("@conversation", conversation),
            ("@lane", lane),
            ("@kind", Word(kind)),
            ("@body", Packed.Pack(body)),
            ("@target", target),
            ("@session", session?.ToString()),
            ("@identity", judged?.Value),
            ("@request", requestId),
            ("@call", callId),
            ("@uploads", uploads is { Count: > 0 } ? string.Join(' ', uploads) : null),
            ("@buttons", OutboxButton.Pack(buttons ?? [])),
            ("@due", (turn.Now + after).ToUnixTimeMilliseconds()),
            ("@now", turn.NowMs));
        turn.Show(TopicOf(bot));
        return id;
    }

    /// <summary>What the sender of a bot is woken by.</summary>
    public static string TopicOf(string bot) => $"outbox:{bot}";

    private static Task<List<(OutboxItem Item, string? Judged)>> FirstAsync(Turn turn, string bot, int most, bool files) =>
        turn.Db.RowsAsync(
            """
            SELECT o.id, o.conversation, c.identity, o.kind, o.body, o.target, o.session_id, o.request_id, o.parts_sent, o.attempts, o.call_id, o.uploads,
              o.identity, o.buttons, o.lane, CASE WHEN o.lane = @lines OR (o.target IS NULL AND u.muted_until > @now) THEN 1 ELSE 0 END
            FROM outbox o LEFT JOIN conversation c ON c.id = o.conversation LEFT JOIN chat_user u ON u.identity = o.identity
            WHERE o.bot = @bot AND o.state = 'queued' AND o.lane >= 0 AND o.due_at <= @now AND (@files = 1 OR o.uploads IS NULL) AND NOT EXISTS (
              SELECT 1 FROM outbox b
              WHERE b.conversation = o.conversation AND b.lane = o.lane AND b.id < o.id AND b.state = 'queued' AND b.lane >= 0)
            ORDER BY o.lane, o.id LIMIT @most
            """,
            r => (Read(r), r.TextOrNull(12)),
            ("@bot", bot),
            ("@now", turn.NowMs),
            ("@files", files ? 1 : 0),
            ("@lines", Lanes.Lines),
            ("@most", most));

    private static async Task MarkAsync(Turn turn, OutboxItem item, SendResult result)
    {
        switch (result)
        {
            case SendResult.Sent sent:
                await SentMarks.MarkAsync(turn, item, sent);
                break;
            case SendResult.Later(var wait, var failed):
                await turn.Db.ExecuteAsync(
                    "UPDATE outbox SET due_at = @due, attempts = attempts + @failed WHERE id = @id",
                    ("@due", (turn.Now + wait).ToUnixTimeMilliseconds()),
                    ("@failed", failed ? 1 : 0),
                    ("@id", item.Id));
                break;
            case SendResult.Refused(var reason):
                await RefuseAsync(turn, item, reason);
                // Of who is only told something, nothing stays: it may be a stranger who was given a code.
                await turn.AuditAsync("node", "outbox.refused", item.Kind == OutboxKind.Notice ? item.Conversation.Bot : item.Conversation.ToString(), $"{item.Id} {reason}");
                break;
        }
    }

    // An answer that does not arrive says so where it stands in its session's conversation.
    private static async Task RefuseAsync(Turn turn, OutboxItem item, string reason)
    {
        await turn.Db.ExecuteAsync("UPDATE outbox SET state = 'refused', reason = @reason WHERE id = @id", ("@reason", reason), ("@id", item.Id));
        await WaitingLines.NotSentAsync(turn, item.Id);
        await UploadStore.ForgetAsync(turn, item.Uploads);
        CallOutcomes.Wake(turn, item);
        await NoticeStore.EndedAsync(turn, item, reason);
        if (item is { Kind: OutboxKind.Answer, Session: { } session }
            && await turn.Db.ExecuteAsync(
                """
                UPDATE reply SET refused = @reason
                WHERE id = @id AND NOT EXISTS (SELECT 1 FROM outbox WHERE call_id = @id AND state IN ('queued', 'sent'))
                """,
                ("@reason", reason),
                ("@id", item.CallId)) > 0)
        {
            turn.Show(session.ToString());
        }
    }

    private static OutboxItem Read(DbDataReader r) => new()
    {
        Id = r.GetInt64(0),
        Conversation = ConversationId.Parse(r.GetString(1)),
        Private = !r.IsDBNull(2),
        Kind = Enum.Parse<OutboxKind>(r.GetString(3), ignoreCase: true),
        Body = Packed.UnpackText(r.Bytes(4)),
        Target = r.TextOrNull(5),
        Session = r.TextOrNull(6) is { } session ? SessionId.Parse(session) : null,
        RequestId = r.NumberOrNull(7),
        PartsSent = r.GetInt32(8),
        Attempts = r.GetInt32(9),
        CallId = r.NumberOrNull(10),
        Uploads = r.TextOrNull(11)?.Split(' ') ?? [],
        Buttons = OutboxButton.Unpack(r.TextOrNull(13)),
        Lane = r.GetInt32(14),
        Silent = r.GetInt32(15) == 1,
    };

    private static string Word(OutboxKind kind) => kind.ToString().ToLowerInvariant();
}
