using System.Data.Common;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;
using Npgsql;
using NpgsqlTypes;

namespace Cluster.Storage.Mailboxes;

/// <summary>One stream asks for its next batch.</summary>
/// <param name="Session">The session.</param>
/// <param name="McpSession">The MCP session that is attached; a verdict goes only to the one that asked for it.</param>
/// <param name="Id">The attachment's epoch, and the number that this batch shall have under it.</param>
internal readonly record struct Take(SessionId Session, string McpSession, BatchId Id);

/// <summary>
/// Batches for many streams by two journeys. The first looks, without locks, at what waits; then every delivery is judged; the second
/// marks as sent what is still as it was seen: under the same epoch, not paused, for an MCP session that has not ended, on the same
/// version of the allowlist. Only marked rows are written to a client. A stream with anything that does not simply go out (a verdict,
/// somebody revoked, something expired) is left to a turn of its own.
/// </summary>
internal sealed class PostgresTakes(PostgresEngine engine)
{
    private readonly Dictionary<SessionId, AccessList> _known = [];

    private const int MostKnown = 20_000; // allowlists

    /// <returns>Null for those that need a turn.</returns>
    public async Task<IReadOnlyList<NextBatch?>> TakeAsync(IReadOnlyList<Take> takes, CancellationToken ct)
    {
        var outcomes = new NextBatch?[takes.Count];
        var seen = await LookAsync(takes, outcomes, ct);
        var going = new List<(int Place, Delivery Delivery, long Version)>();
        foreach (var (place, waiting, version) in seen)
        {
            if (waiting.Count == 0)
            {
                outcomes[place] = new NextBatch.Empty();
            }
            else if (await KnownAsync(takes[place].Session, version, ct) is { } access && MaySimplyGo(waiting, access))
            {
                var length = 0;
                going.AddRange(waiting
                    .TakeWhile(w => length <= MailboxStore.MaxBatchLength && (length += w.Delivery.Body.Length) >= 0)
                    .Select(w => (place, w.Delivery, version)));
            }
        }

        if (going.Count > 0)
        {
            await SendAsync(takes, going, outcomes, ct);
        }

        return outcomes;
    }

    private bool MaySimplyGo(List<(Delivery Delivery, DateTimeOffset ExpiresAt)> waiting, AccessList access)
    {
        var now = engine.Clock.GetUtcNow();
        return waiting.TrueForAll(w => w.Delivery.Kind != EventKind.Verdict
            && DeliveryRules.Judge(w.Delivery.Kind, w.Delivery.Sender, w.ExpiresAt, access, now) is Judgement.Send);
    }

    private async Task<List<(int Place, List<(Delivery Delivery, DateTimeOffset ExpiresAt)> Waiting, long Version)>> LookAsync(
        IReadOnlyList<Take> takes, NextBatch?[] outcomes, CancellationToken ct)
    {
        var seen = new List<(int Place, List<(Delivery Delivery, DateTimeOffset ExpiresAt)> Waiting, long Version)>(takes.Count);
        var unreadable = new HashSet<int>();
        await engine.ReadAsync(
            async db =>
            {
                seen.Clear();
                await db.RowsAsync(
                    Look,
                    r =>
                    {
                        var place = (int)r.GetInt64(0) - 1;
                        if (!r.GetBoolean(1))
                        {
                            outcomes[place] = new NextBatch.Stale();
                        }
                        else if (r.GetBoolean(2))
                        {
                            outcomes[place] = new NextBatch.Unconfirmed();
                        }
                        else
                        {
                            if (seen is [] || seen[^1].Place != place)
                            {
                                seen.Add((place, [], r.GetInt64(3)));
                            }

                            try
                            {
                                if (!r.IsDBNull(4))
                                {
                                    seen[^1].Waiting.Add(MailboxStore.ReadWaiting(r, 4));
                                }
                            }
                            catch (Exception e) when (e is not DbException)
                            {
                                unreadable.Add(place); // damaged: in a turn of its own this stream fails alone
                            }
                        }

                        return true;
                    },
                    ("@sessions", takes.Select(take => take.Session.ToString()).ToArray()),
                    ("@mcps", takes.Select(take => take.McpSession).ToArray()),
                    ("@epochs", takes.Select(take => take.Id.Epoch).ToArray()),
                    ("@now", engine.Clock.GetUtcNow().ToUnixTimeMilliseconds()),
                    ("@limit", BatchId.MaxDeliveries));
                return true;
            },
            ct);
        seen.RemoveAll(one => unreadable.Contains(one.Place));
        return seen;
    }

    private async Task<AccessList?> KnownAsync(SessionId session, long version, CancellationToken ct)
    {
        if (!_known.TryGetValue(session, out var access) || access.Version != version)
        {
            if (await engine.ReadAsync(db => AccessStore.FindAsync(db, session), ct) is not { } found || found.Version != version)
            {
                return null; // it changes at this moment
            }

            if (_known.Count >= MostKnown)
            {
                _known.Clear();
            }

            _known[session] = access = found;
        }

        return access;
    }

