using Cluster.Storage.Engines;

namespace Cluster.Storage.Watches;

/// <summary>Where an event that is looked after came from: its route is one of the owner of its source, whoever's session it was sent to.</summary>
internal sealed record WatchedOrigin(string Route, string Source, string Path, string Owner)
{
    /// <summary>Null when its source is gone, whatever has the same name by now.</summary>
    public static Task<WatchedOrigin?> FindAsync(EngineConnection db, long eventId) =>
        db.RowAsync(
            """
            SELECT e.route, s.name, s.path, s.owner FROM event e JOIN source s ON s.name = SUBSTR(e.sender, 8) AND s.created_at <= e.created_at
            WHERE e.id = @event AND e.route IS NOT NULL AND e.sender LIKE 'source:%'
            """,
            r => new WatchedOrigin(r.GetString(0), r.GetString(1), r.GetString(2), r.GetString(3)),
            ("@event", eventId));
}
