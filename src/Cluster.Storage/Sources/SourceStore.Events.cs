using Cluster.Storage.Engines;

namespace Cluster.Storage.Sources;

public sealed partial class SourceStore
{
    /// <summary>The event that one of these dedupe keys stands for; null for one that never came, or long ago.</summary>
    public Task<long?> KnowsAsync(IReadOnlyList<string> keys, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.NumberAsync(
                "SELECT MIN(event_id) FROM dedupe WHERE key IN (@first, @last) AND expires_at > @now",
                ("@first", keys[0]),
                ("@last", keys[^1]),
                ("@now", engine.Clock.GetUtcNow().ToUnixTimeMilliseconds())),
            ct);

    /// <summary>Lets these dedupe keys stand for an event that has entered under others.</summary>
    /// <param name="keys">One or two.</param>
    /// <param name="eventId">The event.</param>
    /// <param name="kept">How long the first is known.</param>
    /// <param name="secondKept">How long the second is.</param>
    /// <param name="ct">Cancels the wait.</param>
    public Task MarkAsync(IReadOnlyList<string> keys, long eventId, TimeSpan kept, TimeSpan secondKept, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                foreach (var key in keys.Order(StringComparer.Ordinal))
                {
                    await turn.Db.ExecuteAsync(
                        "INSERT INTO dedupe (key, event_id, expires_at) VALUES (@key, @event, @expires) ON CONFLICT (key) DO NOTHING",
                        ("@key", key),
                        ("@event", eventId),
                        ("@expires", (turn.Now + (key == keys[0] ? kept : secondKept)).ToUnixTimeMilliseconds()));
                }

                return true;
            },
            ct);

    /// <summary>The event that one of these dedupe keys stands for, and how far it came to its session.</summary>
    public Task<EnteredEvent?> EnteredAsync(string source, IReadOnlyList<string> keys, CancellationToken ct) =>
        engine.ReadAsync(
            async db =>
            {
                foreach (var key in keys)
                {
                    if (await db.RowAsync(
                        """
                        SELECT d.event_id, v.state, v.reason, v.session_id, e.route
                        FROM dedupe d JOIN event e ON e.id = d.event_id JOIN delivery v ON v.event_id = d.event_id AND v.session_id IN (
                          SELECT session_id FROM route WHERE source = @source UNION SELECT session_id FROM route_reach WHERE source = @source)
                        WHERE d.key = @key
                        """,
                        r => new EnteredEvent(r.GetInt64(0), r.GetString(1), r.TextOrNull(2), r.GetString(3), r.TextOrNull(4)),
                        ("@source", source),
                        ("@key", key)) is { } found)
                    {
                        return found;
                    }
                }

                return null;
            },
            ct);
}
