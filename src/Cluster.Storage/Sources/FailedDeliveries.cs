using Cluster.Core.Webhooks.GitHub;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Sources;

/// <summary>A delivery that failed, and how often it was asked for.</summary>
public sealed record FailedDelivery(string Delivery, long Attempt, int Asked, DateTimeOffset Due);

/// <summary>What failed of each source that catches up, from when it is listed until it has entered or is given up. What was given up is kept for a
/// while, so that it can be told.</summary>
public static class FailedDeliveries
{
    // An outage in front of the nodes may last: all asks together reach over most of the three days that GitHub repeats a delivery.
    private static readonly TimeSpan[] Waits =
        [TimeSpan.FromMinutes(5), TimeSpan.FromHours(1), TimeSpan.FromHours(6), TimeSpan.FromHours(24), TimeSpan.FromHours(24), TimeSpan.FromHours(1)];

    /// <summary>How often a delivery is asked for again at the most.</summary>
    public static int MostAsked => Waits.Length;

    /// <param name="turn">Under the lease.</param>
    /// <param name="job">The source.</param>
    /// <param name="failed">The latest attempts of deliveries that failed.</param>
    /// <param name="now">The time.</param>
    public static async Task<bool> NoteAsync(Turn turn, CatchUpJob job, IEnumerable<HookDelivery> failed, DateTimeOffset now)
    {
        if (!await CatchUpStore.HoldAsync(turn, job))
        {
            return false;
        }

        foreach (var one in failed)
        {
            await turn.Db.ExecuteAsync(
                """
                INSERT INTO source_redelivery (source, delivery, attempt, failed_at, asked, due, given_up)
                VALUES (@source, @delivery, @attempt, @at, 0, @now, 0)
                ON CONFLICT (source, delivery) DO UPDATE SET attempt = excluded.attempt WHERE source_redelivery.attempt < excluded.attempt
                """,
                ("@source", job.Source),
                ("@delivery", one.Delivery),
                ("@attempt", one.Id),
                ("@at", one.At.ToUnixTimeMilliseconds()),
                ("@now", now.ToUnixTimeMilliseconds()));
        }

        return true;
    }

    /// <summary>Deliveries of these have arrived.</summary>
    public static async Task ArrivedAsync(Turn turn, CatchUpJob job, IReadOnlySet<string> arrived)
    {
        var known = await turn.Db.RowsAsync("SELECT delivery FROM source_redelivery WHERE source = @source", r => r.GetString(0), ("@source", job.Source));
        foreach (var delivery in known.Where(arrived.Contains))
        {
            await EnteredAsync(turn, job, delivery);
        }
    }

    public static async Task<bool> EnteredAsync(Turn turn, CatchUpJob job, string delivery) =>
        await CatchUpStore.HoldAsync(turn, job)
            && await turn.Db.ExecuteAsync(
                "DELETE FROM source_redelivery WHERE source = @source AND delivery = @delivery", ("@source", job.Source), ("@delivery", delivery)) > 0;

    /// <summary>Counts an ask before it is made; false when it is counted already, or the setting is another one by now.</summary>
    public static async Task<bool> CountAsync(Turn turn, CatchUpJob job, FailedDelivery failed, DateTimeOffset now) =>
        failed.Asked < MostAsked && await SetAsync(turn, job, failed.Delivery, failed.Asked, failed.Asked + 1, now + Waits[failed.Asked]);

    /// <summary>GitHub refused the ask that was counted.</summary>
    public static Task<bool> TakeBackAsync(Turn turn, CatchUpJob job, FailedDelivery failed) =>
        SetAsync(turn, job, failed.Delivery, failed.Asked + 1, failed.Asked, failed.Due);

    public static async Task<bool> GiveUpAsync(Turn turn, CatchUpJob job, string delivery) =>
        await CatchUpStore.HoldAsync(turn, job)
            && await turn.Db.ExecuteAsync(
                "UPDATE source_redelivery SET given_up = 1 WHERE source = @source AND delivery = @delivery", ("@source", job.Source), ("@delivery", delivery)) > 0;

    internal static Task<List<FailedDelivery>> DueAsync(EngineConnection db, string source, DateTimeOffset now, int most) =>
        db.RowsAsync(
            """
            SELECT delivery, attempt, asked, due FROM source_redelivery
            WHERE source = @source AND given_up = 0 AND due <= @now ORDER BY failed_at, attempt LIMIT @most
            """,
            r => new FailedDelivery(r.GetString(0), r.GetInt64(1), (int)r.GetInt64(2), r.Time(3)),
            ("@source", source),
            ("@now", now.ToUnixTimeMilliseconds()),
            ("@most", most));

    /// <summary>What the operator has mended may work now: what GitHub still repeats is asked for at once.</summary>
    internal static Task BeginAnewAsync(Turn turn, string source) =>
        turn.Db.ExecuteAsync(
            "UPDATE source_redelivery SET asked = 0, due = @now, given_up = 0 WHERE source = @source AND failed_at >= @oldest",
            ("@source", source),
            ("@now", turn.NowMs),
            ("@oldest", Before(turn, HookDelivery.Redeliverable)));

    /// <returns>When the oldest of them failed.</returns>
    internal static async Task<long?> ForgetAsync(Turn turn, string source)
    {
        var failed = await turn.Db.RowsAsync("DELETE FROM source_redelivery WHERE source = @source RETURNING failed_at", r => r.GetInt64(0), ("@source", source));
        return failed.Count > 0 ? failed.Min() : null;
    }

    /// <summary>What GitHub repeats no more is given up, and forgotten after as long again.</summary>
    internal static async Task AgeAsync(Turn turn, string source)
    {
        await turn.Db.ExecuteAsync(
            "UPDATE source_redelivery SET given_up = 1 WHERE source = @source AND given_up = 0 AND failed_at < @old",
            ("@source", source),
            ("@old", Before(turn, HookDelivery.Redeliverable)));
        await turn.Db.ExecuteAsync(
            "DELETE FROM source_redelivery WHERE source = @source AND failed_at < @old", ("@source", source), ("@old", Before(turn, 2 * HookDelivery.Redeliverable)));
    }

    private static long Before(Turn turn, TimeSpan time) => (turn.Now - time).ToUnixTimeMilliseconds();

    private static async Task<bool> SetAsync(Turn turn, CatchUpJob job, string delivery, int from, int to, DateTimeOffset due) =>
        await CatchUpStore.HoldAsync(turn, job)
            && await turn.Db.ExecuteAsync(
                """
                UPDATE source_redelivery SET asked = @to, due = @due
                WHERE source = @source AND delivery = @delivery AND asked = @from AND given_up = 0
                """,
                ("@source", job.Source),
                ("@delivery", delivery),
                ("@from", from),
                ("@to", to),
                ("@due", due.ToUnixTimeMilliseconds())) > 0;
}
