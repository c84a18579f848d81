using Cluster.Chaos.History;

namespace Cluster.Chaos.Scenarios;

internal sealed class R3StoppedEngine : Scenario
{
    private const double Away = 4; // seconds

    public override string Id => "R3";

    public override string Title => "PostgreSQL stopped with -m immediate and started again";

    protected override async Task<Action<RunHistory>> PlayAsync(Stage stage, CancellationToken ct)
    {
        var rounds = stage.Long ? 10 : 1;
        var falls = new List<(TimeSpan Down, TimeSpan Starting, TimeSpan Ready)>();
        for (var i = 0; i < rounds; i++)
        {
            await Stage.PassAsync(2, ct);
            await stage.Postgres.StopImmediatelyAsync(ct);
            var down = RunClock.Now;
            await Stage.PassAsync(Away, ct);
            var starting = RunClock.Now;
            await stage.Postgres.StartAgainAsync(ct);
            falls.Add((down, starting, RunClock.Now));
            await Stage.PassAsync(5, ct);
        }

        return history =>
        {
            var meanwhile = falls.SelectMany(f => history.Tries.Where(t => t.SubmittedAt >= f.Down && t.AnsweredAt <= f.Starting)).ToList();
            stage.Verdict.Note($"away for {Away:0} s x {rounds}");
            stage.Verdict.Promise($"2xx meanwhile {meanwhile.Count(t => t.Accepted)}", !meanwhile.Exists(t => t.Accepted));
            stage.Verdict.Note($"answered meanwhile: {Measures.Statuses(meanwhile)}");
            stage.Verdict.AtMost("first success after ready", falls.Max(f => Measures.FirstSuccess(history.Tries, f.Ready)), 5);
            stage.Verdict.Note($"every session reads again after {falls.Max(f => Measures.Delivery(history, f.Ready)).TotalSeconds:0.0} s");
        };
    }
}
