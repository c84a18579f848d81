using Cluster.Core.Sessions;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Mailboxes;

/// <summary>One stream asks how things stand.</summary>
internal readonly record struct Look(SessionId Session, string McpSession, string Stream, long Epoch);

/// <summary>How things stand for many streams, by one journey.</summary>
internal sealed class PostgresLooks(PostgresEngine engine)
{
    public Task<IReadOnlyList<StreamOutlook>> LookAsync(IReadOnlyList<Look> looks, CancellationToken ct) =>
        engine.ReadAsync<IReadOnlyList<StreamOutlook>>(
            async db => await db.RowsAsync(
                Outlook,
                MailboxStore.ReadOutlook,
                ("@sessions", looks.Select(look => look.Session.ToString()).ToArray()),
                ("@mcps", looks.Select(look => look.McpSession).ToArray()),
                ("@streams", looks.Select(look => look.Stream).ToArray()),
                ("@epochs", looks.Select(look => look.Epoch).ToArray()),
                ("@now", engine.Clock.GetUtcNow().ToUnixTimeMilliseconds())),
            ct);

    // To a paused session only verdicts go, which are among the first.
    // With a limit of their own, since EXISTS may be answered by hashing everything that waits in the whole cluster.
    private const string Outlook = """
        SELECT m.id IS NOT NULL,
          m.id IS NOT NULL AND m.stream IS NOT NULL AND m.stream <> asked.stream,
          s.id IS NOT NULL AND m.stream IS NOT NULL AND m.stream = asked.stream,
          (SELECT 1 FROM delivery d WHERE d.session_id = asked.session_id AND d.state IN ('queued', 'sent') AND d.priority >= 0
            AND (d.state = 'queued' OR d.epoch < asked.epoch) AND d.priority <= CASE WHEN s.paused_until > @now THEN 0 ELSE 9 END
            AND (s.paused_until IS NULL OR s.paused_until <= @now OR (SELECT e.kind FROM event e WHERE e.id = d.event_id) = 'verdict')
            ORDER BY d.priority, d.event_id LIMIT 1) IS NOT NULL,
          (SELECT 1 FROM delivery d WHERE d.session_id = asked.session_id AND d.epoch = asked.epoch AND d.state = 'sent' AND d.epoch > 0 LIMIT 1) IS NOT NULL
        FROM unnest(@sessions, @mcps, @streams, @epochs) WITH ORDINALITY AS asked (session_id, mcp, stream, epoch, place)
        LEFT JOIN mcp_session m ON m.id = asked.mcp
        LEFT JOIN session s ON s.id = asked.session_id AND s.epoch = asked.epoch
        ORDER BY asked.place
        """;
}
