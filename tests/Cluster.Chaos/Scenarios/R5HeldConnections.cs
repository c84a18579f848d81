using Npgsql;

namespace Cluster.Chaos.Scenarios;

internal sealed class R5HeldConnections : Scenario
{
    public override string Id => "R5";

    public override string Title => "all pool connections held, by an outside lock on the tables that every call needs";

    protected override async Task PlayAsync(Stage stage, CancellationToken ct)
    {
        var seconds = stage.Long ? 60 : 10;
        await Stage.PassAsync(2, ct);
        TimeSpan held, released;
        await using (var connection = await stage.Cluster.Database.OpenConnectionAsync(ct))
        {
            await using var transaction = await LockAsync(connection, ct);
            held = RunClock.Now;
            await Stage.PassAsync(seconds, ct);
            await transaction.RollbackAsync(ct);
            released = RunClock.Now;
        }

        await Stage.PassAsync(5, ct);
        var history = await stage.HistoryAsync(ct);
        var meanwhile = history.Tries.Where(t => t.SubmittedAt >= held && t.AnsweredAt <= released).ToList();
        var after = history.Tries.Where(t => t.AnsweredAt > released).ToList();
        var refusals = history.Tries.Where(t => t.AnsweredAt >= held && !t.Accepted).ToList();
        stage.Verdict.Note($"held {seconds} s");
        stage.Verdict.Promise($"2xx meanwhile {meanwhile.Count(t => t.Accepted)}", !meanwhile.Any(t => t.Accepted));
        stage.Verdict.Promise(
            $"refusals: {Measures.Statuses(refusals)} (503, or slow beyond the sender's 10 s)", refusals.All(t => t.Status is 503 or 0));
        stage.Verdict.AtMost(
            "first success after release", after.Where(t => t.Accepted).Select(t => t.AnsweredAt - released).DefaultIfEmpty(TimeSpan.MaxValue).Min(), 1);
        stage.Verdict.AtMost("last refusal after release", after.Where(t => !t.Accepted).Select(t => t.AnsweredAt - released).Append(TimeSpan.Zero).Max(), 1);
        stage.Verdict.Note($"every session reads again after {Measures.Delivery(history, released).TotalSeconds:0.0} s");
    }

    // The nodes lock in other orders, so it may take more than one try.
    private static async Task<NpgsqlTransaction> LockAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        while (true)
        {
            var transaction = await connection.BeginTransactionAsync(ct);
            try
            {
                await using var command = new NpgsqlCommand("LOCK TABLE session, delivery, event IN ACCESS EXCLUSIVE MODE", connection, transaction);
                await command.ExecuteNonQueryAsync(ct);
                return transaction;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected)
            {
                await transaction.DisposeAsync();
            }
        }
    }
}
