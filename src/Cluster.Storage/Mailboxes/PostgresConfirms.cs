using Cluster.Storage.Engines;

namespace Cluster.Storage.Mailboxes;

/// <summary>Confirms many batches by one statement; verdicts among them count as relayed with it.</summary>
internal static class PostgresConfirms
{
    public static Task<IReadOnlyList<bool>> ConfirmAsync(PostgresEngine engine, IReadOnlyList<Confirmation> confirmations, CancellationToken ct) =>
        // Done again when its connection breaks: a proof that was taken already changes nothing.
        engine.ReadAsync<IReadOnlyList<bool>>(
            async db =>
            {
                var places = await db.RowsAsync(
                    Confirm,
                    r => r.GetInt64(0) - 1,
                    ("@sessions", confirmations.Select(c => c.Session.ToString()).ToArray()),
                    ("@mcps", confirmations.Select(c => c.McpSession).ToArray()),
                    ("@epochs", confirmations.Select(c => c.Batch.Epoch).ToArray()),
                    ("@batches", confirmations.Select(c => c.Batch.Batch).ToArray()),
                    ("@now", engine.Clock.GetUtcNow().ToUnixTimeMilliseconds()));
                var changed = new bool[confirmations.Count];
                var woken = new HashSet<Wake>();
                foreach (var place in places)
                {
                    changed[place] = true;
                    woken.Add(new Wake(confirmations[(int)place].Session.ToString()));
                }

                engine.Raise(woken, []);
                return changed;
            },
            ct);

    // The rows are found before they are written, by the index of what is unconfirmed (OFFSET 0 keeps the two apart): joined at once, the
    // planner would read that index whole.
    private const string Confirm = """
        WITH proven AS MATERIALIZED (
          SELECT proof.place, proof.session_id, proof.epoch, proof.batch, d.event_id
          FROM unnest(@sessions, @mcps, @epochs, @batches) WITH ORDINALITY AS proof (session_id, mcp, epoch, batch, place)
          JOIN attachment a ON a.session_id = proof.session_id AND a.epoch = proof.epoch AND a.mcp_session = proof.mcp
          CROSS JOIN LATERAL (
            SELECT d.event_id FROM delivery d
            WHERE d.session_id = proof.session_id AND d.epoch = proof.epoch AND d.batch = proof.batch AND d.state = 'sent' AND d.epoch > 0
            OFFSET 0) AS d
        ), confirmed AS (
          UPDATE delivery d SET state = 'received', received_at = @now
          FROM proven p
          WHERE d.session_id = p.session_id AND d.event_id = p.event_id AND d.epoch = p.epoch AND d.batch = p.batch AND d.state = 'sent'
          RETURNING p.place, d.event_id, d.priority
        ), relayed AS (
          UPDATE permission_request SET state = 'relayed'
          WHERE state = 'decided' AND event_id IN (SELECT event_id FROM confirmed WHERE priority = 0)
        )
        SELECT DISTINCT place FROM confirmed
        """;
}
