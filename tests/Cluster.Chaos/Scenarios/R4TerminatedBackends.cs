using Cluster.Chaos.History;
using Npgsql;

namespace Cluster.Chaos.Scenarios;

internal sealed class R4TerminatedBackends : Scenario
{
    public override string Id => "R4";

    public override string Title => "pg_terminate_backend on all connections of the nodes twice a second";

    protected override async Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct)
    {
        var seconds = stage.Long ? 60 : 10;
        await Stage.PassAsync(2, ct);
        var begun = RunClock.Now;
        var terminated = 0L;
        using (var timer = new PeriodicTimer(TimeSpan.FromSeconds(0.5)))
        {
            while (RunClock.Now - begun < TimeSpan.FromSeconds(seconds))
            {
                terminated += await TerminateAsync(stage.Cluster.Database, ct);
                await timer.WaitForNextTickAsync(ct);
            }

            terminated += await TerminateAsync(stage.Cluster.Database, ct);
        }

        var ended = RunClock.Now;
        await Stage.PassAsync(4, ct);
        return history =>
        {
            stage.Verdict.Note($"{terminated} connections ended in {seconds} s");
            stage.Verdict.Promise(
                $"refusals: {Measures.Refusals(history.Tries)} (503 only)", history.Tries.All(t => t.Accepted || t.Status == 503));
            stage.Verdict.AtMost("last refusal after", Measures.LastRefusal(history.Tries, ended), 3);
            stage.Verdict.AtMost("every session reads again after", Measures.Delivery(history, ended), 3);
        };
    }

    private static async Task<long> TerminateAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var command = database.CreateCommand("""
            SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name LIKE 'cluster %'
            """);
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }
}
