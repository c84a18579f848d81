using Cluster.Core.Api;
using Cluster.Core.Sessions;

namespace Cluster.Storage.Permissions;

public sealed partial class PermissionStore
{
    /// <summary>The newest requests of a session, newest first.</summary>
    public Task<List<PermissionInfo>> ListAsync(SessionId session, int limit, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync($"{Select} WHERE session_id = @session ORDER BY id DESC LIMIT @limit", Read, ("@session", session.ToString()), ("@limit", limit)),
            ct);

    /// <summary>The requests of a session that wait for an answer, oldest first.</summary>
    public Task<List<PermissionInfo>> ListOpenAsync(SessionId session, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync($"{Select} WHERE session_id = @session AND state = 'open' ORDER BY id", Read, ("@session", session.ToString())), ct);

    /// <summary>These requests, as far as they are still kept, in no order.</summary>
    public async Task<List<PermissionInfo>> FindAllAsync(IReadOnlyList<long> ids, CancellationToken ct)
    {
        var places = ids.Select((id, at) => ($"@id{at}", (object?)id)).ToArray();
        return places.Length == 0
            ? []
            : await engine.ReadAsync(
                db => db.RowsAsync($"{Select} WHERE id IN ({string.Join(", ", places.Select(place => place.Item1))})", Read, places), ct);
    }
}
