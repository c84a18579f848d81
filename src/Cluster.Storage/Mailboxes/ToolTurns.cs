using Cluster.Core.Sessions;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Mailboxes;

/// <summary>The turn of a tool call that changes something, and what every such turn writes.</summary>
internal static class ToolTurns
{
    /// <summary>How long a repeat is known.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    public static async Task CalledAsync(Turn turn, SessionId session)
    {
        await turn.Db.ExecuteAsync("UPDATE session SET last_call_at = @now WHERE id = @id", ("@now", turn.NowMs), ("@id", session.ToString()));
        turn.Show(session.ToString());
    }

    /// <summary>Shows in this session's conversation what it said. What another session got bears the same id there.</summary>
    public static Task<int> WriteAsync(Turn turn, SessionId session, long id, string chatId, long? replyTo, string text) =>
        turn.Db.ExecuteAsync(
            "INSERT INTO reply (id, session_id, chat_id, reply_to, body, created_at) VALUES (@id, @session, @chat, @to, @body, @now)",
            ("@id", id),
            ("@session", session.ToString()),
            ("@chat", chatId),
            ("@to", replyTo),
            ("@body", Packed.Pack(text)),
            ("@now", turn.NowMs));

    public static ToolOutcome Refuse(string sentence) => new(true, sentence);

    /// <summary>Acts, unless this client has made this very call before: then it gets what came of it then.</summary>
    public static Task<ToolOutcome> OnceAsync(Engine engine, ToolCall call, Func<Turn, Task<ToolOutcome>> act, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await turn.Db.NumberAsync("SELECT epoch FROM session WHERE id = @session" + engine.LockRow, ("@session", call.Session.ToString()));
                var key = ("@mcp", (object?)call.McpSession);
                var request = ("@request", (object?)call.RequestId);
                if (await turn.Db.NumberAsync("SELECT 1 FROM mcp_session WHERE id = @mcp" + engine.ShareRow, key) is null)
                {
                    return Refuse("Nothing was sent: this client's access has ended. Run cluster doctor in a terminal.");
                }

                var first = await turn.Db.RowAsync(
                    "SELECT arguments_hash, result, call_id FROM tool_call WHERE mcp_session = @mcp AND request_id = @request AND created_at > @before",
                    r => new { Hash = r.GetString(0), Result = r.GetString(1), CallId = r.NumberOrNull(2) },
                    key,
                    request,
                    ("@before", (turn.Now - Remembered).ToUnixTimeMilliseconds()));
                if (first is not null)
                {
                    return first.Hash == call.ArgumentsHash
                        ? new ToolOutcome(false, first.Result) { CallId = first.CallId }
                        : Refuse($"JSON-RPC id {call.RequestId} was used for another call within ten minutes; nothing was done.");
                }

                var outcome = await act(turn);
                if (!outcome.Refused)
                {
                    await turn.Db.ExecuteAsync(
                        """
                        INSERT INTO tool_call (mcp_session, request_id, arguments_hash, result, call_id, created_at)
                        VALUES (@mcp, @request, @hash, @result, @call, @now)
                        ON CONFLICT (mcp_session, request_id) DO UPDATE
                        SET arguments_hash = excluded.arguments_hash, result = excluded.result, call_id = excluded.call_id, created_at = excluded.created_at
                        """,
                        key,
                        request,
                        ("@hash", call.ArgumentsHash),
                        ("@result", outcome.Text),
                        ("@call", outcome.CallId),
                        ("@now", turn.NowMs));
                }

                return outcome;
            },
            ct);
}
