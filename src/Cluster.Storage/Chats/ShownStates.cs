using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Leases;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Chats;

/// <summary>Brings what people see under their messages up to what is so: the state of a delivery as an emoji, the end of a permission
/// request in every copy of its prompt, and a line for what waits.</summary>
public sealed class ShownStates(Engine engine, LeaseStore leases)
{
    private const int Most = 200; // messages in one turn

    /// <summary>Puts into the outbox what has changed in a bot's conversations.</summary>
    /// <param name="lease">The bot's.</param>
    /// <param name="bot">Its name.</param>
    /// <param name="sessions">Sessions in which something has changed; null for all.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>How many messages show something new.</returns>
    /// <exception cref="LeaseLostException">Another node sends by now.</exception>
    public async Task<int> ShowAsync(Lease lease, string bot, IReadOnlyCollection<string>? sessions, CancellationToken ct)
    {
        // Read without holding the lease: only what is written must be its holder's.
        var (changed, lines) = await engine.ReadAsync(
            async db => (await ChangedAsync(db, bot, sessions), await LinesAsync(db, bot, sessions)), ct);
        foreach (var some in changed.Chunk(Most))
        {
            await leases.TurnAsync(
                lease,
                async turn =>
                {
                    foreach (var one in some)
                    {
                        await ShowAsync(turn, one);
                    }

                    return true;
                },
                ct);
        }

        foreach (var some in lines.Chunk(Most))
        {
            await leases.TurnAsync(
                lease,
                async turn =>
                {
                    foreach (var step in some)
                    {
                        await WaitingLines.DoAsync(turn, step);
                    }

                    return true;
                },
                ct);
        }

        return changed.Count + lines.Count;
    }

    private static async Task<List<WaitingLines.Step>> LinesAsync(EngineConnection db, string bot, IReadOnlyCollection<string>? sessions)
    {
        var steps = new List<WaitingLines.Step>();
        foreach (var session in sessions ?? [null!])
        {
            steps.AddRange(await WaitingLines.ChangedAsync(db, bot, session));
        }

        return steps;
    }

    private static async Task<List<Change>> ChangedAsync(EngineConnection db, string bot, IReadOnlyCollection<string>? sessions)
    {
        var changed = new List<Change>();
        foreach (var session in sessions ?? [""])
        {
            changed.AddRange((await db.RowsAsync(
                sessions is null ? Select("") : Select("AND m.session_id = @session"),
                r => new Change(
                    r.GetString(0), r.GetString(1), r.GetString(2), r.GetString(3), r.TextOrNull(4), r.TextOrNull(5), r.TextOrNull(6), r.TextOrNull(7),
                    SessionId.Parse(r.GetString(8)), !r.IsDBNull(9), r.TextOrNull(10)),
                sessions is null ? [("@bot", bot)] : [("@bot", bot), ("@session", session)])).Where(one => one.Shown != one.Shows));
        }

        return changed;
    }

    private static string Select(string which) => $"""
        SELECT m.conversation, m.message_id, m.shown, d.state, NULL AS verdict, NULL AS by, NULL AS tool, NULL AS reason, m.session_id,
          ({WaitingLines.Attached("m.session_id")}) AS attached, c.identity
        FROM chat_message m JOIN conversation c ON c.id = m.conversation AND c.bot = @bot
        JOIN delivery d ON d.session_id = m.session_id AND d.event_id = m.event_id
        WHERE m.live = 1 AND m.at > 0 {which} AND m.event_id IS NOT NULL
        UNION ALL
        SELECT m.conversation, m.message_id, m.shown, p.state, p.behavior, p.decided_by, p.tool_name, p.reason, m.session_id, NULL, c.identity
        FROM chat_message m JOIN conversation c ON c.id = m.conversation AND c.bot = @bot
        JOIN permission_request p ON p.id = m.request_id
        WHERE m.live = 1 AND m.at > 0 {which} AND m.request_id IS NOT NULL
        """;

    private static async Task ShowAsync(Turn turn, Change change)
    {
        // A message that meanwhile bears a reaction of the session itself shows no states any more.
        if (await turn.Db.ExecuteAsync(
            "UPDATE chat_message SET shown = @shown, live = @live WHERE conversation = @conversation AND message_id = @message AND live = 1",
            ("@shown", change.Shows),
            ("@live", change.IsEnd ? 0 : 1),
            ("@conversation", change.Conversation),
            ("@message", change.MessageId)) == 0)
        {
            return;
        }

        if (change.IsPrompt)
        {
            if (change.State != "open")
            {
                // Who may not see it any more sees only that it is over.
                var sees = change.Identity is { } who && await AccessStore.FindAsync(turn.Db, change.Session) is { } access
                    && access.May(new Identity(who), Act.Approve);
                await OutboxStore.PutAsync(
                    turn, change.Conversation, OutboxKind.Edit, Lanes.Approvals, sees ? PromptText.Over(change) : "This request is over.", change.MessageId);
            }
        }
        else if (ChatStates.Emoji(change.State, change.Attached) is var emoji
            && emoji != (change.Shown.Length == 0 ? null : ChatStates.Emoji(change.Shown.TrimEnd('!'), !change.Shown.EndsWith('!'))))
        {
            await OutboxStore.PutAsync(turn, change.Conversation, OutboxKind.React, Lanes.States, emoji ?? "", change.MessageId);
        }
    }

    /// <summary>One message whose state may be shown otherwise than it is.</summary>
    internal sealed record Change(
        string Conversation, string MessageId, string Shown, string State, string? Behavior, string? By, string? Tool, string? Reason, SessionId Session, bool Attached,
        string? Identity)
    {
        public bool IsPrompt => Tool is not null;

        /// <summary>A mark at its end says that the session does not run.</summary>
        public string Shows => IsPrompt || Attached || State != "queued" ? State : State + "!";

        public bool IsEnd => IsPrompt ? State is "relayed" or "expired" or "closed" : ChatStates.IsEnd(State);
    }
}
