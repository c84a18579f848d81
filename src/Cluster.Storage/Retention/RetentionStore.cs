using Cluster.Storage.Engines;

namespace Cluster.Storage.Retention;

/// <summary>How long things are kept once they are over.</summary>
public sealed record RetentionTimes
{
    /// <summary>Events, their deliveries, answers and permission requests.</summary>
    public required TimeSpan Events { get; init; }

    public required TimeSpan Audit { get; init; }
}

/// <summary>Forgets what is old, the oldest first, so many rows at once that nobody waits long for the turn.</summary>
public sealed class RetentionStore(RetentionTimes times)
{
    private const int MostRows = 500;
    private const int MostSessions = 200;

    private string _sessionsDone = "";

    /// <returns>How many events and lines of the audit were forgotten; at the most when there are more.</returns>
    public async Task<int> SweepAsync(Turn turn) =>
        await ForgetEventsAsync(turn) + await ForgetAuditAsync(turn) + await ForgetRestAsync(turn);

    // Ids grow with time, so the oldest events stand first. Whatever waits is younger: it waits no longer than a week.
    private async Task<int> ForgetEventsAsync(Turn turn)
    {
        var oldest = await turn.Db.RowsAsync(
            "SELECT id, created_at FROM event ORDER BY id LIMIT @most", r => (Id: r.GetInt64(0), At: r.Time(1)), ("@most", MostRows));
        var over = oldest.TakeWhile(one => one.At < turn.Now - times.Events).ToList();
        if (over.Count == 0)
        {
            return 0;
        }

        return await turn.Db.ExecuteAsync("DELETE FROM event WHERE id <= @last", ("@last", over[^1].Id));
    }

    // What belongs to events that are forgotten. Deliveries stand by session: a few sessions with every turn, round and round. An event
    // below the least that is seen may be committed just now, so what is young stays whatever its id.
    private async Task<int> ForgetRestAsync(Turn turn)
    {
        var sessions = await turn.Db.RowsAsync(
            "SELECT id FROM session WHERE id > @after ORDER BY id LIMIT @most",
            r => r.GetString(0),
            ("@after", _sessionsDone),
            ("@most", MostSessions));
        if (await turn.Db.NumberAsync("SELECT MIN(id) FROM event") is { } least)
        {
            var below = ("@least", (object?)least);
            var before = ("@before", (object?)(turn.Now - times.Events).ToUnixTimeMilliseconds());
            await turn.Db.ExecuteAsync("DELETE FROM event_note WHERE event_id < @least AND at < @before", below, before);
            await turn.Db.ExecuteAsync("DELETE FROM replay WHERE event_id < @least AND at < @before", below, before);
            await turn.Db.ExecuteAsync("DELETE FROM reply WHERE id < @least AND created_at < @before", below, before);
            await turn.Db.ExecuteAsync("DELETE FROM permission_request WHERE id < @least AND created_at < @before", below, before);
            foreach (var session in sessions)
            {
                await turn.Db.ExecuteAsync(
                    "DELETE FROM delivery WHERE session_id = @session AND event_id < @least AND queued_at < @before",
                    ("@session", session),
                    below,
                    before);
            }
        }

        _sessionsDone = sessions.Count < MostSessions ? "" : sessions[^1];
        return 0;
    }

    private async Task<int> ForgetAuditAsync(Turn turn)
    {
        var oldest = await turn.Db.RowsAsync(
            "SELECT id, at FROM audit ORDER BY id LIMIT @most", r => (Id: r.GetInt64(0), At: r.Time(1)), ("@most", MostRows));
        var over = oldest.TakeWhile(one => one.At < turn.Now - times.Audit).ToList();
        return over.Count == 0 ? 0 : await turn.Db.ExecuteAsync("DELETE FROM audit WHERE id <= @last", ("@last", over[^1].Id));
    }
}
