using Cluster.Core.Api;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Nodes;

/// <summary>The nodes of the cluster, as they say themselves and as their silence tells.</summary>
public sealed class NodeStore(Engine engine)
{
    /// <summary>A node that has not been heard of for this long is dead.</summary>
    public static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(12);

    /// <summary>Says that this node lives, and how many here look on.</summary>
    public async Task BeatAsync(string name, string version, CancellationToken ct)
    {
        await engine.TurnAsync(
            turn => turn.Db.ExecuteAsync(
                $"""
                INSERT INTO node (id, name, version, started_at, seen_at, onlookers) VALUES (@id, @name, @version, @now, {engine.NowSql}, @onlookers)
                ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, onlookers = excluded.onlookers
                """,
                ("@id", engine.NodeId),
                ("@name", name),
                ("@version", version),
                ("@now", turn.NowMs),
                ("@onlookers", engine.Wakeups.Onlookers)),
            ct);
        if (engine is PostgresEngine postgres)
        {
            await postgres.SetClockAsync(ct);
        }
    }

    /// <summary>Takes this node out of the cluster, with what is left of its streams.</summary>
    public Task LeaveAsync(CancellationToken ct) => engine.TurnAsync(turn => ForgetAsync(turn, [engine.NodeId]), ct);

    /// <summary>All nodes, the oldest first.</summary>
    public Task<List<NodeInfo>> ListAsync(CancellationToken ct) =>
        engine.ReadAsync(
            async db =>
            {
                var leases = await db.RowsAsync(
                    $"SELECT holder, name FROM lease WHERE expires_at > {engine.NowSql} ORDER BY name", r => (Holder: r.GetString(0), Name: r.GetString(1)));
                return await db.RowsAsync(
                    $"""
                    SELECT n.id, n.name, n.version, n.started_at, {engine.NowSql} - n.seen_at,
                      (SELECT COUNT(*) FROM mcp_session m WHERE m.node = n.id AND m.stream IS NOT NULL)
                    FROM node n ORDER BY n.started_at, n.id
                    """,
                    r => new NodeInfo
                    {
                        Id = r.GetString(0),
                        Name = r.GetString(1),
                        Version = r.GetString(2),
                        StartedAt = r.Time(3),
                        HeartbeatAgeSeconds = Math.Max(0, r.GetInt64(4)) / 1000.0,
                        Attachments = (int)r.GetInt64(5),
                        Leases = [.. leases.Where(lease => lease.Holder == r.GetString(0)).Select(lease => lease.Name)],
                        Here = r.GetString(0) == engine.NodeId,
                    });
            },
            ct);

    /// <summary>Forgets nodes that are dead, so that their clients' older ones are promoted; also what a node had opened after it was
    /// forgotten, and before it could say that it lives, when it then died.</summary>
    /// <returns>How many.</returns>
    public async Task<int> SweepAsync(Turn turn)
    {
        var dead = await turn.Db.RowsAsync(
            $"SELECT id FROM node WHERE seen_at < {engine.NowSql} - @silent",
            r => r.GetString(0),
            ("@silent", (long)DeadAfter.TotalMilliseconds));
        await CloseStreamsAsync(
            turn,
            "seen_at < @before AND NOT EXISTS (SELECT 1 FROM node WHERE node.id = mcp_session.node)",
            ("@before", (turn.Now - DeadAfter).ToUnixTimeMilliseconds()));
        return await ForgetAsync(turn, dead);
    }

    private static async Task<int> ForgetAsync(Turn turn, List<string> nodes)
    {
        foreach (var node in nodes)
        {
            await CloseStreamsAsync(turn, "node = @node", ("@node", node));
            await turn.Db.ExecuteAsync("DELETE FROM node WHERE id = @node", ("@node", node));
        }

        return nodes.Count;
    }

    // In the order in which sending to many streams holds these rows.
    private static async Task CloseStreamsAsync(Turn turn, string which, (string, object?) value)
    {
        var sessions = await turn.Db.RowsAsync(
            $"""
            UPDATE mcp_session SET stream = NULL, node = NULL, stream_closed_at = @now, seen_at = @now WHERE id IN (
              SELECT id FROM mcp_session WHERE stream IS NOT NULL AND {which} ORDER BY id{turn.Engine.LockRow})
            RETURNING session_id
            """,
            r => r.GetString(0),
            ("@now", turn.NowMs),
            value);
        foreach (var session in sessions)
        {
            turn.Wake(session);
        }
    }
}