    private async Task SendAsync(
        IReadOnlyList<Take> takes, List<(int Place, Delivery Delivery, long Version)> going, NextBatch?[] outcomes, CancellationToken ct)
    {
        var sent = new HashSet<(string, long)>();
        await engine.BatchAsync(
            async batch =>
            {
                var sessions = going.Select(go => takes[go.Place].Session.ToString()).Distinct().ToArray();
                var mcps = going.Select(go => takes[go.Place].McpSession).Distinct().ToArray();
                foreach (var (hold, ids) in new[] { (HoldSessions, sessions), (HoldMcpSessions, mcps), (HoldAccess, sessions) })
                {
                    batch.BatchCommands.Add(new NpgsqlBatchCommand(hold) { Parameters = { Array(ids, NpgsqlDbType.Text) } });
                }

                batch.BatchCommands.Add(new NpgsqlBatchCommand(Send)
                {
                    Parameters =
                    {
                        Array(going.Select(go => takes[go.Place].Session.ToString()).ToArray(), NpgsqlDbType.Text),
                        Array(going.Select(go => go.Delivery.EventId).ToArray(), NpgsqlDbType.Bigint),
                        Array(going.Select(go => takes[go.Place].Id.Epoch).ToArray(), NpgsqlDbType.Bigint),
                        Array(going.Select(go => takes[go.Place].Id.Batch).ToArray(), NpgsqlDbType.Bigint),
                        Array(going.Select(go => go.Version).ToArray(), NpgsqlDbType.Bigint),
                        Array(going.Select(go => takes[go.Place].McpSession).ToArray(), NpgsqlDbType.Text),
                        new() { Value = engine.Clock.GetUtcNow().ToUnixTimeMilliseconds(), NpgsqlDbType = NpgsqlDbType.Bigint },
                    },
                });
                await using var reader = await batch.ExecuteReaderAsync(ct);
                for (var held = 1; held < batch.BatchCommands.Count; held++)
                {
                    await reader.NextResultAsync(ct);
                }

                while (await reader.ReadAsync(ct))
                {
                    sent.Add((reader.GetString(0), reader.GetInt64(1)));
                }

                return true;
            },
            ct);

        foreach (var group in going.GroupBy(go => go.Place))
        {
            var take = takes[group.Key];
            var deliveries = group.Select(go => go.Delivery).Where(d => sent.Contains((take.Session.ToString(), d.EventId))).ToList();

            // Nothing marked: the epoch, the MCP session or the allowlist has changed since the look, and a turn finds out which.
            outcomes[group.Key] = deliveries.Count > 0 ? new NextBatch.Ready(take.Id, deliveries) : null;
        }

        engine.Raise([], sent.Select(one => one.Item1).ToHashSet());
    }

    private static NpgsqlParameter Array(object values, NpgsqlDbType type) => new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | type };

    private const string Look = """
        SELECT asked.place, s.id IS NOT NULL AND m.id IS NOT NULL,
          unconfirmed.any IS NOT NULL, COALESCE(a.version, -1),
          w.event_id, w.kind, w.sender, w.chat_id, w.trust, w.body, w.created_at, w.attempts, w.expires_at
        FROM unnest(@sessions, @mcps, @epochs) WITH ORDINALITY AS asked (session_id, mcp, epoch, place)
        LEFT JOIN session s ON s.id = asked.session_id AND s.epoch = asked.epoch
        LEFT JOIN mcp_session m ON m.id = asked.mcp
        LEFT JOIN access a ON a.session_id = asked.session_id
        LEFT JOIN LATERAL (
          SELECT 1 AS any FROM delivery d
          WHERE d.session_id = asked.session_id AND d.epoch = asked.epoch AND d.state = 'sent' AND d.epoch > 0 LIMIT 1) AS unconfirmed ON true
        LEFT JOIN LATERAL (
          SELECT d.event_id, e.kind, e.sender, e.chat_id, e.trust, e.body, e.created_at, d.attempts, d.expires_at, d.priority
          FROM delivery d JOIN event e ON e.id = d.event_id
          WHERE unconfirmed.any IS NULL
            AND d.session_id = asked.session_id AND d.state IN ('queued', 'sent') AND d.priority >= 0 AND (d.state = 'queued' OR d.epoch < asked.epoch)
            AND d.priority <= CASE WHEN s.paused_until > @now THEN 0 ELSE 9 END
            AND (s.paused_until IS NULL OR s.paused_until <= @now OR e.kind = 'verdict')
          ORDER BY d.priority, d.event_id LIMIT @limit) AS w ON true
        ORDER BY asked.place, w.priority, w.event_id
        """;

    private const string HoldSessions = "SELECT epoch FROM session WHERE id = ANY($1) ORDER BY id FOR SHARE";

    private const string HoldMcpSessions = "SELECT id FROM mcp_session WHERE id = ANY($1) ORDER BY id FOR SHARE";

    private const string HoldAccess = "SELECT version FROM access WHERE session_id = ANY($1) ORDER BY session_id FOR SHARE";

    private const string Send = """
        UPDATE delivery d SET state = 'sent', epoch = go.epoch, batch = go.batch, attempts = d.attempts + 1, sent_at = $7
        FROM unnest($1, $2, $3, $4, $5, $6) AS go (session_id, event_id, epoch, batch, version, mcp)
        JOIN session s ON s.id = go.session_id AND s.epoch = go.epoch AND (s.paused_until IS NULL OR s.paused_until <= $7)
        JOIN mcp_session m ON m.id = go.mcp
        JOIN access a ON a.session_id = go.session_id AND a.version = go.version
        WHERE d.session_id = go.session_id AND d.event_id = go.event_id
          AND d.state IN ('queued', 'sent') AND (d.state = 'queued' OR d.epoch < go.epoch)
        RETURNING d.session_id, d.event_id
        """;
}
