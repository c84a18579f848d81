using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Chats;

/// <summary>One line in a conversation that says how its messages wait for a session that does not run: sent once, edited as that changes,
/// and at its end it says what became of them.</summary>
internal static class WaitingLines
{
    // A restart of Claude Code takes less: nobody is told of it.
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // It did not come, and none comes until the session has run: a platform that refuses a line is not asked again and again.
    private const long GivenUp = -1;
    private const long NotYetPut = 0;

    /// <summary>What has to be done in a bot's conversations; of one session when it is named.</summary>
    public static async Task<List<Step>> ChangedAsync(EngineConnection db, string bot, string? session)
    {
        var which = session is null ? "" : "AND m.session_id = @session";
        (string, object?)[] values = session is null ? [("@bot", bot)] : [("@bot", bot), ("@session", session)];
        var begin = await db.RowsAsync(
            $"""
            SELECT m.conversation, m.session_id, MIN(m.event_id)
            FROM chat_message m JOIN conversation c ON c.id = m.conversation AND c.bot = @bot
            JOIN delivery d ON d.session_id = m.session_id AND d.event_id = m.event_id AND d.state IN ('queued', 'sent') AND d.priority >= 0
            WHERE m.live = 1 AND m.at > 0 {which} AND m.event_id IS NOT NULL AND NOT EXISTS ({Attached("m.session_id")})
              AND NOT EXISTS (SELECT 1 FROM waiting_line w WHERE w.conversation = m.conversation AND w.session_id = m.session_id)
            GROUP BY m.conversation, m.session_id
            """,
            r => (Step)new Step.Begin(r.GetString(0), SessionId.Parse(r.GetString(1)), r.GetInt64(2)),
            values);
        var lines = await db.RowsAsync(Lines(session is null ? "" : "WHERE w.session_id = @session"), Read, values);
        return [.. begin, .. lines.Select(Next).OfType<Step>()];
    }

