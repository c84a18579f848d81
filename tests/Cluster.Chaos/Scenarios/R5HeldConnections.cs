using Cluster.Chaos.History;
using Npgsql;

namespace Cluster.Chaos.Scenarios;

internal sealed class R5HeldConnections : Scenario
{
    public override string Id => "R5";

    public override string Title => "all pool connections held, by an outside lock on the tables that every call needs";

    protected override async Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct)
    {
        var seconds = stage.Long ? 60 : 10;
        await Stage.PassAsync(2, ct);
        TimeSpan held, released;
        await using (var connection = await stage.Cluster.Database.OpenConnectionAsync(ct))
        {
            await using var transaction = await LockAsync(connection, ct);
            held = RunClock.Now;
            await Stage.PassAsync(seconds, ct);
            released = RunClock.Now;
            await transaction.RollbackAsync(ct);
        }

        await Stage.PassAsync(5, ct);
        return history =>
        {
            var meanwhile = history.Tries.Where(t => t.SubmittedAt >= held && t.AnsweredAt <= released).ToList();
            stage.Verdict.Note($"held {seconds} s");
            stage.Verdict.Promise($"2xx meanwhile {meanwhile.Count(t => t.Accepted)}", !meanwhile.Exists(t => t.Accepted));
            stage.Verdict.Promise(
                $"refusals: {Measures.Refusals(history.Tries)} (503, or slow beyond the sender's 10 s)",
                history.Tries.All(t => t.Accepted || t.Status is 503 or 0));
            stage.Verdict.AtMost("first success after release", Measures.FirstSuccess(history.Tries, released), 2);
            stage.Verdict.AtMost("last refusal after release", Measures.LastRefusal(history.Tries, released), 2);
            stage.Verdict.Note($"every session reads again after {Measures.Delivery(history, released).TotalSeconds:0.0} s");
        };
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