    public static async Task DoAsync(Turn turn, Step step)
    {
        switch (step)
        {
            case Step.Begin(var conversation, var session, var first):
                await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO waiting_line (conversation, session_id, first_event, item, shown) VALUES (@conversation, @session, @first, @item, '')
                    ON CONFLICT (conversation, session_id) DO NOTHING
                    """,
                    ("@conversation", conversation),
                    ("@session", session.ToString()),
                    ("@first", first),
                    ("@item", NotYetPut));
                var line = await turn.Db.RowAsync(
                    Lines("WHERE w.conversation = @conversation AND w.session_id = @session"),
                    Read,
                    ("@bot", ConversationId.Parse(conversation).Bot),
                    ("@conversation", conversation),
                    ("@session", session.ToString()));
                if (line is not null && Next(line) is { } next)
                {
                    await DoAsync(turn, next);
                }

                break;
            case Step.Put(var of, var text):
                if (await FirstAsync(turn, of) is { } message)
                {
                    var item = await OutboxStore.PutAsync(
                        turn, of.Conversation, OutboxKind.Notice, Lanes.Lines, text, message.Id, of.Session, new Identity(message.Sender), after: Patience);
                    await ShowAsync(turn, of, item, text);
                }

                break;
            case Step.Rewrite(var of, var text):
                await turn.Db.ExecuteAsync(
                    "UPDATE outbox SET body = @body WHERE id = @item AND state = 'queued' AND parts_sent = 0", ("@body", Packed.Pack(text)), ("@item", of.Item));
                await ShowAsync(turn, of, of.Item, text);
                break;
            case Step.Edit(var of, var text, var over):
                var judged = await FirstAsync(turn, of) is { } first0 ? new Identity(first0.Sender) : (Identity?)null;
                await OutboxStore.PutAsync(
                    turn, of.Conversation, OutboxKind.Edit, Lanes.Lines, text, of.MessageId, of.Session, judged);
                await (over ? EndAsync(turn, of) : ShowAsync(turn, of, of.Item, text));
                break;
            case Step.End(var of):
                await EndAsync(turn, of);
                break;
        }
    }

    /// <summary>Whether there is still something to say when the line is sent.</summary>
    public static async Task<bool> StillWaitsAsync(Turn turn, long item) =>
        await turn.Db.NumberAsync(
            $"""
            SELECT 1 FROM waiting_line w WHERE w.item = @item AND NOT EXISTS ({Attached("w.session_id")}) AND EXISTS (
              SELECT 1 FROM chat_message m JOIN delivery d ON d.session_id = m.session_id AND d.event_id = m.event_id
              WHERE m.conversation = w.conversation AND m.session_id = w.session_id AND m.event_id >= w.first_event AND d.state IN ('queued', 'sent'))
            """,
            ("@item", item)) is not null;

    public static Task<int> SentAsync(Turn turn, OutboxItem item, string messageId) =>
        turn.Db.ExecuteAsync(
            "UPDATE waiting_line SET message_id = @message, shown = @shown WHERE item = @item",
            ("@message", messageId),
            ("@shown", item.Body),
            ("@item", item.Id));

    public static Task<int> NotSentAsync(Turn turn, long item) =>
        turn.Db.ExecuteAsync("UPDATE waiting_line SET item = @none WHERE item = @item", ("@none", GivenUp), ("@item", item));

    /// <summary>Finds a row where a client is attached to the session, and is given what comes.</summary>
    public static string Attached(string session) => $"""
        SELECT 1 FROM session s JOIN attachment a ON a.session_id = s.id AND a.epoch = s.epoch
        JOIN mcp_session x ON x.id = a.mcp_session AND x.stream = a.stream WHERE s.id = {session} AND s.paused_until IS NULL
        """;

    private static Step? Next(Line line)
    {
        var over = line.Tally.Waiting == 0;
        if (line.MessageId is null)
        {
            // One that is on its way to its platform is judged when it goes out.
            var putAside = line.Item == GivenUp || line.Unknown;
            return (line.Item == NotYetPut || putAside) && (over || line.Attached) ? new Step.End(line)
                : over || line.Attached || putAside ? null
                : line.Item == NotYetPut ? new Step.Put(line, line.Text)
                : line.Text == line.Shown ? null
                : new Step.Rewrite(line, line.Text);
        }

        // While a client takes what waits there is nothing to be said: in a moment there is.
        return (line.Attached && !over) || line.Text == line.Shown ? null : new Step.Edit(line, line.Text, over);
    }

    private static Task<int> ShowAsync(Turn turn, Line line, long item, string text) =>
        turn.Db.ExecuteAsync(
            "UPDATE waiting_line SET item = @item, shown = @shown WHERE conversation = @conversation AND session_id = @session",
            ("@item", item),
            ("@shown", text),
            ("@conversation", line.Conversation),
            ("@session", line.Session.ToString()));

    private static Task<int> EndAsync(Turn turn, Line line) =>
        turn.Db.ExecuteAsync(
            "DELETE FROM waiting_line WHERE conversation = @conversation AND session_id = @session",
            ("@conversation", line.Conversation),
            ("@session", line.Session.ToString()));

    // The message that the line answers, and whose right to hear of the session is asked when it goes out.
    private static Task<FirstMessage?> FirstAsync(Turn turn, Line line) =>
        turn.Db.RowAsync(
            """
            SELECT m.message_id, e.sender FROM chat_message m JOIN event e ON e.id = m.event_id
            WHERE m.conversation = @conversation AND m.session_id = @session AND m.event_id >= @first ORDER BY m.event_id LIMIT 1
            """,
            r => new FirstMessage(r.GetString(0), r.GetString(1)),
            ("@conversation", line.Conversation),
            ("@session", line.Session.ToString()),
            ("@first", line.First));

    // The place of the first that waits is counted among everything that waits for the session: what is urgent overtakes it. Verdicts do so too,
    // and are not counted.
    private static string Lines(string which) => $"""
        SELECT t.*, (
          SELECT COUNT(*) FROM delivery q
          WHERE q.session_id = t.session_id AND q.state IN ('queued', 'sent') AND q.priority >= 0 AND (
            (q.priority > 0 AND q.event_id <= t.waits) OR (q.priority = 1 AND t.waits IS NOT NULL))) AS place
        FROM (
          SELECT w.conversation, w.session_id, w.message_id, w.shown, w.item, w.first_event,
            MIN(CASE WHEN d.state IN ('queued', 'sent') THEN d.event_id END) AS waits,
            COUNT(CASE WHEN d.state IN ('queued', 'sent') THEN 1 END) AS waiting,
            COUNT(CASE WHEN d.state IN ('received', 'answered') THEN 1 END) AS taken,
            COUNT(CASE WHEN d.state = 'dead' AND d.reason = 'cancelled' THEN 1 END) AS cancelled,
            COUNT(CASE WHEN d.state = 'expired' THEN 1 END) AS expired,
            COUNT(CASE WHEN d.state = 'dead' AND d.reason <> 'cancelled' THEN 1 END) AS dead,
            ({Attached("w.session_id")}) AS attached,
            (SELECT s.paused_until FROM session s WHERE s.id = w.session_id) AS paused,
            CASE WHEN w.item > 0 AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.id = w.item AND o.state = 'queued') THEN 1 END AS gone
          FROM waiting_line w JOIN conversation c ON c.id = w.conversation AND c.bot = @bot
          LEFT JOIN chat_message m ON m.conversation = w.conversation AND m.session_id = w.session_id AND m.event_id >= w.first_event
          LEFT JOIN delivery d ON d.session_id = m.session_id AND d.event_id = m.event_id
          {which}
          GROUP BY w.conversation, w.session_id, w.message_id, w.shown, w.item, w.first_event) t
        """;

    private static Line Read(System.Data.Common.DbDataReader r) => new()
    {
        Conversation = r.GetString(0),
        Session = SessionId.Parse(r.GetString(1)),
        MessageId = r.TextOrNull(2),
        Shown = r.GetString(3),
        Item = r.GetInt64(4),
        First = r.GetInt64(5),
        Tally = new WaitingTally(
            (int)r.GetInt64(7), (int)r.GetInt64(15), (int)r.GetInt64(8), (int)r.GetInt64(9), (int)r.GetInt64(10), (int)r.GetInt64(11))
        {
            Paused = !r.IsDBNull(13),
        },
        Attached = !r.IsDBNull(12),
        Unknown = r.TextOrNull(2) is null && !r.IsDBNull(14),
    };

    /// <summary>How things stand with one line.</summary>
    internal sealed record Line
    {
        public required string Conversation { get; init; }
        public required SessionId Session { get; init; }
        public required string? MessageId { get; init; }
        public required string Shown { get; init; }
        public required long Item { get; init; }
        public required long First { get; init; }
        public required WaitingTally Tally { get; init; }
        public required bool Attached { get; init; }

        /// <summary>It was sent or refused by a node of an older version, which writes nothing down of it.</summary>
        public required bool Unknown { get; init; }

        public string Text => Tally.Describe(Session);
    }

    /// <summary>What has to be done with one line.</summary>
    internal abstract record Step
    {
        private Step()
        {
        }

        public sealed record Begin(string Conversation, SessionId Session, long First) : Step;

        public sealed record Put(Line Of, string Text) : Step;

        public sealed record Rewrite(Line Of, string Text) : Step;

        public sealed record Edit(Line Of, string Text, bool Over) : Step;

        public sealed record End(Line Of) : Step;
    }

    private sealed record FirstMessage(string Id, string Sender);
}
